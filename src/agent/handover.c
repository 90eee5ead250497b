/* SPDX-License-Identifier: Apache-2.0 */
#define _GNU_SOURCE
#include "agent/handover.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <sys/mman.h>
#include <sys/stat.h>

#include "agent/kernels.h"
#include "base/file.h"
#include "base/log.h"

#define MAGIC     "CRLSTATE"
#define VERSION   1U
#define STATE_MAX (512U << 20)
#define FDS_MAX   8192U
#define TAG_LEN   4U
#define SEALS     (F_SEAL_SEAL | F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE)
#define HEAD_MAX  (FDS_MAX * 4U + 65536U)

/* In the order in which they are loaded: a session names its kernel. */
static const struct hand_part *const parts[] = {
	/* clang-format off */
	&hand_agent, &hand_kernels, &hand_runs, &hand_sessions, &hand_terms, &hand_uploads,
	&hand_events, &hand_http,
	/* clang-format on */
};

struct handover {
	struct str text;
	void *map; /* of text; NULL: borrowed */
	boot_ns when;
	int *fds;
	uint32_t nfds;
	size_t parts_at;
	uint32_t nparts;
	bool real; /* the descriptors are ours */
	char *root, *token, *runtime_dir;
	bool session;
};

/* ---- writing ---- */

void hand_put_str(struct hand_out *out, struct str s)
{
	buf_put_u32le(&out->b, (uint32_t)s.len);
	buf_put_str(&out->b, s);
}

/* By its place in the list of descriptors, from 1. */
void hand_put_fd(struct hand_out *out, int fd)
{
	if (fd >= 0)
		buf_put(&out->fds, &fd, sizeof(fd));
	buf_put_u32le(&out->b, fd >= 0 ? (uint32_t)(buf_len(&out->fds) / sizeof(fd)) : 0);
}

static size_t count_fds(const struct hand_out *out)
{
	return buf_len(&out->fds) / sizeof(int);
}

static int fd_at(const struct hand_out *out, size_t i)
{
	int fd;

	memcpy(&fd, buf_str(&out->fds).ptr + i * sizeof(fd), sizeof(fd));
	return fd;
}

static void put_part(struct buf *b, const struct hand_part *p, struct str bytes)
{
	buf_put(b, p->tag, TAG_LEN);
	buf_put_u32le(b, p->version);
	buf_put_u64le(b, bytes.len);
	buf_put_str(b, bytes);
}

static void put_text(struct buf *b, const char *z)
{
	buf_put_u32le(b, (uint32_t)strlen(z));
	buf_put_z(b, z);
}

static void put_head(struct buf *b, const struct agent_cfg *cfg, const struct hand_out *out)
{
	buf_put_z(b, MAGIC);
	buf_put_u32le(b, VERSION);
	buf_put_u64le(b, time_boot_ns());
	buf_put_u32le(b, ARRAY_LEN(parts));
	put_text(b, cfg->root);
	put_text(b, cfg->token);
	put_text(b, cfg->runtime_dir);
	buf_put_u32le(b, cfg->session);
	buf_put_u32le(b, (uint32_t)count_fds(out));
	for (size_t i = 0; i < count_fds(out); i++)
		buf_put_u32le(b, (uint32_t)fd_at(out, i));
}

static int seal(struct str head, struct str body, struct err *err)
{
	autoclose int fd = memfd_create("carrel-state", MFD_CLOEXEC | MFD_ALLOW_SEALING);
	int r;

	if (fd < 0)
		return ERR(err, -errno, "no memory file for the state: %m");
	r = file_write_all(fd, head, err);
	if (r == 0)
		r = file_write_all(fd, body, err);
	if (r < 0)
		return r;
	if (fcntl(fd, F_ADD_SEALS, SEALS) < 0)
		return ERR(err, -errno, "the state can't be sealed: %m");
	return steal_fd(&fd);
}

int handover_save(struct agent *a, struct hand_out *out, int *ret_fd, struct err *err)
{
	struct buf body = BUF(STATE_MAX), head = BUF(HEAD_MAX);
	int r;

	*out = (struct hand_out){ .b = BUF(STATE_MAX), .fds = BUF(FDS_MAX * sizeof(int)) };
	for (size_t i = 0; i < ARRAY_LEN(parts); i++) {
		buf_clear(&out->b);
		parts[i]->save(a, out);
		if (buf_error(&out->b))
			break;
		put_part(&body, parts[i], buf_str(&out->b));
	}
	put_head(&head, a->cfg, out);
	if (buf_error(&out->b) || buf_error(&out->fds) || buf_error(&body) || buf_error(&head))
		r = ERR(err, -E2BIG, "the state is larger than a state may be");
	else
		r = seal(buf_str(&head), buf_str(&body), err);
	buf_fini(&out->b);
	buf_fini(&body);
	buf_fini(&head);
	if (r < 0)
		return r;
	*ret_fd = r;
	return 0;
}

void handover_keep(const struct hand_out *out, bool keep)
{
	for (size_t i = 0; i < count_fds(out); i++)
		(void)fcntl(fd_at(out, i), F_SETFD, keep ? 0 : FD_CLOEXEC);
}

void hand_out_fini(struct hand_out *out)
{
	buf_fini(&out->b);
	buf_fini(&out->fds);
}

bool handover_settled(const struct agent *a)
{
	for (size_t i = 0; i < ARRAY_LEN(parts); i++) {
		if (parts[i]->settled && !parts[i]->settled(a))
			return false;
	}
	return true;
}

void handover_leave(struct agent *a)
{
	for (size_t i = 0; i < ARRAY_LEN(parts); i++) {
		if (parts[i]->leave)
			parts[i]->leave(a);
	}
}

void handover_cut(struct agent *a)
{
	for (size_t i = 0; i < ARRAY_LEN(parts); i++) {
		if (parts[i]->cut)
			parts[i]->cut(a);
	}
}

size_t handover_busy(const struct agent *a)
{
	size_t n = 0;

	for (size_t i = 0; i < ARRAY_LEN(parts); i++)
		n += parts[i]->busy ? parts[i]->busy(a) : 0;
	return n;
}

/* ---- reading ---- */

struct str hand_str(struct hand_in *in, size_t max)
{
	uint32_t n = cur_u32le(&in->c);

	if (n > max)
		cur_fail(&in->c);
	return cur_bytes(&in->c, n);
}

void hand_text(struct hand_in *in, char *ret, size_t n)
{
	struct str s = hand_str(in, n - 1);

	if (s.len && memchr(s.ptr, 0, s.len))
		cur_fail(&in->c);
	if (cur_bad(&in->c))
		s = STR_NONE;
	if (s.len)
		memcpy(ret, s.ptr, s.len);
	ret[s.len] = '\0';
}

void hand_buf(struct hand_in *in, struct buf *b)
{
	struct str s = hand_str(in, buf_room(b));

	if (in->a && s.len)
		buf_put_str(b, s);
}

uint32_t hand_u32(struct hand_in *in, uint32_t max)
{
	uint32_t v = cur_u32le(&in->c);

	if (v <= max)
		return v;
	cur_fail(&in->c);
	return 0;
}

bool hand_bool(struct hand_in *in)
{
	return hand_u32(in, 1) == 1;
}

int hand_fd(struct hand_in *in)
{
	uint32_t i = hand_u32(in, in->nfds);
	int fd;

	if (i == 0)
		return -1;
	fd = in->fds[i - 1];
	if (fd < 0)
		cur_fail(&in->c);
	in->fds[i - 1] = -1;
	return fd;
}

static int bad(struct err *err, const char *what)
{
	return ERR(err, -EPROTO, "this is no state of an agent: %s", what);
}

static int read_fds(struct handover *h, struct cur *c, struct err *err)
{
	h->nfds = cur_u32le(c);
	if (h->nfds > FDS_MAX || cur_left(c) / 4 < h->nfds)
		return bad(err, "its list of descriptors is cut");
	h->fds = calloc(h->nfds + 1U, sizeof(*h->fds));
	if (!h->fds)
		return ERR(err, -ENOMEM, "no memory for a list of descriptors");
	for (uint32_t i = 0; i < h->nfds; i++) {
		uint32_t fd = cur_u32le(c);

		if (fd < 3 || fd > INT32_MAX)
			return bad(err, "a descriptor can't have that number");
		for (uint32_t k = 0; k < i; k++) {
			if (h->fds[k] == (int)fd)
				return bad(err, "a descriptor stands there twice");
		}
		h->fds[i] = (int)fd;
	}
	return 0;
}

static char *own_text(struct hand_in *in)
{
	struct str s = hand_str(in, PATH_MAX);
	char *z = cur_bad(&in->c) ? NULL : str_dup_z(s);

	if (!z)
		cur_fail(&in->c);
	return z;
}

static int read_head(struct handover *h, struct err *err)
{
	struct hand_in in = { .c = cur_of(h->text) };
	uint32_t version;
	int r;

	if (!str_is(cur_bytes(&in.c, sizeof(MAGIC) - 1), MAGIC))
		return bad(err, "it does not begin like one");
	version = cur_u32le(&in.c);
	if (version != VERSION)
		return ERR(err, -EPROTO, "the state has version %u, and this program knows %u",
		           version, VERSION);
	h->when = cur_u64le(&in.c);
	h->nparts = hand_u32(&in, ARRAY_LEN(parts));
	h->root = own_text(&in);
	h->token = own_text(&in);
	h->runtime_dir = own_text(&in);
	h->session = hand_bool(&in);
	r = read_fds(h, &in.c, err);
	if (r < 0)
		return r;
	if (cur_bad(&in.c))
		return bad(err, "its head is cut");
	h->parts_at = h->text.len - cur_left(&in.c);
	return 0;
}

int handover_parse(struct str text, struct handover **ret, struct err *err)
{
	struct handover *h = xcalloc(1, sizeof(*h));
	int r;

	h->text = text;
	r = read_head(h, err);
	if (r < 0) {
		handover_free(h);
		return r;
	}
	*ret = h;
	return 0;
}

static int map_file(int fd, void **ret, size_t *ret_len, struct err *err)
{
	int seals = fcntl(fd, F_GET_SEALS);
	struct stat st;
	void *map = NULL;

	/* Linux adds a seal of its own where vm.memfd_noexec is set. */
	if (seals < 0 || (seals & SEALS) != SEALS || fstat(fd, &st) < 0)
		return ERR(err, -EBADF, "descriptor %d is not the state of an agent", fd);
	if (st.st_size <= 0 || st.st_size > (off_t)STATE_MAX + HEAD_MAX)
		return bad(err, "it is empty, or too large");
	map = mmap(NULL, (size_t)st.st_size, PROT_READ, MAP_PRIVATE, fd, 0);
	if (map == MAP_FAILED)
		return ERR(err, -errno, "the state can't be read: %m");
	*ret = map;
	*ret_len = (size_t)st.st_size;
	return 0;
}

/* All are there, or nothing of it can be trusted. */
static int own_fds(struct handover *h, struct err *err)
{
	for (uint32_t i = 0; i < h->nfds; i++) {
		if (fcntl(h->fds[i], F_SETFD, FD_CLOEXEC) < 0)
			return bad(err, "a descriptor in it is not open");
	}
	h->real = true;
	return 0;
}

int handover_open(int fd, struct handover **ret, struct err *err)
{
	struct handover *h = NULL;
	size_t len = 0;
	void *map = NULL;
	int r = map_file(fd, &map, &len, err);

	if (r < 0)
		return r;
	(void)close(fd);
	r = handover_parse((struct str){ map, len }, &h, err);
	if (r < 0) {
		(void)munmap(map, len);
		return r;
	}
	h->map = map;
	r = own_fds(h, err);
	if (r < 0) {
		handover_free(h);
		return r;
	}
	*ret = h;
	return 0;
}

const char *handover_root(const struct handover *h)
{
	return h->root;
}

const char *handover_token(const struct handover *h)
{
	return h->token;
}

const char *handover_runtime_dir(const struct handover *h)
{
	return h->runtime_dir;
}

bool handover_of_session(const struct handover *h)
{
	return h->session;
}

static const struct hand_part *part_of(struct str tag)
{
	for (size_t i = 0; i < ARRAY_LEN(parts); i++) {
		if (str_is(tag, parts[i]->tag))
			return parts[i];
	}
	return NULL;
}

static int load_part(struct hand_in *in, struct cur *c, struct err *err)
{
	struct str tag = cur_bytes(c, TAG_LEN);
	const struct hand_part *p = part_of(tag);
	uint64_t len;
	int r;

	in->version = cur_u32le(c);
	len = cur_u64le(c);
	if (cur_bad(c) || len > cur_left(c))
		return bad(err, "a part is cut");
	if (!p || in->version == 0 || in->version > p->version)
		return ERR(err, -EPROTO,
		           "the state has a part %.*s in version %u, which this program does "
		           "not know",
		           STR_ARG(tag), in->version);
	in->c = cur_of(cur_bytes(c, (size_t)len));
	r = p->load(in, err);
	if (r == 0 && !cur_done(&in->c))
		r = bad(err, "a part does not hold what it should");
	return r < 0 ? err_wrap(err, r, "part %s", p->tag) : 0;
}

int handover_load(struct handover *h, struct agent *a, struct err *err)
{
	struct cur c = cur_of(str_sub(h->text, h->parts_at, h->text.len));
	struct hand_in in = { .a = a, .nfds = h->nfds };
	int r = 0;

	in.fds = calloc(h->nfds + 1U, sizeof(*in.fds));
	if (!in.fds)
		return ERR(err, -ENOMEM, "no memory for a list of descriptors");
	memcpy(in.fds, h->fds, h->nfds * sizeof(*in.fds));
	for (uint32_t i = 0; i < h->nparts && r == 0; i++)
		r = load_part(&in, &c, err);
	if (r == 0 && !cur_done(&c))
		r = bad(err, "more follows than its parts");
	for (uint32_t i = 0; i < h->nfds && r == 0; i++) {
		if (in.fds[i] >= 0)
			r = bad(err, "a descriptor belongs to nobody");
	}
	if (a) { /* what was taken is not ours any more */
		memcpy(h->fds, in.fds, h->nfds * sizeof(*in.fds));
		log_event(LOG_INFO, "taken_over", LI("kernels", kernels_count(a)),
		          LI("us", (time_boot_ns() - h->when) / 1000));
	}
	free(in.fds);
	return r;
}

void handover_free(struct handover *h)
{
	if (!h)
		return;
	for (uint32_t i = 0; h->real && i < h->nfds; i++)
		own_close(&h->fds[i]);
	if (h->map)
		(void)munmap(h->map, h->text.len);
	free(h->fds);
	free(h->root);
	free(h->token);
	free(h->runtime_dir);
	free(h);
}
