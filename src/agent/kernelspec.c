/* SPDX-License-Identifier: Apache-2.0 */
#define _GNU_SOURCE
#include "agent/kernelspec.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>

#include "agent/kernels.h"
#include "agent/python.h"
#include "base/encode.h"
#include "base/file.h"

#define FILE_MAX (256U << 10)
#define DIRS_MAX 16U

static bool is_name(struct str s)
{
	for (size_t i = 0; i < s.len; i++) {
		char c = s.ptr[i];

		if (!((c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
		      (c >= '0' && c <= '9') || c == '.' || c == '_' || c == '-'))
			return false;
	}
	return s.len > 0 && s.len <= 128 && s.ptr[0] != '.';
}

static struct str lower(struct arena *m, struct str s)
{
	char *to = arena_strz(m, s);

	for (char *c = to; c && *c; c++) {
		if (*c >= 'A' && *c <= 'Z')
			*c = (char)(*c - 'A' + 'a');
	}
	return to ? (struct str){ to, s.len } : STR_NONE;
}

/* Where Jupyter looks: JUPYTER_PATH, the user's data, the interpreter's
 * prefix, the system. */
static size_t places(struct agent *a, struct arena *m, const char *ret[DIRS_MAX])
{
	struct str extra = str_of(python_env(a, "JUPYTER_PATH")), part;
	const char *prefix = python_prefix(a, m);
	size_t n = 0;

	while (n < DIRS_MAX - 4 && extra.ptr && str_split(&extra, ':', &part)) {
		if (part.len)
			ret[n++] = arena_printf(m, "%.*s/kernels", STR_ARG(part)).ptr;
	}
	if (a->cfg->data_dir)
		ret[n++] = arena_printf(m, "%s/kernels", a->cfg->data_dir).ptr;
	if (prefix)
		ret[n++] = arena_printf(m, "%s/share/jupyter/kernels", prefix).ptr;
	ret[n++] = "/usr/local/share/jupyter/kernels";
	ret[n++] = "/usr/share/jupyter/kernels";
	return n;
}

static int take_argv(struct arena *m, const struct json *spec, struct kspec *s, struct err *err)
{
	const struct json *argv = json_get(spec, "argv");
	size_t n = 0;

	if (!argv || argv->type != JSON_ARRAY || argv->n == 0 || argv->n > KSPEC_ARGS_MAX)
		return ERR(err, -EINVAL, "\"argv\" must be a list of 1 to %u strings",
		           KSPEC_ARGS_MAX);
	json_for_each(v, argv)
	{
		s->argv[n] = v->type == JSON_STRING ? arena_strz(m, v->text) : NULL;
		if (!s->argv[n++])
			return ERR(err, -EINVAL, "\"argv\" must be a list of strings");
	}
	s->argv_json = argv->raw;
	return 0;
}

static struct str raw_object(const struct json *o, const char *key, const struct json **ret)
{
	const struct json *v = json_get(o, key);

	if (!v || v->type != JSON_OBJECT)
		return STR("{}");
	if (ret)
		*ret = v;
	return v->raw;
}

/* libzmq is below every kernel in Python, and below R's. */
static bool knows_ipc(const char *program)
{
	const char *slash = strrchr(program, '/');
	struct str name = str_of(slash ? slash + 1 : program);

	return str_starts(name, STR("python")) || str_is(name, "R") || str_is(name, "Rscript");
}

static int parse(struct arena *m, struct str text, struct kspec *s, struct err *err)
{
	const struct json *metadata = NULL;
	struct str transport;
	uint64_t cull = 0;
	struct json *spec;
	int r = json_parse(m, text, &(struct json_limits){ .lax_dup = true }, &spec, err);

	if (r < 0)
		return r;
	r = take_argv(m, spec, s, err);
	if (r < 0)
		return r;
	s->env_json = raw_object(spec, "env", &s->env);
	s->metadata_json = raw_object(spec, "metadata", &metadata);
	s->display_name = json_str_or(spec, "display_name", s->name);
	s->language = json_str_or(spec, "language", STR(""));
	s->protocol = json_str_or(spec, "kernel_protocol_version", STR(""));
	s->interrupt_by_message =
	    str_is(json_str_or(spec, "interrupt_mode", STR("signal")), "message");
	transport = json_str_or(json_get(metadata, "carrel"), "transport", STR(""));
	s->tcp =
	    str_is(transport, "tcp") || (!str_is(transport, "ipc") && !knows_ipc(s->argv[0]));
	s->has_cull = json_get_u64(metadata, "cull_idle_timeout", 1U << 30, &cull) == 0;
	s->cull_seconds = (unsigned)cull;
	return 0;
}

static int read_spec(struct arena *m, const char *place, struct str folder, struct kspec **ret,
                     struct err *err)
{
	struct kspec *s = ARENA_NEW(m, struct kspec);
	struct buf b = BUF(FILE_MAX);
	struct str text, path;
	int r;

	path = arena_printf(m, "%s/%.*s/kernel.json", place, STR_ARG(folder));
	if (!s || !path.ptr)
		return ERR(err, -ENOMEM, "no memory for kernel specs");
	r = file_read(AT_FDCWD, path.ptr, &b, err);
	text = arena_str(m, buf_str(&b));
	buf_fini(&b);
	if (r < 0)
		return r;
	s->name = lower(m, folder);
	s->dir = arena_printf(m, "%s/%.*s", place, STR_ARG(folder)).ptr;
	if (!text.ptr || !s->name.ptr || !s->dir)
		return ERR(err, -ENOMEM, "no memory for kernel specs");
	r = parse(m, text, s, err);
	if (r < 0)
		return err_wrap(err, r, "%s", path.ptr);
	*ret = s;
	return 0;
}

/* Debian's and pip's ipykernel carry no kernel.json of their own until it is
 * installed; its logos are in the package. */
static struct kspec *made_up(struct agent *a, struct arena *m)
{
	const char *package = python_package(a, m, "ipykernel");
	struct kspec *s = package ? ARENA_NEW(m, struct kspec) : NULL;
	static const char text[] =
	    "{\"argv\":[\"python3\",\"-m\",\"ipykernel_launcher\",\"-f\",\"{connection_file}\"]"
	    ","
	    "\"display_name\":\"Python 3 (ipykernel)\",\"language\":\"python\","
	    "\"metadata\":{\"debugger\":true}}";

	if (!s)
		return NULL;
	s->name = STR(KSPEC_DEFAULT);
	s->dir = arena_printf(m, "%s/resources", package).ptr;
	return s->dir && parse(m, STR(text), s, NULL) == 0 ? s : NULL;
}

static bool is_known(struct kspec *const *list, size_t n, struct str name)
{
	for (size_t i = 0; i < n; i++) {
		if (str_ieq(list[i]->name, name))
			return true;
	}
	return false;
}

static void scan(struct arena *m, const char *place, struct kspec **list, size_t *n)
{
	DIR *d = place ? opendir(place) : NULL;
	struct dirent *e;

	while (d && *n < KSPEC_MAX && (e = readdir(d))) {
		struct str folder = str_of(e->d_name);

		/* A spec that can't be read is no spec; others are not its fault. */
		if (is_name(folder) && !is_known(list, *n, folder) &&
		    read_spec(m, place, folder, &list[*n], NULL) == 0)
			(*n)++;
	}
	if (d)
		closedir(d);
}

int kspec_list(struct agent *a, struct arena *m, struct kspec ***ret, size_t *ret_n,
               struct err *err)
{
	struct kspec **list = ARENA_NEWS(m, struct kspec *, KSPEC_MAX + 1);
	const char *dirs[DIRS_MAX];
	size_t n = 0, ndirs = places(a, m, dirs);

	if (!list)
		return ERR(err, -ENOMEM, "no memory for kernel specs");
	for (size_t i = 0; i < ndirs; i++)
		scan(m, dirs[i], list, &n);
	if (!is_known(list, n, STR(KSPEC_DEFAULT))) {
		struct kspec *s = made_up(a, m);

		if (s)
			list[n++] = s;
	}
	if (arena_failed(m))
		return ERR(err, -ENOMEM, "no memory for kernel specs");
	*ret = list;
	*ret_n = n;
	return 0;
}

int kspec_find(struct agent *a, struct arena *m, struct str name, struct kspec **ret,
               struct err *err)
{
	const char *dirs[DIRS_MAX];
	size_t ndirs = places(a, m, dirs), n = 0;
	struct kspec **list = NULL;

	if (name.len == 0)
		name = kspec_default(a, m);
	if (!is_name(name))
		return ERR(err, -ENOENT, "No such kernel named %.*s",
		           STR_ARG(str_sub(name, 0, 100)));
	for (size_t i = 0; i < ndirs; i++) {
		int r = dirs[i] ? read_spec(m, dirs[i], name, ret, err) : -ENOENT;

		if (r == 0 || (r != -ENOENT && r != -ENOTDIR))
			return r;
	}
	/* Names count without case, and `python` is what old clients call it. */
	if (str_is(name, "python"))
		name = STR(KSPEC_DEFAULT);
	if (kspec_list(a, m, &list, &n, err) == 0) {
		for (size_t i = 0; i < n; i++) {
			if (str_ieq(list[i]->name, name)) {
				*ret = list[i];
				return 0;
			}
		}
	}
	return ERR(err, -ENOENT, "No such kernel named %.*s", STR_ARG(name));
}

struct str kspec_default(struct agent *a, struct arena *m)
{
	struct kspec **list = NULL;
	size_t n = 0;

	if (kspec_list(a, m, &list, &n, NULL) < 0 || n == 0 ||
	    is_known(list, n, STR(KSPEC_DEFAULT)))
		return STR(KSPEC_DEFAULT);
	return list[0]->name;
}

static const char *substitute(struct agent *a, struct arena *m, const char *arg,
                              const struct kspec *s, const struct kspec_vars *v)
{
	const struct {
		struct str name;
		const char *value;
	} vars[] = {
		{ STR("{connection_file}"), v->connection_file },
		{ STR("{resource_dir}"), s->dir },
		{ STR("{prefix}"), python_prefix(a, m) },
	};
	struct buf b = BUF(65536);
	struct str rest = str_of(arg);
	const char *ret;

	while (rest.len) {
		bool found = false;

		for (size_t i = 0; i < ARRAY_LEN(vars) && !found; i++) {
			if (!vars[i].value || !str_starts(rest, vars[i].name))
				continue;
			buf_put_z(&b, vars[i].value);
			rest = str_sub(rest, vars[i].name.len, rest.len);
			found = true;
		}
		if (!found) {
			buf_put_c(&b, rest.ptr[0]);
			rest = str_sub(rest, 1, rest.len);
		}
	}
	ret = buf_error(&b) ? NULL : arena_strz(m, buf_str(&b));
	buf_fini(&b);
	return ret;
}

/* `python`, `python3` and `python3.11` mean the interpreter of the session. */
static bool is_python(const char *arg)
{
	struct str s = str_of(arg);

	if (str_is(s, "python") || str_is(s, "python3"))
		return true;
	if (!str_starts(s, STR("python3.")) || s.len < 9)
		return false;
	for (size_t i = 8; i < s.len; i++) {
		if (s.ptr[i] < '0' || s.ptr[i] > '9')
			return false;
	}
	return true;
}

int kspec_argv(struct agent *a, struct arena *m, const struct kspec *s,
               const struct kspec_vars *v, const char *const **ret, struct err *err)
{
	const char **argv = ARENA_NEWS(m, const char *, KSPEC_ARGS_MAX + 1);
	const char *python = python_path(a, m);

	for (size_t i = 0; argv && s->argv[i]; i++) {
		argv[i] = i == 0 && python && is_python(s->argv[0])
		              ? python
		              : substitute(a, m, s->argv[i], s, v);
		if (!argv[i])
			argv = NULL;
	}
	if (!argv)
		return ERR(err, -ENOMEM, "the kernel's command line is too long");
	*ret = argv;
	return 0;
}

/* string.Template's safe_substitute: $NAME and ${NAME}; unknown ones stay. */
static const char *expand(struct agent *a, struct arena *m, struct str s)
{
	struct buf b = BUF(65536);
	const char *ret;

	for (size_t i = 0; i < s.len;) {
		size_t from = i + 1, to;
		char name[128];
		const char *value;
		bool braces;

		if (s.ptr[i] != '$') {
			buf_put_c(&b, s.ptr[i++]);
			continue;
		}
		if (from < s.len && s.ptr[from] == '$') {
			buf_put_c(&b, '$');
			i += 2;
			continue;
		}
		braces = from < s.len && s.ptr[from] == '{';
		if (braces)
			from++;
		for (to = from; to < s.len; to++) {
			char c = s.ptr[to];

			if (!((c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || c == '_' ||
			      (c >= '0' && c <= '9' && to > from)))
				break;
		}
		value = NULL;
		if (to > from && to - from < sizeof(name) &&
		    (!braces || (to < s.len && s.ptr[to] == '}'))) {
			memcpy(name, s.ptr + from, to - from);
			name[to - from] = '\0';
			value = python_env(a, name);
		}
		if (!value) {
			buf_put_c(&b, s.ptr[i++]);
			continue;
		}
		buf_put_z(&b, value);
		i = to + (braces ? 1 : 0);
	}
	ret = buf_error(&b) ? NULL : arena_strz(m, buf_str(&b));
	buf_fini(&b);
	return ret;
}

/* Replaces a variable of that name, or adds one; env has room for it. */
static int set_env(struct arena *m, const char **env, size_t *n, const char *name,
                   const char *value)
{
	struct str line = arena_printf(m, "%s=%s", name, value);
	size_t len = strlen(name);

	if (!line.ptr)
		return -ENOMEM;
	for (size_t i = 0; i < *n; i++) {
		if (strncmp(env[i], name, len) == 0 && env[i][len] == '=') {
			env[i] = line.ptr;
			return 0;
		}
	}
	env[(*n)++] = line.ptr;
	return 0;
}

int kspec_env(struct agent *a, struct arena *m, const struct kspec *s,
              const struct kspec_vars *v, const char *const **ret, struct err *err)
{
	size_t n = 0, own = s->env ? s->env->n : 0;
	const char **env;
	int r = 0;

	while (a->cfg->env && a->cfg->env[n])
		n++;
	env = ARENA_NEWS(m, const char *, n + own + 8);
	if (!env)
		return ERR(err, -ENOMEM, "no memory for the kernel's environment");
	for (size_t i = 0; i < n; i++)
		env[i] = a->cfg->env[i];
	if (a->cfg->path)
		r = set_env(m, env, &n, "PATH", a->cfg->path);
	json_for_each(e, s->env)
	{
		const char *key = arena_strz(m, e->key);
		const char *value = e->type == JSON_STRING ? expand(a, m, e->text) : NULL;

		if (key && *key && !strchr(key, '=') && value && r == 0)
			r = set_env(m, env, &n, key, value);
	}
	/* 1: ipykernel polls no parent, and prints no banner for other clients. */
	if (r == 0)
		r = set_env(m, env, &n, "JPY_PARENT_PID", "1");
	if (r == 0 && v->session_name)
		r = set_env(m, env, &n, "JPY_SESSION_NAME", v->session_name);
	if (r < 0)
		return ERR(err, r, "no memory for the kernel's environment");
	*ret = env;
	return 0;
}

static void put_resources(const struct kspec *s, struct str base, struct jsonw *w)
{
	DIR *d = opendir(s->dir);
	struct dirent *e;

	while (d && (e = readdir(d))) {
		struct str file = str_of(e->d_name), key = file;
		struct buf url = BUF(4096);

		if (str_starts(file, STR("logo-")))
			key = str_sub(file, 0, str_chr(file, '.', 0));
		else if (!str_is(file, "kernel.js") && !str_is(file, "kernel.css"))
			continue;
		buf_put_str(&url, base);
		buf_put_z(&url, "kernelspecs/");
		pct_put(&url, s->name, NULL);
		buf_put_c(&url, '/');
		pct_put(&url, file, NULL);
		jw_key_str(w, key);
		jw_str(w, buf_str(&url));
		buf_fini(&url);
	}
	if (d)
		closedir(d);
}

void kspec_put(const struct kspec *s, struct str base, struct jsonw *w)
{
	jw_obj(w);
	jw_kv_str(w, "name", s->name);
	jw_key(w, "spec");
	jw_obj(w);
	jw_kv_raw(w, "argv", s->argv_json);
	jw_kv_raw(w, "env", s->env_json);
	jw_kv_str(w, "display_name", s->display_name);
	jw_kv_str(w, "language", s->language);
	jw_kv_z(w, "interrupt_mode", s->interrupt_by_message ? "message" : "signal");
	jw_kv_raw(w, "metadata", s->metadata_json);
	if (s->protocol.len)
		jw_kv_str(w, "kernel_protocol_version", s->protocol);
	jw_obj_end(w);
	jw_key(w, "resources");
	jw_obj(w);
	put_resources(s, base, w);
	jw_obj_end(w);
	jw_obj_end(w);
}

int kernelspec_file(struct agent *a, struct str spec, struct str file, char *ret, size_t n)
{
	struct arena m = ARENA(1U << 20);
	struct kspec *s = NULL;
	int len, r = kspec_find(a, &m, spec, &s, NULL);

	if (r == 0 && (file.len == 0 || memchr(file.ptr, '/', file.len) ||
	               memchr(file.ptr, 0, file.len) || file.ptr[0] == '.'))
		r = -ENOENT;
	if (r == 0 && s) {
		len = snprintf(ret, n, "%s/%.*s", s->dir, STR_ARG(file));
		if (len < 0 || (size_t)len >= n || access(ret, R_OK) < 0)
			r = -ENOENT;
	}
	arena_fini(&m);
	return r < 0 ? -ENOENT : 0;
}
