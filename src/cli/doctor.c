/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/doctor.h"

#include <stdarg.h>
#include <stdio.h>
#include <unistd.h>

#include "cli/api.h"
#include "cli/text.h"

static const char *const level_names[] = { "ok", "info", "warning", "missing" };

void doctor_add(struct doctor *d, const char *id, enum doctor_level level, const char *remedy,
                const char *fmt, ...)
{
	struct finding *f;
	va_list ap;

	CHECK(d->n < FINDINGS_MAX);
	f = &d->found[d->n++];
	*f = (struct finding){ .id = id,
		               .level = level,
		               .remedy = level > DOCTOR_INFO ? remedy : NULL };
	va_start(ap, fmt);
	(void)vsnprintf(f->text, sizeof(f->text), fmt, ap);
	va_end(ap);
}

/* What the hub itself warns of, if we are signed in to one. */
static void ask_hub(struct cli *c, struct doctor *d)
{
	struct api_request q = { .method = "GET", .path = "/me", .quiet = true };
	struct api_reply me;

	if (api_find(c, NULL) != CLI_OK) {
		doctor_add(d, "hub", DOCTOR_INFO, NULL, "not signed in: the hub was not asked");
		return;
	}
	if (api_call(c, &q, &me) != CLI_OK) {
		doctor_add(d, "hub", DOCTOR_WARN,
		           "start it (make run, or systemctl start carrel) and sign in again",
		           me.status ? "%s refused to answer (%ld)" : "%s can't be reached",
		           c->url, me.status);
		return;
	}
	doctor_add(d, "hub", DOCTOR_OK, NULL, "%s answers, version %s", c->url,
	           cli_text(c, me.json, "version"));
	json_for_each(w, json_get(me.json, "warnings"))
	{
		if (w->type == JSON_STRING && d->n < FINDINGS_MAX - 1)
			doctor_add(d, "hub-warning", DOCTOR_WARN, NULL, "%.*s",
			           (int)(w->text.len > 240 ? 240 : w->text.len), w->text.ptr);
	}
}

static void print_json(const struct doctor *d)
{
	struct buf b = BUF((size_t)1 << 20);
	struct jsonw w = JSONW(&b);

	jw_obj(&w);
	jw_key(&w, "items");
	jw_arr(&w);
	for (size_t i = 0; i < d->n; i++) {
		jw_obj(&w);
		jw_kv_z(&w, "id", d->found[i].id);
		jw_kv_z(&w, "level", level_names[d->found[i].level]);
		jw_kv_z(&w, "text", d->found[i].text);
		jw_kv_z(&w, "remedy", d->found[i].remedy);
		jw_obj_end(&w);
	}
	jw_arr_end(&w);
	jw_obj_end(&w);
	cli_json(buf_str(&b));
	buf_fini(&b);
}

static void print_text(const struct doctor *d)
{
	for (size_t i = 0; i < d->n; i++) {
		struct buf b = BUF(4096);

		text_clean(&b, str_of(d->found[i].text));
		printf("%-8s %s\n", level_names[d->found[i].level], buf_cstr(&b));
		if (d->found[i].remedy)
			printf("         → %s\n", d->found[i].remedy);
		buf_fini(&b);
	}
}

int cmd_doctor(struct cli *c)
{
	const char *state = cli_option(c, "state"), *port = cli_option(c, "port");
	struct doctor *d = xcalloc(1, sizeof(*d));
	size_t missing = 0, risky = 0;
	uint64_t n = 8888;

	if (port && str_to_u64(str_of(port), 1, 65535, &n) < 0) {
		free(d);
		return cli_say(c, CLI_USAGE, "--port: a number from 1 to 65535");
	}
	d->state_dir = state ? state : "/var/lib/carrel";
	d->port = (uint16_t)n;
	doctor_kernel(d);
	doctor_programs(d);
	doctor_resources(d);
	ask_hub(c, d);
	for (size_t i = 0; i < d->n; i++) {
		missing += d->found[i].level == DOCTOR_FAIL;
		risky += d->found[i].level == DOCTOR_WARN;
	}
	if (c->json) {
		print_json(d);
	} else {
		print_text(d);
		printf("\n%zu missing, %zu to look at.%s\n", missing, risky,
		       missing ? " Carrel can't run sessions here until that is mended." : "");
	}
	free(d);
	return missing ? CLI_FAILED : CLI_OK;
}
