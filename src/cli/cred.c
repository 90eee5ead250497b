/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/cred.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>

#include "base/file.h"
#include "base/json.h"

#define FILE_MAX ((size_t)64 * 1024)
#define URL_MAX  512

static int path_of(struct arena *a, const char **ret_dir, const char **ret_file,
                   struct err *err)
{
	const char *base = getenv("XDG_CONFIG_HOME"), *home = getenv("HOME");
	struct str dir;

	if (base && base[0] == '/')
		dir = arena_printf(a, "%s/carrel", base);
	else if (home && home[0] == '/')
		dir = arena_printf(a, "%s/.config/carrel", home);
	else
		return ERR(err, -ENOENT,
		           "HOME is not set, so there is no place for credentials");
	*ret_dir = dir.ptr;
	*ret_file = arena_printf(a, "%.*s/credentials", STR_ARG(dir)).ptr;
	return *ret_dir && *ret_file ? 0 : ERR(err, -ENOMEM, "out of memory");
}

static int parse(struct arena *a, struct str text, struct cred *ret, struct err *err)
{
	struct cred cred = { 0 };
	struct json *o;
	int r = json_parse(a, text, NULL, &o, err);

	if (r < 0)
		return r;
	cred.url = arena_strz(a, json_str_or(o, "url", STR("")));
	cred.token = arena_strz(a, json_str_or(o, "token", STR("")));
	if (!cred.url || !cred.url[0] || !cred.token || !cred.token[0])
		return ERR(err, -EINVAL, "address or token is missing");
	*ret = cred;
	return 0;
}

int cred_load(struct arena *a, struct cred *ret, struct err *err)
{
	struct buf b = BUF(FILE_MAX);
	const char *dir = NULL, *path = NULL;
	autoclose int fd = -1;
	struct stat st;
	struct str text;
	int r = path_of(a, &dir, &path, err);

	if (r < 0 || !path)
		return r;
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return ERR(err, -errno, "open %s: %m", path);
	if (fstat(fd, &st) < 0)
		return ERR(err, -errno, "%s: %m", path);
	if (st.st_mode & 077)
		return ERR(err, -EPERM, "others may read %s; end that with: chmod 600 %s", path,
		           path);
	r = file_read_fd(fd, &b, err);
	text = arena_str(a, buf_str(&b));
	buf_fini(&b);
	if (r == 0)
		r = parse(a, text, ret, err);
	return r < 0 ? err_wrap(err, r, "%s", path) : 0;
}

int cred_save(struct arena *a, const struct cred *cred, struct err *err)
{
	struct buf b = BUF(FILE_MAX);
	struct jsonw w = JSONW(&b);
	const char *dir = NULL, *path = NULL;
	int r = path_of(a, &dir, &path, err);

	if (r == 0)
		r = file_mkdirs(dir, 0700, err);
	if (r < 0)
		return r;
	jw_obj(&w);
	jw_kv_z(&w, "url", cred->url);
	jw_kv_z(&w, "token", cred->token);
	jw_obj_end(&w);
	buf_put_c(&b, '\n');
	r = buf_error(&b);
	if (r == 0)
		r = file_write_atomic(AT_FDCWD, path, buf_str(&b), 0600, err);
	buf_fini(&b);
	return r;
}

int cred_remove(struct arena *a, struct err *err)
{
	const char *dir = NULL, *path = NULL;
	int r = path_of(a, &dir, &path, err);

	if (r < 0 || !path)
		return r;
	if (unlink(path) < 0 && errno != ENOENT)
		return ERR(err, -errno, "remove %s: %m", path);
	return 0;
}

static bool host_is_local(struct str host)
{
	uint64_t n;
	struct str first = str_sub(host, 0, str_chr(host, '.', 0));

	return str_ieq(host, STR("localhost")) || str_is(host, "[::1]") ||
	       (str_is(first, "127") &&
	        str_to_u64(str_sub(host, host.len - 1, host.len), 0, 9, &n) == 0);
}

/* host[:port] of what follows the scheme; false if it is not just that. */
static bool split_host(struct str s, struct str *host)
{
	size_t end = s.len && s.ptr[0] == '[' ? str_chr(s, ']', 0) + 1 : str_chr(s, ':', 0);
	struct str port = str_sub(s, end, s.len);
	uint64_t n;

	*host = str_sub(s, 0, end);
	if (!host->len || end > s.len)
		return false;
	for (size_t i = 0; i < host->len; i++) {
		char c = host->ptr[i];

		if (c <= ' ' || c > '~' || strchr("@/?#\\%\"<>^`{|}", c))
			return false;
	}
	if (!port.len)
		return true;
	return port.ptr[0] == ':' && str_to_u64(str_sub(port, 1, port.len), 1, 65535, &n) == 0;
}

int cred_url(struct arena *a, struct str text, const char **ret, struct err *err)
{
	struct str rest = text, host, out;
	const char *scheme = NULL;

	if (str_starts(rest, STR("http://")))
		scheme = "http";
	else if (str_starts(rest, STR("https://")))
		scheme = "https";
	if (scheme)
		rest = str_sub(rest, strlen(scheme) + 3, rest.len);
	while (rest.len && rest.ptr[rest.len - 1] == '/')
		rest.len--;
	if (text.len > URL_MAX || !split_host(rest, &host))
		return ERR(err, -EINVAL,
		           "\"%.*s\" is not an address: write it as https://host or "
		           "http://localhost:8888",
		           (int)(text.len > 100 ? 100 : text.len), text.ptr);
	if (!scheme)
		scheme = host_is_local(host) ? "http" : "https";
	out = arena_printf(a, "%s://%.*s", scheme, STR_ARG(rest));
	if (!out.ptr)
		return ERR(err, -ENOMEM, "out of memory");
	*ret = out.ptr;
	return 0;
}

bool cred_url_is_local(const char *url)
{
	struct str s = str_of(url), host;
	size_t at = str_find(s, STR("://"));

	return at < s.len && split_host(str_sub(s, at + 3, s.len), &host) &&
	       host_is_local(host);
}
