/* SPDX-License-Identifier: Apache-2.0 */
#include "proto/shimconf.h"

#include <errno.h>

enum kind { TEXT, U32, U64, I64 };

struct field {
	const char *key;
	enum kind kind;
	size_t at, size; /* size: of a TEXT with its NUL */
	bool late;       /* may be missing: 0 */
};

#define FIELDS_MAX 32 /* one bit each while reading */
/* clang-format off */
#define TEXT_(s, f) { #f, TEXT, offsetof(struct s, f), sizeof(((struct s *)0)->f), false }
#define U32_(s, f) { #f, U32, offsetof(struct s, f), 0, false }
#define U64_(s, f) { #f, U64, offsetof(struct s, f), 0, false }
#define I64_(s, f) { #f, I64, offsetof(struct s, f), 0, false }
#define LATE_(s, f) { #f, U64, offsetof(struct s, f), 0, true }
/* clang-format on */

static const struct field conf_fields[] = {
	TEXT_(shim_conf, session),
	U32_(shim_conf, epoch),
	TEXT_(shim_conf, dir),
	TEXT_(shim_conf, socket_dir),
	TEXT_(shim_conf, journal_dir),
	TEXT_(shim_conf, log),
	TEXT_(shim_conf, runtime),
	TEXT_(shim_conf, runtime_root),
	TEXT_(shim_conf, image),
	TEXT_(shim_conf, volume),
	TEXT_(shim_conf, scratch),
	TEXT_(shim_conf, files),
	U32_(shim_conf, userns_base),
	U32_(shim_conf, cpu_milli),
	U64_(shim_conf, memory_bytes),
	U32_(shim_conf, pids),
	TEXT_(shim_conf, ifname),
	U32_(shim_conf, host_ip),
	U32_(shim_conf, mtu),
	U32_(shim_conf, idle_seconds),
	U32_(shim_conf, max_seconds),
	U32_(shim_conf, ready_seconds),
	LATE_(shim_conf, calendar_at_boot_ns),
	LATE_(shim_conf, lease_until_boot_ns),
};
static const struct field state_fields[] = {
	TEXT_(shim_state, phase),
	I64_(shim_state, pid),
	U64_(shim_state, start_time),
	TEXT_(shim_state, boot_id),
	U64_(shim_state, since_boot_ns),
	U32_(shim_state, idle_seconds),
	U64_(shim_state, max_at_boot_ns),
	U64_(shim_state, extend_until_boot_ns),
	LATE_(shim_state, calendar_at_boot_ns),
	LATE_(shim_state, lease_until_boot_ns),
	TEXT_(shim_state, stop_reason),
};

static void put(struct buf *b, const struct field *f, const void *obj)
{
	const char *at = (const char *)obj + f->at;

	buf_printf(b, "%s = ", f->key);
	switch (f->kind) {
	case TEXT:
		buf_printf(b, "%s\n", at);
		break;
	case U32:
		buf_printf(b, "%u\n", *(const uint32_t *)(const void *)at);
		break;
	case U64:
		buf_printf(b, "%llu\n", *(const unsigned long long *)(const void *)at);
		break;
	case I64:
		buf_printf(b, "%lld\n", *(const long long *)(const void *)at);
		break;
	}
}

static int get(const struct field *f, struct str value, void *obj, struct err *err)
{
	char *at = (char *)obj + f->at;
	uint64_t u;
	int64_t i;

	switch (f->kind) {
	case TEXT:
		if (value.len >= f->size)
			return ERR(err, -EINVAL, "%s is too long", f->key);
		memcpy(at, value.ptr, value.len);
		at[value.len] = '\0';
		return 0;
	case U32:
	case U64:
		if (str_to_u64(value, 0, f->kind == U32 ? UINT32_MAX : UINT64_MAX, &u) < 0)
			return ERR(err, -EINVAL, "%s is no such number", f->key);
		if (f->kind == U32)
			*(uint32_t *)(void *)at = (uint32_t)u;
		else
			*(uint64_t *)(void *)at = u;
		return 0;
	case I64:
		if (str_to_i64(value, INT64_MIN, INT64_MAX, &i) < 0)
			return ERR(err, -EINVAL, "%s is no such number", f->key);
		*(int64_t *)(void *)at = i;
		return 0;
	}
	return -EINVAL;
}

/* "version controllers path" */
static int get_cgroup(struct str value, struct shim_conf *c, struct err *err)
{
	struct shim_cgroup g = { 0 };
	struct str version, controllers;
	uint64_t v;

	if (c->ncgroups == SHIM_CGROUPS_MAX)
		return ERR(err, -E2BIG, "more than %d cgroups", SHIM_CGROUPS_MAX);
	if (!str_split(&value, ' ', &version) || !str_split(&value, ' ', &controllers) ||
	    str_to_u64(version, 1, 2, &v) < 0 || controllers.len >= sizeof(g.controllers) ||
	    value.len == 0 || value.ptr[0] != '/' || value.len >= sizeof(g.path))
		return ERR(err, -EINVAL, "a cgroup line is not `version controllers /path`");
	g.version = (uint32_t)v;
	memcpy(g.controllers, controllers.ptr, controllers.len);
	memcpy(g.path, value.ptr, value.len);
	c->cgroup[c->ncgroups++] = g;
	return 0;
}

/* A line that is no field: 1 if `other` took it. */
typedef int other_fn(struct str key, struct str value, void *obj, struct err *err);

static int read_line(const struct field *fields, size_t n, struct str line, void *obj,
                     uint32_t *seen, other_fn *other, struct err *err)
{
	size_t eq = str_chr(line, '=', 0);
	struct str key = str_trim(str_sub(line, 0, eq));
	struct str value = str_trim(str_sub(line, eq + 1, line.len));

	if (eq == line.len)
		return ERR(err, -EINVAL, "a line without `=`");
	for (size_t i = 0; i < n; i++) {
		if (!str_is(key, fields[i].key))
			continue;
		if (*seen & (1U << i))
			return ERR(err, -EINVAL, "%s stands there twice", fields[i].key);
		*seen |= 1U << i;
		return get(&fields[i], value, obj, err);
	}
	return other(key, value, obj, err);
}

static int read_all(const struct field *fields, size_t n, struct str text, void *obj,
                    other_fn *other, struct err *err)
{
	uint32_t seen = 0;
	struct str line;

	if (text.len && memchr(text.ptr, 0, text.len))
		return ERR(err, -EINVAL, "a NUL byte in a text file");
	while (str_split(&text, '\n', &line)) {
		int r;

		if (str_trim(line).len == 0)
			continue;
		r = read_line(fields, n, line, obj, &seen, other, err);
		if (r < 0)
			return r;
	}
	for (size_t i = 0; i < n; i++)
		if (!fields[i].late && !(seen & (1U << i)))
			return ERR(err, -EINVAL, "%s is missing", fields[i].key);
	return 0;
}

static int conf_other(struct str key, struct str value, void *obj, struct err *err)
{
	if (str_is(key, "cgroup"))
		return get_cgroup(value, obj, err);
	return ERR(err, -EINVAL, "unknown key %.*s", STR_ARG(str_sub(key, 0, 40)));
}

static int state_other(struct str key, struct str value, void *obj, struct err *err)
{
	return ERR(err, -EINVAL, "unknown key %.*s", STR_ARG(str_sub(key, 0, 40)));
}

_Static_assert(ARRAY_LEN(conf_fields) <= FIELDS_MAX, "one bit each");

void shim_conf_put(struct buf *b, const struct shim_conf *c)
{
	for (size_t i = 0; i < ARRAY_LEN(conf_fields); i++)
		put(b, &conf_fields[i], c);
	for (size_t i = 0; i < c->ncgroups; i++)
		buf_printf(b, "cgroup = %u %s %s\n", c->cgroup[i].version,
		           c->cgroup[i].controllers, c->cgroup[i].path);
}

int shim_conf_get(struct str text, struct shim_conf *ret, struct err *err)
{
	autofree struct shim_conf *c = xcalloc(1, sizeof(*c));
	int r = read_all(conf_fields, ARRAY_LEN(conf_fields), text, c, conf_other, err);

	if (r < 0)
		return err_wrap(err, r, "shim.conf");
	*ret = *c;
	return 0;
}

void shim_state_put(struct buf *b, const struct shim_state *s)
{
	for (size_t i = 0; i < ARRAY_LEN(state_fields); i++)
		put(b, &state_fields[i], s);
}

int shim_state_get(struct str text, struct shim_state *ret, struct err *err)
{
	struct shim_state s = { 0 };
	int r = read_all(state_fields, ARRAY_LEN(state_fields), text, &s, state_other, err);

	if (r < 0)
		return err_wrap(err, r, "state");
	*ret = s;
	return 0;
}
