/* SPDX-License-Identifier: Apache-2.0 */
/* admin catalogue export, diff, apply: the site's types, plans and prices as
 * one file, and what changes in words before it changes. */
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/file.h"
#include "cli/api.h"

#define FILE_MAX ((size_t)1 << 20)

/* --- export --- */

static void indent(struct buf *b, unsigned depth)
{
	buf_put_z(b, "\n");
	while (depth--)
		buf_put_z(b, "  ");
}

/* Lists of words stay on one line. Not deeper than the parser lets anything be. */
static void pretty(struct buf *b, const struct json *v, unsigned depth)
{
	bool object = v->type == JSON_OBJECT,
	     flat = v->type == JSON_ARRAY && (!v->first || v->first->type == JSON_STRING);
	struct jsonw w = JSONW(b);

	if (!object && v->type != JSON_ARRAY) {
		buf_put_str(b, v->raw);
		return;
	}
	buf_put_z(b, object ? "{" : "[");
	json_for_each(it, v)
	{
		if (it != v->first)
			buf_put_z(b, flat ? ", " : ",");
		if (!flat)
			indent(b, depth + 1);
		if (object) {
			w = (struct jsonw)JSONW(b);
			jw_str(&w, it->key);
			buf_put_z(b, ": ");
		}
		pretty(b, it, depth + 1);
	}
	if (v->first && !flat)
		indent(b, depth);
	buf_put_z(b, object ? "}" : "]");
}

static int export(struct cli *c)
{
	struct buf b = BUF(2 * FILE_MAX);
	struct api_reply reply;
	int r = api_get(c, &reply, "/admin/catalogue");

	if (r != CLI_OK)
		return r;
	if (c->json) {
		cli_json(reply.body);
		return CLI_OK;
	}
	pretty(&b, reply.json, 0);
	printf("%s\n", buf_cstr(&b));
	buf_fini(&b);
	return CLI_OK;
}

/* --- use --- */

static void print_prices(struct cli *c, const struct json *of, const char *key)
{
	const struct json *first = json_get(of, "prices");

	json_for_each(it, first && first->first ? first : NULL)
	{
		struct str from = json_str_or(it, "from", STR(""));

		printf("  %s %s%.*s\n", cli_text(c, it, key), from.len ? "since " : "at first",
		       STR_ARG(from));
	}
}

static void print_uses(struct cli *c, const struct json *all, const char *key)
{
	json_for_each(it, json_get(all, key))
	{
		bool offered = true;

		(void)!json_get_bool(it, "offered", &offered);
		printf("%s%s: %s accounts, %s workspaces, %s sessions\n", cli_text(c, it, "id"),
		       offered ? "" : " (not offered any more)", cli_text(c, it, "accounts"),
		       cli_text(c, it, "workspaces"), cli_text(c, it, "sessions"));
		print_prices(c, it, "price_per_hour");
	}
}

static int use(struct cli *c)
{
	const struct json *storage;
	struct api_reply reply;
	int r = api_get(c, &reply, "/admin/catalogue/use");

	if (r != CLI_OK)
		return r;
	if (c->json) {
		cli_json(reply.body);
		return CLI_OK;
	}
	storage = json_get(reply.json, "storage");
	printf("Instance types, prices per hour in %s:\n", cli_text(c, reply.json, "currency"));
	print_uses(c, reply.json, "instance_types");
	printf("\nPlans:\n");
	print_uses(c, reply.json, "plans");
	printf("\nStorage, price per GB and month: %s accounts, %s workspaces\n",
	       cli_text(c, storage, "accounts"), cli_text(c, storage, "workspaces"));
	print_prices(c, storage, "price_per_gb_month");
	return CLI_OK;
}

/* --- diff --- */

static int read_file(struct cli *c, const char *path, struct json **ret)
{
	struct buf b = BUF(FILE_MAX);
	struct err err = ERR_NONE;
	bool std = strcmp(path, "-") == 0;
	int r =
	    std ? file_read_fd(STDIN_FILENO, &b, &err) : file_read(AT_FDCWD, path, &b, &err);

	if (r == 0)
		r = json_parse(&c->arena, arena_str(&c->arena, buf_str(&b)), NULL, ret, &err);
	buf_fini(&b);
	if (r < 0)
		return cli_say(c, CLI_FAILED, "%s: %s", std ? "standard input" : path, err.msg);
	if ((*ret)->type != JSON_OBJECT)
		return cli_say(c, CLI_FAILED, "%s is not a catalogue: it must be a JSON object",
		               path);
	return CLI_OK;
}

/* The file's document under a version: its own, else that of the hub now. */
static int put_body(struct cli *c, const struct json *doc, const char *version, struct buf *b)
{
	struct jsonw w = JSONW(b);
	struct api_reply now;
	int r;

	if (!version && !json_get(doc, "version")) {
		r = api_get(c, &now, "/admin/catalogue");
		if (r != CLI_OK)
			return r;
		version = cli_text(c, now.json, "version");
	}
	jw_obj(&w);
	json_for_each(it, doc)
	{
		if (version && str_is(it->key, "version"))
			continue;
		jw_key_str(&w, it->key);
		jw_raw(&w, it->raw);
	}
	if (version)
		jw_kv_raw(&w, "version", str_of(version));
	jw_obj_end(&w);
	return CLI_OK;
}

static void print_changes(struct cli *c, const struct json *answer, FILE *f)
{
	json_for_each(x, json_get(answer, "changes"))
	{
		struct str what = json_str_or(x, "what", STR(""));

		(void)fprintf(f, "%s %s\n",
		              str_is(what, "added")     ? "+"
		              : str_is(what, "retired") ? "-"
		                                        : "~",
		              cli_text(c, x, "text"));
	}
}

static void print_answer(struct cli *c, const struct json *answer, FILE *f)
{
	const struct json *warnings = json_get(answer, "warnings");

	print_changes(c, answer, f);
	json_for_each(x, json_get(answer, "touches"))
	{
		const char *id = cli_text(c, x, "id");

		if (str_is(json_str_or(x, "thing", STR("")), "storage"))
			(void)fprintf(f, "  storage: %s workspaces\n",
			              cli_text(c, x, "workspaces"));
		else
			(void)fprintf(f, "  %s: touches %s sessions and %s workspaces\n", id,
			              cli_text(c, x, "sessions"), cli_text(c, x, "workspaces"));
	}
	json_for_each(x, warnings)
	{
		struct str s = arena_str(&c->arena, x->text);

		(void)fprintf(f, "! %.*s\n", STR_ARG(s));
	}
}

/* One PUT; a refusal because somebody was first shows what lies between. */
static int put(struct cli *c, struct str body, bool dry, struct api_reply *ret)
{
	struct api_request q = { .method = "PUT", .body = body };
	int r;

	q.path = dry ? "/admin/catalogue?dry_run=true" : "/admin/catalogue";
	r = api_call(c, &q, ret);
	if (ret->status != 412 || c->json)
		return r;
	cli_note(c, "Made of your file as it is, these would change against theirs:");
	print_changes(c, json_get(ret->json, "data"), stderr);
	cli_note(c, "Export the catalogue again and make your change in that.");
	return r;
}

static bool changes_nothing(const struct json *answer)
{
	const struct json *changes = json_get(answer, "changes");

	return !changes || !changes->first;
}

static int look(struct cli *c, const struct json *doc, struct api_reply *ret)
{
	struct buf b = BUF(FILE_MAX);
	int r = put_body(c, doc, NULL, &b);

	if (r == CLI_OK)
		r = put(c, buf_str(&b), true, ret);
	buf_fini(&b);
	return r;
}

static int diff(struct cli *c, const struct json *doc)
{
	struct api_reply reply;
	int r = look(c, doc, &reply);

	if (r != CLI_OK)
		return r;
	if (c->json)
		cli_json(reply.body);
	else if (changes_nothing(reply.json))
		printf("Nothing changes.\n");
	else
		print_answer(c, reply.json, stdout);
	return CLI_OK;
}

/* --- apply --- */

static int confirm(struct cli *c)
{
	char line[16];

	if (cli_option(c, "yes"))
		return CLI_OK;
	if (!isatty(STDIN_FILENO) || strcmp(c->argv[1], "-") == 0)
		return cli_say(c, CLI_USAGE,
		               "nobody can be asked here; say --yes to apply this");
	(void)fprintf(stderr, "Apply this? [y/N] ");
	if (!fgets(line, sizeof(line), stdin) || (line[0] != 'y' && line[0] != 'Y'))
		return cli_say(c, CLI_FAILED, "nothing was changed");
	return CLI_OK;
}

static int apply(struct cli *c, const struct json *doc)
{
	struct buf b = BUF(FILE_MAX);
	struct api_reply seen, done;
	int r = look(c, doc, &seen);

	if (r != CLI_OK)
		return r;
	if (changes_nothing(seen.json)) {
		if (c->json)
			cli_json(seen.body);
		else
			printf("Nothing changes.\n");
		return CLI_OK;
	}
	if (!c->json)
		print_answer(c, seen.json, stderr);
	r = confirm(c);
	/* Under the version that was looked at, whatever the file says. */
	if (r == CLI_OK)
		r = put_body(c, doc, cli_text(c, seen.json, "version"), &b);
	if (r == CLI_OK)
		r = put(c, buf_str(&b), false, &done);
	buf_fini(&b);
	if (r != CLI_OK)
		return r;
	if (c->json)
		cli_json(done.body);
	else
		printf("The catalogue is version %s now.\n", cli_text(c, done.json, "version"));
	return CLI_OK;
}

int cmd_admin_catalogue(struct cli *c)
{
	struct str verb = str_of(c->argv[0]);
	bool is_diff = str_is(verb, "diff"), is_apply = str_is(verb, "apply"),
	     is_use = str_is(verb, "use");
	struct json *doc;
	int r;

	if (!str_is(verb, "export") && !is_diff && !is_apply && !is_use)
		return cli_say(c, CLI_USAGE,
		               "say export, diff FILE, apply FILE or use, not \"%s\"",
		               c->argv[0]);
	if ((c->argc == 2) != (is_diff || is_apply))
		return cli_say(c, CLI_USAGE,
		               is_use ? "use takes nothing more"
		               : is_diff || is_apply
		                   ? "name the file; - is standard input"
		                   : "export writes to standard output: carrel "
		                     "admin catalogue export > FILE");
	r = api_open(c);
	if (r == CLI_OK && is_use)
		return use(c);
	if (r == CLI_OK && !is_diff && !is_apply)
		return export(c);
	if (r == CLI_OK)
		r = read_file(c, c->argv[1], &doc);
	if (r != CLI_OK)
		return r;
	return is_diff ? diff(c, doc) : apply(c, doc);
}
