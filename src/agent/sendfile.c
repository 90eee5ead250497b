/* SPDX-License-Identifier: Apache-2.0 */
#define _GNU_SOURCE
#include "agent/sendfile.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <sys/stat.h>

#include "agent/cond.h"

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

static void put_tag(const struct stat *st, char ret[COND_TAG_MAX])
{
	(void)snprintf(ret, COND_TAG_MAX, "\"%llx-%llx-%llx.%lx\"",
	               (unsigned long long)st->st_ino, (unsigned long long)st->st_size,
	               (unsigned long long)st->st_mtim.tv_sec,
	               (unsigned long)st->st_mtim.tv_nsec);
}

/* Last-Modified, ETag, Cache-Control; true when these were the whole answer. */
static bool answered(struct call *c, const struct cond_file *f, const struct send_opts *o)
{
	char when[TIME_RFC3339_MAX];
	enum cond cond = cond_check(&c->r->head, f);

	time_http(f->mtime, when);
	http_hdr(c->r, "Last-Modified", str_of(when));
	http_hdr(c->r, "Cache-Control", str_of(o->cache));
	/* The coded forms beside a file would need tags of their own. */
	if (!o->twins)
		http_hdr(c->r, "ETag", f->tag);
	if (cond == COND_SEND)
		return false;
	http_reply(c->r, cond == COND_SAME ? 304 : 412, STR(""));
	return true;
}

static void on_free(struct http_req *r)
{
	struct agent *a = call_of(r)->a;

	a->activity.transfers--;
	call_touch(call_of(r), ACT_OPEN);
}

void send_fd(struct call *c, int fd, int dirfd, const char *name, const struct send_opts *o)
{
	char tag[COND_TAG_MAX];
	struct cond_file f;
	uint64_t off = 0, len;
	struct stat st;
	int r = -EINVAL;

	if (fstat(fd, &st) < 0) {
		(void)close(fd);
		agent_json_error(c->r, 500, NULL, "The file can't be read");
		return;
	}
	put_tag(&st, tag);
	f = (struct cond_file){ str_of(tag), (wall_us)st.st_mtim.tv_sec * 1000000 };
	if (answered(c, &f, o)) {
		(void)close(fd);
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
	if (!o->twins && cond_if_range(&c->r->head, &f))
		r = range_parse(http_get(&c->r->head, "Range"), len, &off, &len);
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
