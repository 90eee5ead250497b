/* SPDX-License-Identifier: Apache-2.0 */
#include <stdarg.h>
#include <stdio.h>
#include <time.h>

#include "base/encode.h"
#include "base/time.h"
#include "cli/cli.h"
#include "cli/text.h"

#define MESSAGE_MAX ((size_t)4096)

/* What a server says may not drive the terminal. */
static void put_clean(FILE *f, struct str s)
{
	struct buf b = BUF(2 * MESSAGE_MAX);

	text_clean(&b, s);
	(void)fwrite(buf_str(&b).ptr, 1, buf_len(&b), f);
	buf_fini(&b);
}

__attribute__((format(printf, 3, 0))) static void say(const struct cli *c, int code,
                                                      const char *fmt, va_list ap)
{
	struct buf text = BUF(MESSAGE_MAX), line = BUF(2 * MESSAGE_MAX);
	struct jsonw w = JSONW(&line);

	buf_vprintf(&text, fmt, ap);
	if (c->json) {
		jw_obj(&w);
		jw_kv_i64(&w, "exit", code);
		jw_kv_str(&w, "detail", buf_str(&text));
		jw_obj_end(&w);
		(void)fprintf(stderr, "%s\n", buf_cstr(&line));
	} else {
		if (code)
			(void)fputs("carrel: ", stderr);
		put_clean(stderr, buf_str(&text));
		(void)fputc('\n', stderr);
	}
	buf_fini(&text);
	buf_fini(&line);
}

int cli_say(const struct cli *c, enum cli_exit code, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	say(c, (int)code, fmt, ap);
	va_end(ap);
	return (int)code;
}

void cli_note(const struct cli *c, const char *fmt, ...)
{
	va_list ap;

	if (c->json)
		return;
	va_start(ap, fmt);
	say(c, 0, fmt, ap);
	va_end(ap);
}

void cli_json(struct str json)
{
	(void)fwrite(json.ptr, 1, json.len, stdout);
	if (!json.len || json.ptr[json.len - 1] != '\n')
		(void)fputc('\n', stdout);
}

const char *cli_text(struct cli *c, const struct json *o, const char *key)
{
	const struct json *v = json_get(o, key);
	struct str s = STR("-");

	if (v && (v->type == JSON_STRING || v->type == JSON_NUMBER))
		s = v->text;
	else if (v && (v->type == JSON_TRUE || v->type == JSON_FALSE))
		s = v->type == JSON_TRUE ? STR("yes") : STR("no");
	s = arena_str(&c->arena, s);
	return s.ptr ? s.ptr : "?";
}

const char *cli_time(struct cli *c, const struct json *o, const char *key)
{
	wall_us t;
	time_t secs;
	struct tm tm;
	char text[32];
	struct str s;

	if (time_parse_rfc3339(json_str_or(o, key, STR("")), &t) < 0)
		return "-";
	secs = (time_t)(t / 1000000);
	if (!localtime_r(&secs, &tm) || !strftime(text, sizeof(text), "%Y-%m-%d %H:%M:%S", &tm))
		return "-";
	s = arena_str(&c->arena, str_of(text));
	return s.ptr ? s.ptr : "?";
}
