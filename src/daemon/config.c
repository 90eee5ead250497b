/* SPDX-License-Identifier: Apache-2.0 */
#include "daemon/config.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>

#include "base/file.h"
#include "base/tz.h"
#include "core/capacity.h"
#include "daemon/config-table.h"
#include "daemon/where.h"
#include "net/ip.h"

#define MEM_MAX   (1024 * 1024)
#define VALUE_MAX 1000

/* Where the parser is: for the messages, and for what a key means there. */
struct at {
	const char *name;
	unsigned line;
	char section[32];
	void *base; /* struct config, or the named section's struct */
	enum config_from from;
};

static const char **text_at(void *base, const struct config_key *k)
{
	return (const char **)(void *)((char *)base + k->offset);
}

static uint64_t *number_at(void *base, const struct config_key *k)
{
	return (uint64_t *)(void *)((char *)base + k->offset);
}

static bool is_hidden(const struct config_key *k)
{
	return strcmp(k->section, "runtime") == 0;
}

/* Levenshtein distance of two short words, for "did you mean". */
static unsigned distance(struct str a, struct str b)
{
	unsigned row[40];

	if (a.len >= ARRAY_LEN(row) || b.len >= ARRAY_LEN(row))
		return UINT32_MAX;
	for (unsigned j = 0; j <= b.len; j++)
		row[j] = j;
	for (unsigned i = 1; i <= a.len; i++) {
		unsigned diagonal = row[0];

		row[0] = i;
		for (unsigned j = 1; j <= b.len; j++) {
			unsigned change = diagonal + (a.ptr[i - 1] != b.ptr[j - 1]);
			unsigned best = row[j] < row[j - 1] ? row[j] + 1 : row[j - 1] + 1;

			diagonal = row[j];
			row[j] = best < change ? best : change;
		}
	}
	return row[b.len];
}

/* section NULL: any section whose keys stand alone. */
static const struct config_key *find(const char *section, struct str key)
{
	for (size_t i = 0; i < config_nkeys; i++) {
		const struct config_key *k = &config_keys[i];

		if (!str_is(key, k->key))
			continue;
		if (section ? strcmp(section, k->section) == 0 : !config_is_named(k->section))
			return k;
	}
	return NULL;
}

static int unknown_key(const char *where, const char *section, struct str key, struct err *err)
{
	const struct config_key *best = NULL, *elsewhere = NULL;
	unsigned best_distance = 4;

	for (size_t i = 0; i < config_nkeys; i++) {
		const struct config_key *k = &config_keys[i];
		unsigned d = distance(key, str_of(k->key));

		if (is_hidden(k))
			continue;
		if (section && strcmp(section, k->section) != 0) {
			if (d == 0)
				elsewhere = k;
			continue;
		}
		if (!section && config_is_named(k->section))
			continue;
		if (d < best_distance) {
			best_distance = d;
			best = k;
		}
	}
	if (elsewhere)
		return ERR(err, -EINVAL, "%s: %s belongs in section [%s%s]", where,
		           elsewhere->key, elsewhere->section,
		           config_is_named(elsewhere->section) ? " NAME" : "");
	if (best)
		return ERR(err, -EINVAL, "%s: unknown key %.*s: did you mean %s?", where,
		           key.len > 60 ? 60 : (int)key.len, key.ptr, best->key);
	return ERR(err, -EINVAL, "%s: unknown key %.*s: carreld --config-help lists them all",
	           where, key.len > 60 ? 60 : (int)key.len, key.ptr);
}

static int check_text(const struct config_key *k, struct str value, const char *where,
                      struct err *err)
{
	struct str rest, one;

	if (value.len > VALUE_MAX)
		return ERR(err, -EINVAL, "%s: %s is longer than %d bytes", where, k->key,
		           VALUE_MAX);
	for (size_t i = 0; i < value.len; i++)
		if ((unsigned char)value.ptr[i] < 0x20 || value.ptr[i] == 0x7f)
			return ERR(err, -EINVAL, "%s: %s holds a control character", where,
			           k->key);
	if (k->kind == CONFIG_PATH && (value.len == 0 || value.ptr[0] != '/'))
		return ERR(err, -EINVAL,
		           "%s: %s must be a path that begins with /, not \"%.*s\"", where,
		           k->key, STR_ARG(value));
	if (k->kind != CONFIG_CHOICE)
		return 0;
	rest = str_of(k->choices);
	while (str_split(&rest, ' ', &one))
		if (str_eq(one, value))
			return 0;
	return ERR(err, -EINVAL, "%s: %s must be one of %s, not \"%.*s\"", where, k->key,
	           k->choices, value.len > 60 ? 60 : (int)value.len, value.ptr);
}

static int set(struct config *c, void *base, const struct config_key *k, struct str value,
               const char *where, struct err *err)
{
	struct buf range = BUF(256);
	uint64_t v;
	int r;

	if (!config_is_number(k->kind)) {
		const char *copy;

		r = check_text(k, value, where, err);
		if (r < 0)
			return r;
		copy = arena_strz(&c->mem_, value);
		if (!copy)
			return ERR(err, -ENOMEM, "%s: out of memory", where);
		*text_at(base, k) = copy;
		return 0;
	}
	r = config_get_number(k->kind, value, &v);
	if (r == 0 && v >= k->min && v <= k->max) {
		*number_at(base, k) = v;
		return 0;
	}
	config_put_range(&range, k);
	r = ERR(err, -EINVAL, "%s: %s must be %s, not \"%.*s\"", where, k->key,
	        buf_cstr(&range), value.len > 60 ? 60 : (int)value.len, value.ptr);
	buf_fini(&range);
	return r;
}

static int set_defaults(struct config *c, void *base, const char *section, struct err *err)
{
	for (size_t i = 0; i < config_nkeys; i++) {
		const struct config_key *k = &config_keys[i];
		bool here =
		    section ? strcmp(k->section, section) == 0 : !config_is_named(k->section);
		int r;

		if (!here)
			continue;
		r = set(c, base, k, str_of(k->def), "default", err);
		if (r < 0)
			return r;
	}
	return 0;
}

int config_init(struct config *c, struct err *err)
{
	*c = (struct config){ .mem_ = ARENA(MEM_MAX) };
	return set_defaults(c, c, NULL, err);
}

void config_fini(struct config *c)
{
	arena_fini(&c->mem_);
}

/* Lower-case letters, digits, - and _; it becomes an id in the API. */
static bool is_id(struct str s)
{
	if (s.len == 0 || s.len > 40)
		return false;
	for (size_t i = 0; i < s.len; i++) {
		char ch = s.ptr[i];

		if (!((ch >= 'a' && ch <= 'z') || (ch >= '0' && ch <= '9') || ch == '-' ||
		      ch == '_'))
			return false;
	}
	return true;
}

static int named_section(struct config *c, struct at *at, const char *kind, struct str name,
                         const char *where, struct err *err)
{
	bool is_type = strcmp(kind, "instance_type") == 0;
	size_t n = is_type ? c->ntypes : c->nimages;
	const char *id;

	if (!is_id(name))
		return ERR(err, -EINVAL,
		           "%s: [%s NAME] wants a name of a-z, 0-9, - and _, at most 40 long",
		           where, kind);
	for (size_t i = 0; i < n; i++)
		if (str_is(name, is_type ? c->types[i].id : c->images[i].id))
			return ERR(err, -EINVAL, "%s: a second [%s %.*s]", where, kind,
			           STR_ARG(name));
	if (n == (is_type ? CONFIG_TYPES_MAX : CONFIG_IMAGES_MAX))
		return ERR(err, -E2BIG, "%s: more than %zu sections [%s NAME]", where, n, kind);
	id = arena_strz(&c->mem_, name);
	if (!id)
		return ERR(err, -ENOMEM, "%s: out of memory", where);
	if (is_type) {
		c->types[n].id = id;
		at->base = &c->types[n];
		c->ntypes++;
	} else {
		c->images[n].id = id;
		at->base = &c->images[n];
		c->nimages++;
	}
	return set_defaults(c, at->base, kind, err);
}

static int section(struct config *c, struct at *at, struct str head, const char *where,
                   struct err *err)
{
	size_t space = str_chr(head, ' ', 0);
	struct str kind = str_sub(head, 0, space);
	struct str name = str_trim(str_sub(head, space, head.len));

	for (size_t i = 0; i < config_nkeys; i++) {
		const char *s = config_keys[i].section;

		if (!str_is(kind, s) ||
		    (is_hidden(&config_keys[i]) && at->from != CONFIG_FROM_PARENT))
			continue;
		(void)snprintf(at->section, sizeof(at->section), "%s", s);
		at->base = c;
		if (config_is_named(s))
			return named_section(c, at, s, name, where, err);
		if (name.len > 0)
			return ERR(err, -EINVAL, "%s: section [%s] has no name", where, s);
		return 0;
	}
	return ERR(err, -EINVAL, "%s: unknown section [%.*s]: carreld --config-help lists them",
	           where, head.len > 60 ? 60 : (int)head.len, head.ptr);
}

static int one_line(struct config *c, struct at *at, struct str line, struct err *err)
{
	const struct config_key *k;
	struct str key, value;
	char where[120];
	size_t eq;

	(void)snprintf(where, sizeof(where), "%s line %u", at->name, at->line);
	if (line.len > 0 && line.ptr[line.len - 1] == '\r')
		line.len--;
	line = str_trim(line);
	if (line.len == 0 || line.ptr[0] == '#')
		return 0;
	if (line.ptr[0] == '[') {
		if (line.ptr[line.len - 1] != ']')
			return ERR(err, -EINVAL, "%s: a section is written [name]", where);
		return section(c, at, str_trim(str_sub(line, 1, line.len - 1)), where, err);
	}
	eq = str_chr(line, '=', 0);
	if (eq == line.len)
		return ERR(err, -EINVAL, "%s: expected key = value", where);
	if (!at->section[0])
		return ERR(err, -EINVAL, "%s: a key before the first [section]", where);
	key = str_trim(str_sub(line, 0, eq));
	value = str_trim(str_sub(line, eq + 1, line.len));
	k = find(at->section, key);
	if (!k)
		return unknown_key(where, at->section, key, err);
	return set(c, at->base, k, value, where, err);
}

int config_parse(struct config *c, struct str text, const char *name, enum config_from from,
                 struct err *err)
{
	struct at at = { .name = name, .base = c, .from = from };
	struct str line;

	while (str_split(&text, '\n', &line)) {
		int r;

		at.line++;
		r = one_line(c, &at, line, err);
		if (r < 0)
			return r;
	}
	return 0;
}

int config_read(struct config *c, const char *path, struct err *err)
{
	struct buf b = BUF(CONFIG_FILE_MAX);
	int r;

	r = file_read(AT_FDCWD, path, &b, err);
	if (r == 0)
		r = config_parse(c, buf_str(&b), path, CONFIG_FROM_USER, err);
	buf_fini(&b);
	return r;
}

int config_arg(struct config *c, const char *arg, struct err *err)
{
	struct str s = str_of(arg);
	size_t eq = str_chr(s, '=', 0);
	const struct config_key *k;

	if (eq == s.len)
		return ERR(err, -EINVAL, "argument \"%s\": expected KEY=VALUE", arg);
	k = find(NULL, str_sub(s, 0, eq));
	if (!k || is_hidden(k))
		return unknown_key("argument", NULL, str_sub(s, 0, eq), err);
	return set(c, c, k, str_trim(str_sub(s, eq + 1, s.len)), "argument", err);
}

static const char *or_default(struct config *c, const char *value, struct str def)
{
	return value[0] ? value : arena_strz(&c->mem_, def);
}

/* A name as in DNS: letters, digits, - and dots between them. */
static bool is_host(struct str s)
{
	struct str rest = s, label;

	if (s.len == 0 || s.len > 253 || s.ptr[s.len - 1] == '.')
		return false;
	while (str_split(&rest, '.', &label)) {
		if (label.len == 0 || label.len > 63 || label.ptr[0] == '-')
			return false;
		for (size_t i = 0; i < label.len; i++) {
			int c = label.ptr[i] | 0x20;

			if (!((c >= 'a' && c <= 'z') ||
			      (label.ptr[i] >= '0' && label.ptr[i] <= '9') ||
			      label.ptr[i] == '-'))
				return false;
		}
	}
	return true;
}

/* Scheme, host and nothing else: "http://host[:port]", "https://host[:port]". */
static int check_console(const struct config *c, struct str *ret_host, struct err *err)
{
	struct str url = str_of(c->console_url), host, port;
	bool has_port;
	uint64_t number;
	size_t colon;

	if (str_starts(url, STR("http://")))
		host = str_sub(url, 7, url.len);
	else if (str_starts(url, STR("https://")))
		host = str_sub(url, 8, url.len);
	else
		return ERR(err, -EINVAL,
		           "console_url must begin with http:// or https://, not \"%s\"",
		           c->console_url);
	colon = str_chr(host, ':', 0);
	has_port = colon < host.len;
	port = str_sub(host, colon + 1, host.len);
	host = str_sub(host, 0, colon);
	if (!is_host(host) || (has_port && str_to_u64(port, 1, 65535, &number) < 0))
		return ERR(err, -EINVAL,
		           "console_url is scheme and host only, as in "
		           "https://carrel.example.org, not \"%.100s\"",
		           c->console_url);
	*ret_host = host;
	return 0;
}

static int check_network(const struct config *c, struct err *err)
{
	struct str net = str_of(c->network);
	size_t slash = str_chr(net, '/', 0);
	char text[INET_ADDRSTRLEN];
	struct in_addr a;

	if (!str_is(str_sub(net, slash, net.len), "/16") || slash >= sizeof(text))
		return ERR(err, -EINVAL,
		           "network must be a /16, as in 10.86.0.0/16, not \"%s\"", c->network);
	(void)snprintf(text, sizeof(text), "%.*s", (int)slash, net.ptr);
	if (inet_pton(AF_INET, text, &a) != 1 || (ntohl(a.s_addr) & 0xffff) != 0)
		return ERR(err, -EINVAL,
		           "network must end in .0.0/16, as in 10.86.0.0/16, not \"%s\"",
		           c->network);
	return 0;
}

static int check_zone(const struct config *c, struct err *err)
{
	struct tz *z = NULL;
	int r = tz_load(str_of(c->time_zone), &z, err);

	free(z);
	return r < 0 ? err_wrap(err, r, "time_zone") : 0;
}

static int check_proxies(const struct config *c, struct err *err)
{
	struct ip_nets nets;
	int r = ip_nets_parse(str_of(c->trusted_proxies), &nets, err);

	return r < 0 ? err_wrap(err, r, "trusted_proxies") : 0;
}

static int check(const struct config *c, struct err *err)
{
	struct gpu gpu[GPU_CLASSES_MAX];
	struct in6_addr any;
	bool found = false;
	unsigned n;

	if (inet_pton(AF_INET, c->address, &any) != 1 &&
	    inet_pton(AF_INET6, c->address, &any) != 1)
		return ERR(err, -EINVAL,
		           "address must be numeric, as in 127.0.0.1 or ::1, not \"%s\"",
		           c->address);
	if (strlen(c->currency) != 3 || strspn(c->currency, "ABCDEFGHIJKLMNOPQRSTUVWXYZ") != 3)
		return ERR(err, -EINVAL,
		           "currency must be three capital letters, as in USD, not \"%s\"",
		           c->currency);
	if (check_zone(c, err) < 0)
		return -EINVAL;
	if (check_proxies(c, err) < 0)
		return -EINVAL;
	if (c->auto_stop_min_s > c->auto_stop_default_s ||
	    c->auto_stop_default_s > c->auto_stop_max_s)
		return ERR(
		    err, -EINVAL,
		    "auto_stop_default must lie between auto_stop_min and auto_stop_max");
	if (c->storage_min_bytes > c->storage_default_bytes ||
	    c->storage_default_bytes > c->storage_max_bytes)
		return ERR(err, -EINVAL,
		           "storage_default must lie between storage_min and storage_max");
	if (gpus_parse(str_of(c->gpus), gpu, &n, err) < 0)
		return err_wrap(err, -EINVAL, "gpus");
	if (c->pool_stop_bytes > c->pool_low_bytes)
		return ERR(err, -EINVAL, "pool_stop must not be larger than pool_low");
	for (size_t i = 0; i < c->ntypes; i++)
		found = found || strcmp(c->types[i].id, c->default_type) == 0;
	if (!found)
		return ERR(err, -EINVAL,
		           "default_type is \"%s\", but there is no [instance_type %s]",
		           c->default_type, c->default_type);
	return check_network(c, err);
}

int config_finish(struct config *c, struct err *err)
{
	char lib[PATH_MAX];
	struct str host;
	int r;

	if (c->ntypes == 0) {
		r = config_parse(c, str_of(config_default_types), "built-in types",
		                 CONFIG_FROM_USER, err);
		if (r < 0)
			return r;
	}
	if (c->nimages == 0) {
		r = config_parse(c, str_of(config_default_images), "built-in images",
		                 CONFIG_FROM_USER, err);
		if (r < 0)
			return r;
	}
	for (size_t i = 0; i < c->ntypes; i++)
		c->types[i].title = or_default(c, c->types[i].title, str_of(c->types[i].id));
	for (size_t i = 0; i < c->nimages; i++)
		c->images[i].title = or_default(c, c->images[i].title, str_of(c->images[i].id));
	c->console_url = or_default(
	    c, c->console_url,
	    arena_printf(&c->mem_, "http://localhost:%llu", (unsigned long long)c->port));
	c->image_dir =
	    or_default(c, c->image_dir, arena_printf(&c->mem_, "%s/images", c->state));
	if (where_lib(lib, sizeof(lib)) < 0)
		(void)snprintf(lib, sizeof(lib), CARREL_LIBDIR);
	c->session_dir =
	    or_default(c, c->session_dir, arena_printf(&c->mem_, "%s/session", lib));
	c->shim = or_default(c, c->shim, arena_printf(&c->mem_, "%s/carrel-shim", lib));
	r = c->console_url ? check_console(c, &host, err) : 0;
	if (r < 0)
		return r;
	c->session_domain = or_default(c, c->session_domain, host);
	if (c->session_domain && !is_host(str_of(c->session_domain)))
		return ERR(err, -EINVAL,
		           "session_domain is a host name without a port, as in "
		           "sessions.example.org, not \"%.100s\"",
		           c->session_domain);
	if (arena_failed(&c->mem_))
		return ERR(err, -ENOMEM, "the configuration is too large");
	return check(c, err);
}
