/* SPDX-License-Identifier: Apache-2.0 */
/* The small Lab endpoints. */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>

#include "agent/lab.h"
#include "base/file.h"

void lab_listings(struct call *c)
{
	if (!str_is(c->arg[0], "@jupyterlab/extensionmanager-extension/listings.json")) {
		agent_json_error(c->r, 400, NULL, "There is no such listing");
		return;
	}
	http_reply_json(c->r, 200,
	                STR("{\"blocked_extensions_uris\":[],\"allowed_extensions_uris\":[],"
	                    "\"blocked_extensions\":[],\"allowed_extensions\":[]}"));
}

/* No language servers run here; saying so is what keeps the front end quiet. */
void lab_lsp_status(struct call *c)
{
	http_reply_json(c->r, 200, STR("{\"version\":2,\"sessions\":{},\"specs\":{}}"));
}

void lab_build(struct call *c)
{
	http_reply_json(c->r, 200, STR("{\"status\":\"stable\",\"message\":\"\"}"));
}

void lab_build_post(struct call *c)
{
	agent_json_error(c->r, 422, NULL,
	                 "There is nothing to build: extensions come prebuilt");
}

void lab_news(struct call *c)
{
	http_reply_json(c->r, 200, STR("{\"news\":[]}"));
}

void lab_update(struct call *c)
{
	http_reply_json(c->r, 200, STR("{\"notification\":null}"));
}

enum format { AS_JSON, AS_CSV, AS_MARKDOWN };

struct report {
	struct buf out;
	struct arena m;
	enum format format;
	struct str pattern;
	bool full, any;
};

/* The patterns that are used: "", ".*", a name, or "prefix.*". */
static bool wanted(const struct report *r, struct str name)
{
	struct str p = r->pattern;

	if (str_ends(p, STR(".*")))
		return str_starts(name, str_sub(p, 0, p.len - 2));
	return !p.len || str_starts(name, p);
}

static void csv_field(struct buf *b, struct str s)
{
	buf_put_c(b, '"');
	for (size_t i = 0; i < s.len; i++) {
		if (s.ptr[i] == '"')
			buf_put_c(b, '"');
		buf_put_c(b, s.ptr[i]);
	}
	buf_put_c(b, '"');
}

static void put_package(struct report *r, struct str bundle, const struct json *p)
{
	static const char *const fields[] = { "name", "versionInfo", "licenseId",
		                              "extractedText" };
	struct str text = json_str_or(p, "extractedText", STR(""));

	if (r->format == AS_CSV) {
		csv_field(&r->out, bundle);
		for (size_t i = 0; i < ARRAY_LEN(fields); i++) {
			buf_put_c(&r->out, ',');
			csv_field(&r->out, json_str_or(p, fields[i], STR("")));
		}
		buf_put_z(&r->out, "\r\n");
		return;
	}
	buf_printf(&r->out, "## **%.*s**\t`%.*s`\t%.*s\n",
	           STR_ARG(json_str_or(p, "name", STR("UNKNOWN"))),
	           STR_ARG(json_str_or(p, "versionInfo", STR("UNKNOWN"))),
	           STR_ARG(json_str_or(p, "licenseId", STR("UNKNOWN"))));
	if (r->full && text.len) {
		buf_put_z(&r->out, "\n\n<pre/>\n");
		buf_put_str(&r->out, text);
		buf_put_z(&r->out, "\n</pre>\n");
	}
	buf_put_c(&r->out, '\n');
}

static void put_bundle(struct report *r, struct str name, const struct json *packages)
{
	struct jsonw w = JSONW(&r->out);

	if (!wanted(r, name))
		return;
	if (r->format == AS_JSON) {
		if (r->any)
			buf_put_c(&r->out, ',');
		jw_str(&w, name);
		buf_put_z(&r->out, ":{\"packages\":");
		buf_put_str(&r->out, packages ? packages->raw : STR("[]"));
		buf_put_c(&r->out, '}');
	} else {
		if (r->format == AS_MARKDOWN)
			buf_printf(&r->out, "# %.*s\n\n%s", STR_ARG(name),
			           packages && packages->first ? ""
			                                       : "> No licenses found\n\n");
		json_for_each(p, packages) put_package(r, name, p);
	}
	r->any = true;
}

static const struct json *packages_of(struct report *r, const char *dir, const char *file)
{
	char path[PATH_MAX];
	const struct json *p;

	if (snprintf(path, sizeof(path), "%s/%s", dir, file) >= (int)sizeof(path))
		return NULL;
	p = json_get(labconfig_read(&r->m, path), "packages");
	return p && p->type == JSON_ARRAY ? p : NULL;
}

static void on_extension(const struct labext *e, void *arg)
{
	struct report *r = arg;
	const struct json *p = packages_of(r, e->dir, "third-party-licenses.json");

	put_bundle(r, e->name,
	           p ? p : packages_of(r, e->dir, "static/third-party-licenses.json"));
}

static void reply_report(struct call *c, struct report *r)
{
	static const char *const mimes[] = { "application/json", "text/csv", "text/markdown" };
	static const char *const exts[] = { "json", "csv", "md" };
	struct str dl = url_param(&c->r->url, "download");

	http_hdr(c->r, "Content-Type", str_of(mimes[r->format]));
	if (str_is(dl, "1") || str_is(dl, "true"))
		http_hdrf(c->r, "Content-Disposition",
		          "attachment; filename=\"jupyterlab-licenses.%s\"", exts[r->format]);
	http_reply(c->r, buf_error(&r->out) ? 500 : 200, buf_str(&r->out));
}

void lab_licenses(struct call *c)
{
	struct str format = url_param(&c->r->url, "format");
	struct report r = { .out = BUF(16U << 20),
		            .m = ARENA(64U << 20),
		            .pattern = url_param(&c->r->url, "bundles"),
		            .full = !str_is(url_param(&c->r->url, "full_text"), "false") };
	char dir[PATH_MAX];

	if (str_is(format, "csv"))
		r.format = AS_CSV;
	else if (str_is(format, "markdown"))
		r.format = AS_MARKDOWN;
	if (r.format == AS_JSON)
		buf_put_z(&r.out, "{\"bundles\":{");
	else if (r.format == AS_CSV)
		buf_put_z(&r.out, "bundle,name,versionInfo,licenseId,extractedText\r\n");
	if (c->a->cfg->lab &&
	    snprintf(dir, sizeof(dir), "%s/static", c->a->cfg->lab) < (int)sizeof(dir))
		put_bundle(&r, STR("@jupyterlab/application-top"),
		           packages_of(&r, dir, "third-party-licenses.json"));
	labext_each(c, &r.m, on_extension, &r);
	if (r.format == AS_JSON)
		buf_put_z(&r.out, "}}");
	reply_report(c, &r);
	buf_fini(&r.out);
	arena_fini(&r.m);
}
