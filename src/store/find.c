/* SPDX-License-Identifier: Apache-2.0 */
/*
 * From a search to FTS5's own language, in which everything that was typed
 * stands within quotes: there is no input that is an error. Three questions,
 * from the narrow to the wide, each answered newest first by the index itself.
 */
#include <errno.h>
#include <stdlib.h>

#include "base/time.h"
#include "core/query.h"
#include "store/documents.h"
#include "store/rows.h"

#define EXPRESSION_MAX 16384U

static void put_quoted(struct buf *b, struct str s)
{
	buf_put_c(b, '"');
	for (size_t i = 0; i < s.len; i++) {
		if (s.ptr[i] == '"')
			buf_put_c(b, '"');
		buf_put_c(b, (char)(s.ptr[i] ? s.ptr[i] : ' '));
	}
	buf_put_c(b, '"');
}

static void put_owner(struct buf *b, char letter, struct str id)
{
	buf_put_z(b, "owner : \"");
	document_owner_word(b, letter, id);
	buf_put_c(b, '"');
}

static void put_type(struct buf *b, struct str type)
{
	struct buf word = BUF(QUERY_BYTES_MAX + 8);
	bool kind = str_ieq(type, STR("notebook")) || str_ieq(type, STR("file"));

	if (type.len && type.ptr[0] == '.')
		type = str_sub(type, 1, type.len);
	buf_put_c(&word, kind ? 'k' : 'x');
	buf_put_str(&word, type);
	buf_put_z(b, " AND (owner : ");
	put_quoted(b, buf_str(&word));
	buf_put_c(b, ')');
	buf_fini(&word);
}

/* Of the letters that unicode61 surely takes for such, most scripts that are
 * written with blanks between words; a mark or a rarer letter is a border. */
static bool is_letter(uint32_t c)
{
	if (c < 0x80)
		return (c >= '0' && c <= '9') || ((c | 0x20) >= 'a' && (c | 0x20) <= 'z');
	return (c >= 0xc0 && c < 0x250 && c != 0xd7 && c != 0xf7) ||
	       (c >= 0x3b1 && c < 0x3ca) || (c >= 0x391 && c < 0x3aa && c != 0x3a2) ||
	       (c >= 0x3ac && c < 0x3b0) || (c >= 0x3ca && c < 0x3cf) ||
	       (c >= 0x400 && c < 0x482) || (c >= 0x48a && c < 0x526) ||
	       (c >= 0x5d0 && c < 0x5eb) || (c >= 0x621 && c < 0x63b) ||
	       (c >= 0x641 && c < 0x64b) || (c >= 0x905 && c < 0x93a) ||
	       (c >= 0x3041 && c < 0x3097) || (c >= 0x30a1 && c < 0x30fb) ||
	       (c >= 0x4e00 && c < 0x9f00) || (c >= 0xac00 && c < 0xd7a4);
}

/* The index has prefixes of two letters and three. For one alone it would put
 * together the places of every word with it, in everybody's texts, before it
 * looks whose they are. */
static bool is_prefix(struct str s)
{
	unsigned n = 0;

	while (s.len && n < 2) {
		size_t at = s.len - 1;
		unsigned char first;
		uint32_t c;

		while (at > 0 && ((unsigned char)s.ptr[at] & 0xc0) == 0x80)
			at--;
		first = (unsigned char)s.ptr[at];
		c = first < 0x80 ? first : first < 0xe0 ? first & 0x1f : first & 0x0f;
		if (first >= 0xf0)
			return false;
		for (size_t i = at + 1; i < s.len; i++)
			c = c << 6 | ((unsigned char)s.ptr[i] & 0x3f);
		if (!is_letter(c))
			return false;
		s = str_sub(s, 0, at);
		n++;
	}
	return n == 2;
}

static void put_terms(struct buf *b, const struct query *q, const char *columns, bool negative)
{
	bool first = true;

	for (unsigned i = 0; i < q->n; i++) {
		const struct query_term *t = &q->term[i];

		if (t->negative != negative)
			continue;
		/* Side by side they are ANDed, and what has no word in it is passed over. */
		buf_printf(b, "%s%s : ", first ? "" : negative ? " OR " : " ", columns);
		put_quoted(b, t->text);
		if (t->prefix && is_prefix(t->text))
			buf_put_z(b, " *");
		first = false;
	}
}

static void expression(struct buf *b, const struct find_of *of, const char *columns,
                       const char *anywhere)
{
	const struct query *q = of->q;

	buf_put_z(b, "((");
	put_owner(b, 'a', of->account_id);
	buf_put_c(b, ')');
	if (of->nworkspaces && of->nworkspaces <= FIND_SPACES_MAX) {
		for (unsigned i = 0; i < of->nworkspaces; i++) {
			buf_put_z(b, i ? " OR " : " AND (");
			put_owner(b, 'w', str_of(of->workspaces[i]));
		}
		buf_put_c(b, ')');
	}
	if (q->type.len)
		put_type(b, q->type);
	if (query_wanted(q)) {
		buf_put_z(b, " AND (");
		put_terms(b, q, columns, false);
		buf_put_c(b, ')');
	}
	buf_put_c(b, ')');
	if (query_wanted(q) < q->n) {
		buf_put_z(b, " NOT (");
		put_terms(b, q, anywhere, true);
		buf_put_c(b, ')');
	}
}

struct finding {
	const struct find_of *of;
	found_fn *fn;
	void *arg;
	int64_t ids[FIND_MAX + 1];
	unsigned n;
	bool over;
	mono_ms until;
	bool late;
};

/* The loop that reads answers everybody: a question that many documents could
 * answer, and few do, is given up. SQLite asks within FTS5 too, while that puts the
 * words of a prefix together. */
static int on_progress(void *arg)
{
	struct finding *f = arg;

	f->late = f->late || time_mono_ms() > f->until;
	return f->late;
}

/* Only this statement is given up, not those that others make of an answer. */
static int next_answer(struct finding *f, struct q *q)
{
	int r;

	if (on_progress(f))
		return -ETIME;
	sqlite3_progress_handler(q->db->h, 100, on_progress, f);
	r = q_row(q);
	sqlite3_progress_handler(q->db->h, 0, NULL, NULL);
	return r;
}

static int by_id(const void *a, const void *b)
{
	return strcmp(a, b);
}

static bool elsewhere(const struct find_of *of, const char *workspace_id)
{
	return of->nworkspaces > FIND_SPACES_MAX &&
	       !bsearch(workspace_id, of->workspaces, of->nworkspaces, ID_MAX, by_id);
}

static bool known(const struct finding *f, int64_t id)
{
	for (unsigned i = 0; i < f->n; i++)
		if (f->ids[i] == id)
			return true;
	return false;
}

/* An unwanted word may stand in the text of what was found by its name. */
static bool unwanted(const struct finding *f, struct db *db, int64_t id)
{
	struct buf b = BUF(EXPRESSION_MAX);
	struct q q = db_q(db, "SELECT 1 FROM document_text WHERE document_text MATCH ?"
	                      " AND rowid = ?");
	int r;

	put_terms(&b, f->of->q, "body", true);
	q_str(&q, buf_str(&b));
	q_int(&q, id);
	r = q_row(&q);
	q_end(&q);
	buf_fini(&b);
	return r != 0;
}

static int answers(struct finding *f, struct q *q, struct str match, int where)
{
	bool negative = where < 2 && query_wanted(f->of->q) < f->of->q->n;
	int r = 0;

	q_str(q, match);
	q_str(q, f->of->account_id);
	/* Who looks at each answer has to be able to pass over any number. */
	q_int(q, negative || f->of->nworkspaces > FIND_SPACES_MAX
	             ? INT64_MAX
	             : (int64_t)(f->of->limit + f->n + 1));
	while (!f->over && (r = next_answer(f, q)) > 0) {
		struct found x = { .id = q_get_int(q), .where = where };

		q_get_text(q, x.workspace_id, sizeof(x.workspace_id));
		if (known(f, x.id) || elsewhere(f->of, x.workspace_id) ||
		    (negative && unwanted(f, q->db, x.id)))
			continue;
		q_get_text(q, x.workspace_name, sizeof(x.workspace_name));
		q_get_text(q, x.label, sizeof(x.label));
		q_get_text(q, x.session_id, sizeof(x.session_id));
		x.notebook = str_is(q_get_str(q), "notebook");
		x.changed = q_get_int(q);
		x.path = q_get_str(q);
		x.title = q_get_str(q);
		if (f->n <= FIND_MAX)
			f->ids[f->n++] = x.id;
		f->over = !f->fn(f->arg, &x) || f->n > FIND_MAX;
	}
	r = f->over ? 0 : r;
	return q_found(q, r);
}

#define FOUND_SQL(table)                                                                    \
	"SELECT d.id, d.workspace_id, w.name, w.label, coalesce(w.session_id, ''), d.kind," \
	" d.changed_us, d.path, d.title FROM " table " x CROSS JOIN document d ON d.id ="   \
	" x.rowid CROSS JOIN workspace w ON w.id = d.workspace_id WHERE " table " MATCH ?"  \
	" AND d.account_id = ? AND w.deleted_us IS NULL ORDER BY x.rowid DESC LIMIT ?"

int document_find(struct db *db, const struct find_of *of, found_fn *fn, void *arg)
{
	struct finding f = { .of = of, .fn = fn, .arg = arg };
	static const char *const columns[] = { "name", "{name heads}", "body" };
	int r = 0;

	f.until = time_mono_ms() + FIND_MS;
	/* Without a word there is nothing to be found in names or texts: the newest. */
	for (int where = query_wanted(of->q) ? 0 : 2; where < 3 && r == 0 && !f.over; where++) {
		struct buf b = BUF(EXPRESSION_MAX);
		struct q q = where < 2 ? db_q(db, FOUND_SQL("document_name"))
		                       : db_q(db, FOUND_SQL("document_text"));

		expression(&b, of, columns[where], where < 2 ? "{name heads}" : "body");
		r = buf_error(&b);
		if (r == 0)
			r = answers(&f, &q, buf_str(&b), where);
		buf_fini(&b);
	}
	return f.late && !f.over ? 1 : r;
}

int document_body(struct db *db, int64_t id, struct buf *heads, struct buf *text)
{
	struct q q = db_q(db, "SELECT heads, text FROM document_body WHERE id = ?");
	int r;

	q_int(&q, id);
	r = q_row(&q);
	if (r > 0) {
		buf_put_str(heads, q_get_str(&q));
		buf_put_str(text, q_get_str(&q));
	}
	return q_found(&q, r);
}

int document_count(struct db *db, struct str account_id, int64_t *ret)
{
	struct q q = db_q(db, "SELECT coalesce(sum(documents), 0) FROM document_total"
	                      " WHERE account_id = ? AND NOT EXISTS (SELECT 1 FROM workspace w"
	                      " WHERE w.id = workspace_id AND w.deleted_us IS NOT NULL)");
	int r;

	q_str(&q, account_id);
	r = q_row(&q);
	if (r > 0)
		*ret = q_get_int(&q);
	return q_found(&q, r);
}

int space_list(struct db *db, struct str account_id, space_fn *fn, void *arg)
{
	struct q q = db_q(db, "SELECT id, label, coalesce(session_id, ''), updated_us, name"
	                      " FROM workspace WHERE account_id = ? AND deleted_us IS NULL"
	                      " ORDER BY seq DESC LIMIT 10000"); /* 5000 may be there */
	int r;

	q_str(&q, account_id);
	while ((r = q_row(&q)) > 0) {
		struct space s = { 0 };

		q_get_text(&q, s.id, sizeof(s.id));
		q_get_text(&q, s.label, sizeof(s.label));
		q_get_text(&q, s.session_id, sizeof(s.session_id));
		s.updated = q_get_int(&q);
		s.name = q_get_str(&q);
		fn(arg, &s);
	}
	return q_found(&q, r);
}
