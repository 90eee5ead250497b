/* SPDX-License-Identifier: Apache-2.0 */
/* A part of a file as JSON, for previews: GET /api/contents/…?offset=&length= */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>

#include "agent/contents.h"
#include "agent/mime.h"
#include "base/encode.h"

#define PART_MAX    ((size_t)1 << 20)
#define PART_USUAL  65536U
#define OFFSET_MAX_ (UINT64_C(1) << 62)

static bool number(struct call *c, const char *key, uint64_t min, uint64_t max, uint64_t *ret)
{
	struct str s = url_param(&c->r->url, key);

	if (!s.ptr || str_to_u64(s, min, max, ret) == 0)
		return true;
	agent_json_error(c->r, 400, NULL, "%s must be a number from %llu to %llu", key,
	                 (unsigned long long)min, (unsigned long long)max);
	return false;
}

/* The rest of a character that began before, at the front. */
static size_t tail_of_char(struct str s)
{
	size_t n = 0;

	while (n < s.len && n < 3 && ((unsigned char)s.ptr[n] & 0xc0) == 0x80)
		n++;
	return n;
}

/* As text when it is one between two whole characters. */
static bool as_text(struct str all, bool last, struct str *ret, size_t *skipped)
{
	struct str s = all;
	uint32_t state = 0;

	*skipped = tail_of_char(s);
	s = str_sub(s, *skipped, s.len);
	if (!last)
		s.len = utf8_whole(s);
	if (memchr(s.len ? s.ptr : "", 0, s.len) || !utf8_feed(&state, s) || state != 0)
		return false;
	*ret = s;
	return true;
}

static void reply(struct call *c, const struct entry *e, struct str data, uint64_t offset)
{
	bool insists = str_is(url_param(&c->r->url, "format"), "base64");
	uint64_t size = (uint64_t)e->st.st_size, end = offset + data.len;
	struct buf b = BUF(PART_MAX * 7), one = BUF(PART_MAX * 2);
	struct jsonw w = JSONW(&b);
	size_t skipped = 0;
	struct str text = STR_NONE;
	bool is_text = !insists && as_text(data, end >= size, &text, &skipped);

	if (is_text) {
		offset += skipped;
		end = offset + text.len;
	} else {
		base64_put(&one, data, 0);
	}
	jw_obj(&w);
	entry_put(&w, e, mime_guess(place_name(e->path)));
	contents_put_hash(&w, NULL);
	jw_kv_z(&w, "format", is_text ? "text" : "base64");
	jw_kv_str(&w, "content", is_text ? text : buf_str(&one));
	jw_kv_u64(&w, "offset", offset);
	jw_kv_u64(&w, "length", end - offset);
	jw_kv_bool(&w, "more", end < size);
	jw_obj_end(&w);
	call_touch(c, ACT_OPEN);
	call_reply(c, 200, &b);
	buf_fini(&b);
	buf_fini(&one);
}

void contents_get_part(struct call *c, struct str path)
{
	uint64_t offset = 0, length = PART_USUAL;
	struct buf b = BUF(PART_MAX);
	struct entry e;
	autoclose int fd = -1;
	char *to;
	ssize_t n;
	int r;

	if (!number(c, "offset", 0, OFFSET_MAX_, &offset) ||
	    !number(c, "length", 1, PART_MAX, &length))
		return;
	r = entry_load(c->a, path, &e); /* what is no file is not opened */
	if (r == 0 && e.type == ENTRY_DIR)
		r = -EOPNOTSUPP;
	if (r == 0) {
		fd = place_open(c->a, path, O_RDONLY | O_NONBLOCK);
		r = fd < 0 ? fd : entry_of_fd(fd, path, &e);
	}
	if (r < 0) {
		contents_fail(c, r, path, "read");
		return;
	}
	e.type = ENTRY_FILE;
	to = buf_reserve(&b, length);
	n = to ? pread(fd, to, length, (off_t)offset) : -1;
	if (n < 0) {
		contents_fail(c, to ? -errno : -ENOMEM, path, "read");
	} else {
		buf_commit(&b, (size_t)n);
		reply(c, &e, buf_str(&b), offset);
	}
	buf_fini(&b);
}
