/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A run's messages into its log and its outputs out of it. The log is bounded:
 * where something in it undoes something else (carriage returns, clear_output,
 * updates), it is replaced by what comes of it; what is still too much is left
 * out, and the outputs say so.
 */
#include "agent/runs.h"

#include <errno.h>

#include "agent/jsontree.h"
#include "base/log.h"

#define TEXT_MAX     ((uint64_t)16 << 20) /* as a page is shown, see kclient.c */
#define RUN_LOG_MAX  ((uint64_t)48 << 20)
#define COMPACT_MIN  ((uint64_t)4 << 20)
#define BUILD_MAX    ((size_t)512 << 20)
#define SNAPSHOT_MAX ((size_t)128 << 20)
#define PERIOD_MS    2000U

struct building {
	struct outputs o;
	uint64_t left; /* records */
};

static int on_record(void *arg, unsigned type, struct str content)
{
	struct building *b = arg;
	int r;

	if (!b->left)
		return 1;
	b->left--;
	r = outputs_add(&b->o, (enum outputs_msg)type, content);
	return r == -EINVAL ? 0 : r; /* no page could have shown it either */
}

static int add_notice(struct outputs *o, const char *text)
{
	struct buf b = BUF(4096);
	struct jsonw w = JSONW(&b);
	int r;

	jw_obj(&w);
	jw_kv_z(&w, "name", "stderr");
	jw_kv_z(&w, "text", text);
	jw_obj_end(&w);
	r = outputs_add(o, OUTPUTS_STREAM, buf_str(&b));
	buf_fini(&b);
	return r;
}

/* o is to be finished whatever comes back. */
static int build(const struct runs *rs, const struct run *r, uint64_t nrecords, struct arena *a,
                 struct building *b)
{
	int rc = outputs_init(&b->o, a);

	b->left = nrecords;
	if (rc == 0)
		rc = runlog_each(&rs->log, &r->log, on_record, b);
	return rc < 0 ? rc : 0;
}

static int build_shown(const struct runs *rs, const struct run *r, uint64_t nrecords,
                       struct arena *a, struct building *b)
{
	int rc = build(rs, r, nrecords, a, b);

	if (rc == 0 && r->lost && nrecords >= r->nrecords)
		rc = add_notice(&b->o, "\n[Output is missing here: the disk was full.]\n");
	return rc;
}

struct json *run_outputs(const struct runs *rs, const struct run *r, uint64_t nrecords,
                         struct arena *a)
{
	struct building b;
	struct json *list = NULL;

	if (build_shown(rs, r, nrecords, a, &b) == 0)
		list = outputs_list(&b.o);
	outputs_fini(&b.o);
	return list;
}

int run_snapshot(const struct runs *rs, const struct run *r, struct buf *ret)
{
	struct arena a = ARENA(BUILD_MAX);
	struct building b;
	int rc = build_shown(rs, r, UINT64_MAX, &a, &b);

	if (rc == 0)
		rc = outputs_snapshot(&b.o, ret);
	outputs_fini(&b.o);
	arena_fini(&a);
	return rc;
}

/* ---- the log, kept small ---- */

static uint64_t stream_bytes(const struct json *list)
{
	uint64_t n = 0;

	json_for_each(o, list)
	{
		if (str_is(json_str_or(o, "output_type", STR("")), "stream"))
			n += json_str_or(o, "text", STR("")).len;
	}
	return n;
}

/* On failure all stays as it is. */
static void compact(struct runs *rs, struct run *r)
{
	struct arena a = ARENA(BUILD_MAX);
	struct buf snap = BUF(SNAPSHOT_MAX);
	struct building b;
	struct json *list = NULL;
	int rc = build(rs, r, UINT64_MAX, &a, &b);

	if (rc == 0)
		list = outputs_list(&b.o);
	if (list)
		rc = outputs_snapshot(&b.o, &snap);
	if (list && rc == 0 && buf_len(&snap) < r->log.bytes &&
	    runlog_replace(&rs->log, &r->log, OUTPUTS_SNAPSHOT, buf_str(&snap)) == 0) {
		r->text_bytes = stream_bytes(list);
		/* What was saved can't be told from what came later any more. */
		r->saved = r->saved && r->saved_records == r->nrecords;
		r->saved_records = r->saved ? 1 : 0;
		r->nrecords = 1;
	}
	r->shrinks = false;
	r->compact_at = r->log.bytes * 2 > COMPACT_MIN ? r->log.bytes * 2 : COMPACT_MIN;
	outputs_fini(&b.o);
	buf_fini(&snap);
	arena_fini(&a);
}

static bool undoes(enum outputs_msg type, struct str content)
{
	if (type == OUTPUTS_STREAM)
		return str_find(content, STR("\\r")) < content.len ||
		       str_find(content, STR("\\b")) < content.len;
	return type == OUTPUTS_CLEAR || type == OUTPUTS_UPDATE;
}

static void put(struct runs *rs, struct run *r, enum outputs_msg type, struct str content)
{
	int rc = runlog_add(&rs->log, &r->log, type, content);

	r->rev++;
	runs_write_in(rs, PERIOD_MS);
	if (rc == 0) {
		r->nrecords++;
		rs->disk_full = false;
		return;
	}
	r->lost++;
	if (!rs->disk_full)
		log_event(LOG_WARN, "outputs_not_kept", LZ("kernel", rs->k->id),
		          LI("error", rc));
	rs->disk_full = true;
}

/* The last piece of stream text that is kept. */
static void put_cut(struct runs *rs, struct run *r, const struct jmsg *m, uint64_t room)
{
	static const struct str notice = STR(
	    "\\n[The output of this cell is cut here at 16 MB: a page can show no more. Write "
	    "large output to a file.]\\n");
	struct arena a = ARENA((64U << 20) + m->content.len);
	struct jmsg cut;

	if (jmsg_cut_stream(&a, m, (size_t)room, notice, &cut) == 0)
		put(rs, r, OUTPUTS_STREAM, cut.content);
	r->cut = true;
	arena_fini(&a);
}

static void put_stream(struct runs *rs, struct run *r, const struct jmsg *m)
{
	uint64_t len = m->content.len;

	if (r->cut)
		return;
	if (r->text_bytes + len > TEXT_MAX && r->shrinks)
		compact(rs, r);
	if (r->text_bytes + len > TEXT_MAX) {
		put_cut(rs, r, m, r->text_bytes < TEXT_MAX ? TEXT_MAX - r->text_bytes : 0);
		return;
	}
	r->text_bytes += len;
	put(rs, r, OUTPUTS_STREAM, m->content);
}

static bool has_room(struct runs *rs, struct run *r, uint64_t len)
{
	if (r->log.bytes + len > RUN_LOG_MAX && r->shrinks)
		compact(rs, r);
	return r->log.bytes + len <= RUN_LOG_MAX;
}

void run_log(struct runs *rs, struct run *r, enum outputs_msg type, const struct jmsg *m)
{
	if (type == OUTPUTS_CLEAR)
		r->cut = r->cut_all = false;
	if (r->cut_all)
		return;
	if (undoes(type, m->content))
		r->shrinks = true;
	if (type != OUTPUTS_CLEAR && !has_room(rs, r, m->content.len)) {
		put(rs, r, OUTPUTS_STREAM,
		    STR("{\"name\":\"stderr\",\"text\":\"\\n[More output was left out here: "
		        "what a "
		        "cell shows is kept up to 48 MB. Write it to a file.]\\n\"}"));
		r->cut_all = true;
		return;
	}
	if (type == OUTPUTS_STREAM)
		put_stream(rs, r, m);
	else
		put(rs, r, type, m->content);
	if (r->log.bytes >= (r->compact_at ? r->compact_at : COMPACT_MIN) && r->shrinks)
		compact(rs, r);
}
