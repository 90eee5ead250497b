/* SPDX-License-Identifier: Apache-2.0 */
#define _GNU_SOURCE
#include "agent/sendfile.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <sys/stat.h>

int range_parse(struct str field, uint64_t size, uint64_t *off, uint64_t *len)
{
	struct str s, from, to;
	uint64_t a = 0, b = size ? size - 1 : 0;
	size_t dash;

	if (!str_starts(field, STR("bytes=")))
		return -EINVAL;
	s = str_trim(str_sub(field, 6, field.len));
	dash = str_chr(s, '-', 0);
	/* Several ranges at once: nobody here asks for them, the whole file is right. */
	if (dash == s.len || str_chr(s, ',', 0) < s.len)
		return -EINVAL;
	from = str_sub(s, 0, dash);
	to = str_sub(s, dash + 1, s.len);
	if (!from.len) {
		if (str_to_u64(to, 0, UINT64_MAX, &b) < 0)
			return -EINVAL;
		if (b == 0 || size == 0)
			return -ERANGE;
		a = b > size ? 0 : size - b;
		b = size - 1;
	} else {
		if (str_to_u64(from, 0, UINT64_MAX, &a) < 0 ||
		    (to.len && str_to_u64(to, 0, UINT64_MAX, &b) < 0))
			return -EINVAL;
		if (to.len && b < a)
			return -EINVAL;
		if (a >= size)
			return -ERANGE;
		if (b >= size)
			b = size - 1;
	}
	*off = a;
	*len = b - a + 1;
	return 0;
}

/* Is `coding` accepted (not with q=0)? */
static bool accepts(struct call *c, const char *coding)
{
	struct str all = http_get(&c->r->head, "Accept-Encoding"), part;

	while (all.len && str_split(&all, ',', &part)) {
		size_t semi = str_chr(part, ';', 0);
		struct str q = str_trim(str_sub(part, semi + 1, part.len));

		if (str_ieq(str_trim(str_sub(part, 0, semi)), str_of(coding)))
			return !str_is(q, "q=0") && !str_is(q, "q=0.0");
	}
	return false;
}

static int open_twin(struct call *c, int dirfd, const char *name, const char *coding,
                     const char *suffix)
{
	char path[PATH_MAX];

	if (!accepts(c, coding) ||
	    snprintf(path, sizeof(path), "%s%s", name, suffix) >= (int)sizeof(path))
		return -1;
	return openat(dirfd, path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
}

/* The smallest form that the browser takes. */
static void choose_twin(struct call *c, int *fd, int dirfd, const char *name)
{
	const char *coding = "br";
	int twin = open_twin(c, dirfd, name, "br", ".br");

	if (twin < 0) {
		coding = "gzip";
		twin = open_twin(c, dirfd, name, "gzip", ".gz");
	}
	http_hdr(c->r, "Vary", STR("Accept-Encoding"));
	if (twin < 0)
		return;
	(void)close(*fd);
	*fd = twin;
	http_hdr(c->r, "Content-Encoding", str_of(coding));
}

static bool not_modified(struct call *c, const struct stat *st)
{
	wall_us since;

	/* If-Modified-Since counts in seconds. */
	return time_parse_http(http_get(&c->r->head, "If-Modified-Since"), &since) == 0 &&
	       (wall_us)st->st_mtim.tv_sec * 1000000 <= since;
}

static void on_free(struct http_req *r)
{
	struct agent *a = call_of(r)->a;

	a->activity.transfers--;
	agent_touch(a, ACT_OPEN);
}

void send_fd(struct call *c, int fd, int dirfd, const char *name, const struct send_opts *o)
{
	char when[TIME_RFC3339_MAX];
	uint64_t off = 0, len;
	struct stat st;
	int r;

	if (fstat(fd, &st) < 0) {
		(void)close(fd);
		agent_json_error(c->r, 500, NULL, "The file can't be read");
		return;
	}
	time_http((wall_us)st.st_mtim.tv_sec * 1000000, when);
	http_hdr(c->r, "Last-Modified", str_of(when));
	http_hdr(c->r, "Cache-Control", str_of(o->cache));
	if (not_modified(c, &st)) {
		(void)close(fd);
		http_reply(c->r, 304, STR(""));
		return;
	}
	http_hdr(c->r, "Content-Type", str_of(o->mime ? o->mime : "application/octet-stream"));
	if (o->twins && name) {
		choose_twin(c, &fd, dirfd, name);
		if (fstat(fd, &st) < 0) {
			(void)close(fd);
			http_abort(c->r);
			return;
		}
	} else {
		http_hdr(c->r, "Accept-Ranges", STR("bytes"));
	}
	len = (uint64_t)st.st_size;
	r = o->twins ? -EINVAL : range_parse(http_get(&c->r->head, "Range"), len, &off, &len);
	if (r == -ERANGE) {
		(void)close(fd);
		http_hdrf(c->r, "Content-Range", "bytes */%llu",
		          (unsigned long long)st.st_size);
		http_reply(c->r, 416, STR(""));
		return;
	}
	if (r == 0)
		http_hdrf(c->r, "Content-Range", "bytes %llu-%llu/%llu",
		          (unsigned long long)off, (unsigned long long)(off + len - 1),
		          (unsigned long long)st.st_size);
	if (o->transfer) {
		c->a->activity.transfers++;
		c->r->on_free = on_free;
	}
	http_reply_fd(c->r, r == 0 ? 206 : 200, fd, off, len);
}
