/* SPDX-License-Identifier: Apache-2.0 */
/* invoice list, show; admin invoice, credit, correct, focus. */
#include <fcntl.h>
#include <stdio.h>

#include "base/file.h"
#include "cli/api.h"
#include "cli/pdf.h"
#include "cli/text.h"

#define OUT_MAX ((size_t)64 << 20)

static int say_saved(struct cli *c, int r, const char *path)
{
	if (r == CLI_OK)
		cli_note(c, "Saved as %s.", path);
	return r;
}

static int save(struct cli *c, struct str bytes, const char *path)
{
	struct err err = ERR_NONE;

	if (str_is(str_of(path), "-")) {
		cli_json(bytes);
		return CLI_OK;
	}
	if (file_write_atomic(AT_FDCWD, path, bytes, 0644, &err) < 0)
		return cli_say(c, CLI_FAILED, "%s: %s", path, err.msg);
	return say_saved(c, CLI_OK, path);
}

static const char *duration_of(struct cli *c, const struct json *o)
{
	char text[DURATION_TEXT_MAX];
	double v = strtod(cli_text(c, o, "seconds"), NULL);

	duration_text(v > 0 && v < 1e12 ? (uint64_t)v : 0, text);
	return arena_str(&c->arena, str_of(text)).ptr;
}

/* --- invoice list, show --- */

int cmd_invoice_list(struct cli *c)
{
	static const char *const titles[] = { "INVOICE", "MONTH",  "CLOSED",
		                              "ACCOUNT", ">LINES", ">USAGE",
		                              ">CREDIT", ">DUE",   NULL };
	const char *month = cli_option(c, "month");
	struct buf out = BUF(OUT_MAX);
	struct api_reply list;
	struct table t;
	struct str path;
	int r = api_open(c);

	path = arena_printf(&c->arena, "/invoices?all=%s%s%s",
	                    cli_option(c, "all") ? "true" : "false", month ? "&month=" : "",
	                    month ? api_escape(c, month) : "");
	if (r == CLI_OK)
		r = api_list(c, path.ptr, NULL, &list);
	if (r != CLI_OK)
		return r;
	if (c->json) {
		cli_json(list.body);
		return CLI_OK;
	}
	table_init(&t, titles);
	json_for_each(item, json_get(list.json, "items"))
	{
		table_cell(&t, cli_text(c, item, "label"));
		table_cell(&t, cli_text(c, item, "month"));
		table_cell(&t, cli_time(c, item, "closed_at"));
		table_cell(&t, cli_text(c, json_get(item, "account"), "email"));
		table_cell(&t, cli_text(c, item, "line_count"));
		table_cell(&t, cli_text(c, item, "usage"));
		table_cell(&t, cli_text(c, item, "credit"));
		table_cell(&t, cli_text(c, item, "due"));
	}
	table_end(&t, &out);
	cli_json(buf_str(&out));
	buf_fini(&out);
	return CLI_OK;
}

static void print_lines(struct cli *c, const struct json *inv)
{
	static const char *const titles[] = { "WHAT",  "TYPE",    "FROM", "TO",     ">TIME",
		                              ">RATE", ">AMOUNT", "",     "CHARGE", NULL };
	struct buf out = BUF(OUT_MAX);
	struct table t;

	table_init(&t, titles);
	json_for_each(item, json_get(inv, "lines"))
	{
		bool fix = str_is(json_str_or(item, "kind", STR("")), "correction");
		bool is_free = str_is(str_of(cli_text(c, item, "free")), "yes");

		table_cell(&t, fix ? cli_text(c, item, "reason")
		                   : cli_text(c, item, "workspace_name"));
		table_cell(&t, fix ? "correction" : cli_text(c, item, "resource"));
		table_cell(&t, cli_time(c, item, "from"));
		table_cell(&t, cli_time(c, item, "to"));
		table_cell(&t, duration_of(c, item));
		table_cell(&t, cli_text(c, item, "rate"));
		table_cell(&t, cli_text(c, item, "amount"));
		table_cell(&t, is_free ? "free" : "");
		table_cell(&t, cli_text(c, item, "id"));
	}
	table_end(&t, &out);
	cli_json(buf_str(&out));
	buf_fini(&out);
}

/* "2026-11-0007" is number 7. */
static const char *number_of(struct cli *c)
{
	struct str s = str_of(c->argv[0]), number;
	uint64_t n;

	if (s.len <= 8 || s.ptr[4] != '-' || s.ptr[7] != '-' ||
	    str_to_u64(str_sub(s, 8, s.len), 1, INT64_MAX, &n) < 0)
		return c->argv[0];
	number = arena_printf(&c->arena, "%llu", (unsigned long long)n);
	CHECK(number.ptr);
	return number.ptr;
}

static int fetch(struct cli *c, const char *format, struct api_reply *ret)
{
	return api_get(c, ret, "/invoices/%s?format=%s", api_escape(c, number_of(c)), format);
}

int cmd_invoice_show(struct cli *c)
{
	const char *html = cli_option(c, "html"), *pdf = cli_option(c, "pdf");
	struct api_reply reply;
	int r = api_open(c);

	if (r != CLI_OK)
		return r;
	if (html || pdf) {
		r = fetch(c, "html", &reply);
		if (r == CLI_OK && html)
			r = save(c, reply.body, html);
		return r == CLI_OK && pdf ? say_saved(c, pdf_print(c, reply.body, pdf), pdf)
		                          : r;
	}
	r = fetch(c, cli_option(c, "csv") ? "csv" : "json", &reply);
	if (r != CLI_OK)
		return r;
	if (c->json || cli_option(c, "csv")) {
		cli_json(reply.body);
		return CLI_OK;
	}
	print_lines(c, reply.json);
	printf("Invoice %s of %s for %s: usage %s, credit %s, due %s %s\n",
	       cli_text(c, reply.json, "label"), cli_text(c, reply.json, "month"),
	       cli_text(c, json_get(reply.json, "account"), "email"),
	       cli_text(c, reply.json, "usage"), cli_text(c, reply.json, "credit"),
	       cli_text(c, reply.json, "due"), cli_text(c, reply.json, "currency"));
	return CLI_OK;
}

/* --- administrators --- */

struct pair {
	const char *key, *value;
};

static int post(struct cli *c, const char *path, const struct pair *pairs, size_t n,
                struct api_reply *ret)
{
	struct buf b = BUF((size_t)64 * 1024);
	struct jsonw w = JSONW(&b);
	struct api_request q = { .method = "POST", .path = path, .once = true, .slow = true };
	int r = api_open(c);

	jw_obj(&w);
	for (size_t i = 0; i < n; i++)
		jw_kv_z(&w, pairs[i].key, pairs[i].value);
	jw_obj_end(&w);
	q.body = buf_str(&b);
	if (r == CLI_OK)
		r = api_call(c, &q, ret);
	buf_fini(&b);
	if (r == CLI_OK && c->json)
		cli_json(ret->body);
	return r;
}

int cmd_admin_invoice(struct cli *c)
{
	const struct pair body[] = { { "month", c->argv[1] } };
	struct api_reply reply;
	const struct json *total;
	int r;

	if (!str_is(str_of(c->argv[0]), "close"))
		return cli_say(c, CLI_USAGE, "carrel admin invoice close MONTH, as in 2026-11");
	r = post(c, "/admin/invoices/close", body, ARRAY_LEN(body), &reply);
	if (r != CLI_OK || c->json)
		return r;
	total = json_get(reply.json, "total");
	printf("%s is closed%s: %s invoices with %s lines, usage %s, credit %s, due %s %s\n",
	       c->argv[1],
	       str_is(str_of(cli_text(c, reply.json, "already")), "yes") ? " already" : "",
	       cli_text(c, total, "invoices"), cli_text(c, total, "lines"),
	       cli_text(c, total, "usage"), cli_text(c, total, "credit"),
	       cli_text(c, total, "due"), cli_text(c, total, "currency"));
	return CLI_OK;
}

/* --amount and --note, which both need. */
static int by_hand(struct cli *c, struct pair *amount, struct pair *note)
{
	*amount = (struct pair){ "amount", cli_option(c, "amount") };
	*note = (struct pair){ "note", cli_option(c, "note") };
	if (!amount->value || !note->value)
		return cli_say(c, CLI_USAGE,
		               "say --amount and --note: the owner reads the note");
	return CLI_OK;
}

int cmd_admin_credit(struct cli *c)
{
	struct pair body[3] = { { "account", c->argv[0] } };
	struct api_reply reply;
	int r = by_hand(c, &body[1], &body[2]);

	if (r == CLI_OK)
		r = post(c, "/admin/credits", body, ARRAY_LEN(body), &reply);
	if (r == CLI_OK && !c->json)
		printf("%s has %s %s of credit now\n", cli_text(c, reply.json, "email"),
		       cli_text(c, reply.json, "credit"), cli_text(c, reply.json, "currency"));
	return r;
}

int cmd_admin_correct(struct cli *c)
{
	struct pair body[3] = { { "charge", c->argv[0] } };
	struct api_reply reply;
	int r = by_hand(c, &body[1], &body[2]);

	if (r == CLI_OK)
		r = post(c, "/admin/corrections", body, ARRAY_LEN(body), &reply);
	if (r == CLI_OK && !c->json)
		printf("%s: %s %s, on the next invoice\n", cli_text(c, reply.json, "id"),
		       cli_text(c, reply.json, "amount"), cli_text(c, reply.json, "currency"));
	return r;
}

int cmd_admin_focus(struct cli *c)
{
	struct api_reply reply = { 0 };
	const char *month;
	int r = api_open(c);

	if (r != CLI_OK)
		return r;
	month = api_escape(c, c->argv[0]);
	do {
		char next[sizeof(reply.next)];

		memcpy(next, reply.next, sizeof(next));
		r = api_get(c, &reply, "/admin/focus?month=%s%s%s", month,
		            next[0] ? "&cursor=" : "", next);
		if (r == CLI_OK)
			cli_json(reply.body);
	} while (r == CLI_OK && reply.next[0]);
	return r;
}
