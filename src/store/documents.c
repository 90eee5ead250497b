/* SPDX-License-Identifier: Apache-2.0 */
#include "store/documents.h"

#include <errno.h>

#include "store/rows.h"

struct row {
	int64_t id;
	char account_id[ID_MAX];
	bool notebook;
	wall_us changed;
	int64_t size;
	struct buf path, title, heads, text;
};

#define ROW_TEXT_MAX (1U << 20)

static void row_init(struct row *r)
{
	*r = (struct row){ .path = BUF(ROW_TEXT_MAX),
		           .title = BUF(ROW_TEXT_MAX),
		           .heads = BUF(ROW_TEXT_MAX),
		           .text = BUF(ROW_TEXT_MAX) };
}

static void row_fini(struct row *r)
{
	buf_fini(&r->path);
	buf_fini(&r->title);
	buf_fini(&r->heads);
	buf_fini(&r->text);
}

/* One short word, or "". */
static struct str suffix_of(struct str path)
{
	for (size_t i = path.len; i > 0 && path.len - i <= 16; i--) {
		char c = path.ptr[i - 1];

		if (c == '.')
			return str_sub(path, i, path.len);
		if (!((c >= '0' && c <= '9') || ((c | 0x20) >= 'a' && (c | 0x20) <= 'z')))
			break;
	}
	return STR("");
}

static struct str name_of(struct str path)
{
	size_t i = path.len;

	while (i > 0 && path.ptr[i - 1] != '/')
		i--;
	return str_sub(path, i, path.len);
}

void document_owner_word(struct buf *b, char letter, struct str id)
{
	size_t from = str_chr(id, '_', 0);

	buf_put_c(b, letter);
	buf_put_str(b, from < id.len ? str_sub(id, from + 1, id.len) : id);
}

/* Words that no text can be mistaken for: they have a column of their own. */
static void put_owner(struct buf *b, const char *account_id, const char *workspace_id,
                      bool notebook, struct str path)
{
	struct str suffix = suffix_of(path);

	document_owner_word(b, 'a', str_of(account_id));
	buf_put_c(b, ' ');
	document_owner_word(b, 'w', str_of(workspace_id));
	buf_put_z(b, notebook ? " knotebook" : " kfile");
	if (suffix.len)
		buf_printf(b, " x%.*s", STR_ARG(suffix));
}

/* What of a document is in the indexes. To take it out again SQLite must be
 * told the same once more, because they keep no texts. */
struct entry {
	int64_t id;
	struct buf owner, body;
	struct str name, heads;
};

static int entry_make(struct entry *e, int64_t id, const char *account_id,
                      const char *workspace_id, const struct document *d)
{
	*e = (struct entry){ id, BUF(8192), BUF(ROW_TEXT_MAX), name_of(d->path), d->heads };
	put_owner(&e->owner, account_id, workspace_id, d->notebook, d->path);
	buf_put_str(&e->body, d->path);
	buf_put_c(&e->body, '\n');
	buf_put_str(&e->body, d->heads);
	buf_put_c(&e->body, '\n');
	buf_put_str(&e->body, d->text);
	return buf_error(&e->owner) ? buf_error(&e->owner) : buf_error(&e->body);
}

static void entry_fini(struct entry *e)
{
	buf_fini(&e->owner);
	buf_fini(&e->body);
}

static int entry_bind(struct q *names, struct q *texts, const struct entry *e, struct err *err)
{
	int r;

	q_int(names, e->id);
	q_str(names, buf_str(&e->owner));
	q_str(names, e->name);
	q_str(names, e->heads);
	r = q_run(names, err);
	if (r < 0)
		return r;
	q_int(texts, e->id);
	q_str(texts, buf_str(&e->owner));
	q_str(texts, buf_str(&e->body));
	return q_run(texts, err);
}

static int entry_add(struct db *db, const struct entry *e, struct err *err)
{
	struct q names = db_q(db, "INSERT INTO document_name(rowid, owner, name, heads)"
	                          " VALUES(?,?,?,?)"),
	         texts = db_q(db, "INSERT INTO document_text(rowid, owner, body)"
	                          " VALUES(?,?,?)");

	return entry_bind(&names, &texts, e, err);
}

static int entry_remove(struct db *db, const struct entry *e, struct err *err)
{
	struct q names = db_q(db, "INSERT INTO document_name(document_name, rowid, owner, name,"
	                          " heads) VALUES('delete',?,?,?,?)"),
	         texts = db_q(db, "INSERT INTO document_text(document_text, rowid, owner, body)"
	                          " VALUES('delete',?,?,?)");

	return entry_bind(&names, &texts, e, err);
}

static struct document document_of(const struct row *r)
{
	return (struct document){ .path = buf_str(&r->path),
		                  .notebook = r->notebook,
		                  .title = buf_str(&r->title),
		                  .heads = buf_str(&r->heads),
		                  .text = buf_str(&r->text),
		                  .changed = r->changed,
		                  .size = (uint64_t)r->size };
}

static int read_row(struct db *db, int64_t id, struct row *ret)
{
	struct q q = db_q(db, "SELECT d.account_id, d.kind, d.changed_us, d.size_bytes, d.path,"
	                      " d.title, b.heads, b.text FROM document d JOIN document_body b"
	                      " ON b.id = d.id WHERE d.id = ?");
	int r;

	row_init(ret);
	ret->id = id;
	q_int(&q, id);
	r = q_row(&q);
	if (r > 0) {
		q_get_text(&q, ret->account_id, sizeof(ret->account_id));
		ret->notebook = str_is(q_get_str(&q), "notebook");
		ret->changed = q_get_int(&q);
		ret->size = q_get_int(&q);
		buf_put_str(&ret->path, q_get_str(&q));
		buf_put_str(&ret->title, q_get_str(&q));
		buf_put_str(&ret->heads, q_get_str(&q));
		buf_put_str(&ret->text, q_get_str(&q));
	}
	return q_found(&q, r);
}

static int delete_rows(struct db *db, int64_t id, struct err *err)
{
	struct q q = db_q(db, "DELETE FROM document_body WHERE id = ?");
	int r;

	q_int(&q, id);
	r = q_run(&q, err);
	if (r < 0)
		return r;
	q = db_q(db, "DELETE FROM document WHERE id = ?");
	q_int(&q, id);
	return q_run(&q, err);
}

/* *ret, if asked for, keeps what was there; the caller ends it. */
static int remove_id(struct db *db, const char *workspace_id, int64_t id, struct row *ret,
                     struct err *err)
{
	struct document d;
	struct entry e;
	struct row row;
	int r = read_row(db, id, &row);

	if (r <= 0) {
		row_fini(&row);
		return r < 0 ? ERR(err, r, "The index can't be read.")
		             : ERR(err, -ENOENT, "document %lld has no text", (long long)id);
	}
	d = document_of(&row);
	r = entry_make(&e, id, row.account_id, workspace_id, &d);
	if (r == 0)
		r = entry_remove(db, &e, err);
	entry_fini(&e);
	if (r == 0)
		r = delete_rows(db, id, err);
	if (r == 0 && ret)
		*ret = row;
	else
		row_fini(&row);
	return r;
}

static int id_of(struct db *db, const char *workspace_id, struct str path, int64_t *ret)
{
	struct q q = db_q(db, "SELECT id FROM document WHERE workspace_id = ? AND path = ?");
	int r;

	q_text(&q, workspace_id);
	q_str(&q, path);
	r = q_row(&q);
	if (r > 0)
		*ret = q_get_int(&q);
	return q_found(&q, r);
}

static int has_room(struct db *db, const char *workspace_id, size_t bytes)
{
	struct q q = db_q(db, "SELECT documents, text_bytes FROM document_total"
	                      " WHERE workspace_id = ?");
	bool room = true;
	int r;

	q_text(&q, workspace_id);
	r = q_row(&q);
	if (r > 0) {
		room = q_get_int(&q) < DOCUMENTS_MAX;
		room &= q_get_int(&q) + (int64_t)bytes <= DOCUMENT_TEXTS_MAX;
	}
	r = q_found(&q, r);
	return r < 0 ? r : room;
}

static int insert(struct db *db, const char *account_id, const char *workspace_id,
                  const struct document *d, wall_us now, struct err *err)
{
	struct q q =
	    db_q(db, "INSERT INTO document(workspace_id, account_id, path, kind, title,"
	             " changed_us, size_bytes, text_bytes, at_us)"
	             " VALUES(?,?,?,?,?,?,?,?,?)");
	struct entry e;
	int64_t id;
	int r;

	q_text(&q, workspace_id);
	q_text(&q, account_id);
	q_str(&q, d->path);
	q_text(&q, d->notebook ? "notebook" : "file");
	q_str(&q, d->title);
	q_int(&q, d->changed);
	q_int(&q, d->size > INT64_MAX ? INT64_MAX : (int64_t)d->size);
	q_int(&q, (int64_t)(d->text.len + d->heads.len));
	q_int(&q, now);
	r = q_run(&q, err);
	if (r < 0)
		return r;
	id = db_last_id(db);
	q = db_q(db, "INSERT INTO document_body(id, heads, text) VALUES(?,?,?)");
	q_int(&q, id);
	q_str(&q, d->heads);
	q_str(&q, d->text);
	r = q_run(&q, err);
	if (r == 0)
		r = entry_make(&e, id, account_id, workspace_id, d);
	else
		return r;
	if (r == 0)
		r = entry_add(db, &e, err);
	entry_fini(&e);
	return r;
}

int document_put(struct db *db, const char *account_id, const char *workspace_id,
                 const struct document *d, wall_us now, struct err *err)
{
	int64_t id = 0;
	int r = id_of(db, workspace_id, d->path, &id);

	if (r > 0)
		r = remove_id(db, workspace_id, id, NULL, err);
	if (r == 0)
		r = has_room(db, workspace_id, d->text.len + d->heads.len);
	if (r <= 0)
		return r;
	r = insert(db, account_id, workspace_id, d, now, err);
	return r < 0 ? r : 1;
}

/* What one job takes out. */
struct batch {
	int64_t ids[DOCUMENTS_A_JOB];
	unsigned n;
	int64_t bytes;
	bool more;
};

static bool batch_add(struct batch *b, int64_t id, int64_t bytes)
{
	b->more = b->n == DOCUMENTS_A_JOB || b->bytes >= DOCUMENT_TEXTS_A_JOB;
	if (b->more)
		return false;
	b->ids[b->n++] = id;
	b->bytes += bytes;
	return true;
}

/* Ids of the file itself and of what lies below it. */
static int ids_below(struct db *db, const char *workspace_id, struct str path,
                     struct batch *ret)
{
	struct q q = db_q(db, "SELECT id, text_bytes FROM document WHERE workspace_id = ?1"
	                      " AND (path = ?2 OR (path > ?2 || '/' AND path < ?2 || '0'))"
	                      " LIMIT ?3");
	int r = 0;

	q_text(&q, workspace_id);
	q_str(&q, path);
	q_int(&q, DOCUMENTS_A_JOB + 1);
	while (!ret->more && (r = q_row(&q)) > 0) {
		int64_t id = q_get_int(&q);

		(void)batch_add(ret, id, q_get_int(&q));
	}
	return q_found(&q, ret->more ? 0 : r);
}

int document_gone(struct db *db, const char *workspace_id, struct str path, struct err *err)
{
	struct batch b = { .n = 0 };
	int r = ids_below(db, workspace_id, path, &b);

	for (unsigned i = 0; i < b.n && r == 0; i++)
		r = remove_id(db, workspace_id, b.ids[i], NULL, err);
	return r < 0 ? r : b.more;
}

static int move_one(struct db *db, const char *account_id, const char *workspace_id, int64_t id,
                    const struct str rename[2], wall_us now, struct err *err)
{
	struct buf path = BUF(ROW_TEXT_MAX);
	struct document d;
	struct row row;
	int r = remove_id(db, workspace_id, id, &row, err);

	if (r < 0)
		return r;
	d = document_of(&row);
	buf_put_str(&path, rename[1]);
	buf_put_str(&path, str_sub(d.path, rename[0].len, d.path.len));
	d.path = buf_str(&path);
	r = buf_error(&path);
	if (r == 0)
		r = document_put(db, account_id, workspace_id, &d, now, err);
	buf_fini(&path);
	row_fini(&row);
	return r;
}

int document_move(struct db *db, const char *account_id, const char *workspace_id,
                  struct str from, struct str to, wall_us now, struct err *err)
{
	const struct str rename[2] = { from, to };
	struct batch b = { .n = 0 };
	int r;

	/* Into itself: it would be found again for ever. */
	if (str_eq(from, to) || (str_starts(to, from) && to.ptr[from.len] == '/'))
		return 0;
	r = ids_below(db, workspace_id, from, &b);
	for (unsigned i = 0; i < b.n && r >= 0; i++)
		r = move_one(db, account_id, workspace_id, b.ids[i], rename, now, err);
	return r < 0 ? r : b.more;
}

int document_compare(struct db *db, const char *workspace_id, struct str after, struct str upto,
                     const struct document_seen *seen, size_t n, bool *want, struct err *err)
{
	struct q q =
	    db_q(db, "SELECT id, text_bytes, path, changed_us, size_bytes FROM document"
	             " WHERE workspace_id = ?1 AND path > ?2 AND (?3 = '' OR path <= ?3)"
	             " ORDER BY path");
	struct batch lost = { .n = 0 };
	size_t i = 0;
	int r;

	for (size_t k = 0; k < n; k++)
		want[k] = true;
	q_text(&q, workspace_id);
	q_str(&q, after);
	q_str(&q, upto);
	while ((r = q_row(&q)) > 0) {
		int64_t id = q_get_int(&q), bytes = q_get_int(&q);
		struct str path = q_get_str(&q);

		while (i < n && str_cmp(seen[i].path, path) < 0)
			i++;
		if (i < n && str_eq(seen[i].path, path)) {
			want[i] = q_get_int(&q) != seen[i].changed;
			want[i] |= (uint64_t)q_get_int(&q) != seen[i].size;
			i++;
		} else {
			(void)batch_add(&lost, id, bytes);
		}
	}
	r = q_found(&q, r);
	for (unsigned k = 0; k < lost.n && r == 0; k++)
		r = remove_id(db, workspace_id, lost.ids[k], NULL, err);
	return r < 0 ? r : lost.more;
}

/* Of such as are deleted and can't be brought back at that time. */
#define GONE_SQL                                                           \
	" w.deleted_us IS NOT NULL AND NOT EXISTS (SELECT 1 FROM volume v" \
	" WHERE v.id = w.volume_id AND v.delete_us > ?1)"

int document_purge(struct db *db, wall_us now, struct err *err)
{
	struct q q = db_q(db, "SELECT d.id, d.text_bytes, d.workspace_id FROM workspace w"
	                      " JOIN document_total t ON t.workspace_id = w.id"
	                      " JOIN document d ON d.workspace_id = w.id"
	                      " WHERE" GONE_SQL " LIMIT ?2");
	char spaces[DOCUMENTS_A_JOB][ID_MAX];
	struct batch b = { .n = 0 };
	int r = 0;

	q_int(&q, now);
	q_int(&q, DOCUMENTS_A_JOB + 1);
	while (!b.more && (r = q_row(&q)) > 0) {
		int64_t id = q_get_int(&q);

		if (batch_add(&b, id, q_get_int(&q)))
			q_get_text(&q, spaces[b.n - 1], sizeof(spaces[0]));
	}
	r = q_found(&q, b.more ? 0 : r);
	for (unsigned i = 0; i < b.n && r == 0; i++)
		r = remove_id(db, spaces[i], b.ids[i], NULL, err);
	if (r == 0 && !b.more) {
		q = db_q(db,
		         "DELETE FROM document_total WHERE documents = 0 AND workspace_id IN"
		         " (SELECT w.id FROM workspace w WHERE" GONE_SQL ")");
		q_int(&q, now);
		r = q_run(&q, err);
	}
	if (r == 0 && !b.more) {
		q = db_q(db, "DELETE FROM recent WHERE workspace_id IN"
		             " (SELECT w.id FROM workspace w WHERE" GONE_SQL ")");
		q_int(&q, now);
		r = q_run(&q, err);
	}
	return r < 0 ? r : b.more;
}
