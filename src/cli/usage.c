/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <stdio.h>

#include "base/time.h"
#include "cli/api.h"
#include "cli/csv.h"
#include "cli/text.h"

static int month_of(struct cli *c, int *year, int *month)
{
	const char *text = cli_option(c, "month");
	struct str s = str_of(text);
	uint64_t y, m;
	int day;

	time_ymd(time_wall_us(), year, month, &day);
	if (!text)
		return CLI_OK;
	if (s.len != 7 || s.ptr[4] != '-' || str_to_u64(str_sub(s, 0, 4), 1970, 9998, &y) < 0 ||
	    str_to_u64(str_sub(s, 5, 7), 1, 12, &m) < 0)
		return cli_say(c, CLI_USAGE, "--month: write it as 2026-11");
	*year = (int)y;
	*month = (int)m;
	return CLI_OK;
}

static const char *const columns[] = {
	"session_id", "workspace_id", "workspace_name", "segment",        "instance_type",
	"started_at", "stopped_at",   "seconds",        "price_per_hour", "amount",
	"currency",   "estimated",    "kind",           "free",           "rate",
	"bytes",      "id",           "account_id",     "corrects",
};
static const char *const sum_columns[] = { "key",     "name",         "amount", "currency",
	                                   "seconds", "free_seconds", "lines" };

static void print_csv(const struct json *list, const char *const *names, size_t n)
{
	struct buf b = BUF((size_t)64 << 20);

	for (size_t i = 0; i < n; i++)
		csv_cell(&b, str_of(names[i]), i + 1 == n);
	json_for_each(item, json_get(list, "items"))
	{
		for (size_t i = 0; i < n; i++) {
			const struct json *v = json_get(item, names[i]);
			struct str s = !v || v->type == JSON_NULL ? STR("")
			               : v->type == JSON_STRING   ? v->text
			                                          : v->raw;

			if (!v && str_is(str_of(names[i]), "currency"))
				s = json_str_or(json_get(list, "total"), "currency", STR(""));
			csv_cell(&b, s, i + 1 == n);
		}
	}
	cli_json(buf_str(&b));
	buf_fini(&b);
}

static const char *seconds_text(struct cli *c, const struct json *o)
{
	char text[DURATION_TEXT_MAX];
	double v = strtod(cli_text(c, o, "seconds"), NULL);

	duration_text(v > 0 && v < 1e12 ? (uint64_t)v : 0, text);
	return arena_str(&c->arena, str_of(text)).ptr;
}

/* The instance type; of a line of another kind that kind. */
static const char *what_of(struct cli *c, const struct json *item)
{
	const char *kind = cli_text(c, item, "kind");

	return str_is(json_str_or(item, "kind", STR("compute")), "compute")
	           ? cli_text(c, item, "instance_type")
	           : kind;
}

static void print_total(struct cli *c, const struct json *total, int year, int month)
{
	printf("Total of %04d-%02d (UTC): %s %s for %s\n", year, month,
	       cli_text(c, total, "amount"), cli_text(c, total, "currency"),
	       seconds_text(c, total));
}

static void print_table(struct cli *c, const struct json *list, int year, int month)
{
	static const char *const titles[] = { "WORKSPACE", "TYPE",     "STARTED",  "STOPPED",
		                              ">RAN",      ">SECONDS", ">PRICE/H", ">AMOUNT",
		                              "",          NULL };
	const struct json *total = json_get(list, "total");
	struct buf out = BUF((size_t)64 << 20);
	struct table t;

	table_init(&t, titles);
	json_for_each(item, json_get(list, "items"))
	{
		bool named = json_str_or(item, "workspace_name", STR_NONE).ptr;

		table_cell(&t, cli_text(c, item, named ? "workspace_name" : "workspace_id"));
		table_cell(&t, what_of(c, item));
		table_cell(&t, cli_time(c, item, "started_at"));
		table_cell(&t, cli_time(c, item, "stopped_at"));
		table_cell(&t, seconds_text(c, item));
		table_cell(&t, cli_text(c, item, "seconds"));
		table_cell(&t, cli_text(c, item, "rate"));
		table_cell(&t, cli_text(c, item, "amount"));
		table_cell(&t, str_is(str_of(cli_text(c, item, "estimated")), "yes")
		                   ? "estimated"
		               : str_is(str_of(cli_text(c, item, "free")), "yes") ? "free"
		                                                                  : "");
	}
	table_end(&t, &out);
	cli_json(buf_str(&out));
	buf_fini(&out);
	print_total(c, total, year, month);
}

static void print_sums(struct cli *c, const struct json *list, int year, int month)
{
	static const char *const titles[] = { "",       ">RAN",    ">FREE SECONDS",
		                              ">LINES", ">AMOUNT", NULL };
	struct buf out = BUF((size_t)64 << 20);
	struct table t;

	table_init(&t, titles);
	json_for_each(item, json_get(list, "items"))
	{
		table_cell(&t, cli_text(c, item, "name"));
		table_cell(&t, seconds_text(c, item));
		table_cell(&t, cli_text(c, item, "free_seconds"));
		table_cell(&t, cli_text(c, item, "lines"));
		table_cell(&t, cli_text(c, item, "amount"));
	}
	table_end(&t, &out);
	cli_json(buf_str(&out));
	buf_fini(&out);
	print_total(c, json_get(list, "total"), year, month);
}

int cmd_usage(struct cli *c)
{
	char from[TIME_RFC3339_MAX], to[TIME_RFC3339_MAX];
	struct api_reply list;
	int year, month, r = month_of(c, &year, &month);
	const char *by = cli_option(c, "by");
	struct str path;

	if (r == CLI_OK)
		r = api_open(c);
	if (r != CLI_OK)
		return r;
	time_rfc3339(time_month_start(year, month), from);
	time_rfc3339(time_month_start(year, month + 1), to);
	path = arena_printf(&c->arena, "/usage?from=%s&to=%s%s%s%s", api_escape(c, from),
	                    api_escape(c, to), by ? "&group=" : "", by ? api_escape(c, by) : "",
	                    cli_option(c, "all") ? "&all=true" : "");
	r = api_list(c, path.ptr, "total", &list);
	if (r != CLI_OK)
		return r;
	if (cli_option(c, "csv"))
		print_csv(list.json, by ? sum_columns : columns,
		          by ? ARRAY_LEN(sum_columns) : ARRAY_LEN(columns));
	else if (c->json)
		cli_json(list.body);
	else if (by)
		print_sums(c, list.json, year, month);
	else
		print_table(c, list.json, year, month);
	return CLI_OK;
}
