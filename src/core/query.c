/* SPDX-License-Identifier: Apache-2.0 */
#include "core/query.h"

#include "base/encode.h"

/* --- what was typed --- */

static bool is_blank(char c)
{
	return (unsigned char)c <= ' ' || c == 0x7f;
}

static struct str blanks_off(struct str s)
{
	while (s.len && is_blank(s.ptr[0]))
		s = str_sub(s, 1, s.len);
	return s;
}

/* The next word or "phrase" of *s; *open: nothing follows, it may be half a word. */
static struct str take(struct str *s, bool *open)
{
	bool quoted = s->len && s->ptr[0] == '"';
	size_t from = quoted, end = from;
	struct str word;

	while (end < s->len && s->ptr[end] != '"' && (quoted || !is_blank(s->ptr[end])))
		end++;
	word = str_sub(*s, from, end);
	*open = end == s->len;
	*s = str_sub(*s, end + (quoted && end < s->len), s->len);
	return word;
}

static bool field(struct str *s, const char *name, struct str *ret)
{
	struct str key = str_of(name), rest;
	bool open;

	if (s->len <= key.len || !str_ieq(str_sub(*s, 0, key.len), key) ||
	    is_blank(s->ptr[key.len]))
		return false;
	rest = str_sub(*s, key.len, s->len);
	*ret = take(&rest, &open);
	*s = rest;
	return true;
}

static uint32_t first_of(struct str text);

void query_parse(struct str in, struct query *ret)
{
	struct str s = blanks_off(str_sub(in, 0, QUERY_BYTES_MAX)), value;

	/* What was cut off may have been half a character. */
	s.len = utf8_whole(s);
	*ret = (struct query){ .in = STR_NONE, .type = STR_NONE };
	for (; s.len; s = blanks_off(s)) {
		struct query_term t = { 0 };

		if (field(&s, "in:", &value)) {
			if (value.len)
				ret->in = value;
			continue;
		}
		if (field(&s, "type:", &value)) {
			if (value.len)
				ret->type = value;
			continue;
		}
		if (s.len > 1 && s.ptr[0] == '-' && !is_blank(s.ptr[1])) {
			t.negative = true;
			s = str_sub(s, 1, s.len);
		}
		t.text = take(&s, &t.prefix);
		t.prefix = t.prefix && !t.negative;
		t.first = first_of(t.text);
		if (t.text.len && ret->n < QUERY_TERMS_MAX)
			ret->term[ret->n++] = t;
	}
}

unsigned query_wanted(const struct query *q)
{
	unsigned n = 0;

	for (unsigned i = 0; i < q->n; i++)
		n += !q->term[i].negative;
	return n;
}

/* --- words of a text, as the index cuts and folds them --- */

struct token {
	size_t from, to; /* bytes of the text */
};

static uint32_t char_at(struct str s, size_t at, size_t *ret_len)
{
	unsigned char c = (unsigned char)s.ptr[at];
	size_t n = c < 0x80 ? 1 : c < 0xe0 ? 2 : c < 0xf0 ? 3 : 4;
	uint32_t v = n == 1 ? c : c & (0xffU >> (n + 1));

	if ((c >= 0x80 && c < 0xc0) || at + n > s.len) { /* not UTF-8: passed over */
		*ret_len = 1;
		return 0;
	}
	for (size_t i = 1; i < n; i++)
		v = v << 6 | ((unsigned char)s.ptr[at + i] & 0x3f);
	*ret_len = n;
	return v;
}

/* Letters and digits; of what is not ASCII everything but the marks that
 * stand between words. A little more than the index has is no harm. */
static bool is_word(uint32_t c)
{
	if (c < 0x80)
		return (c >= '0' && c <= '9') || ((c | 0x20) >= 'a' && (c | 0x20) <= 'z');
	if (c < 0xc0)
		return c == 0xaa || c == 0xb5 || c == 0xba;
	return c != 0xd7 && c != 0xf7 && !(c >= 0x2000 && c < 0x2070) &&
	       !(c >= 0x2190 && c < 0x2c00) && !(c >= 0x3000 && c < 0x3003);
}

/* Without case and accents, for Latin-1 and Latin Extended-A; others as they are. */
static uint32_t fold(uint32_t c)
{
	static const char latin1[] = "aaaaaa\0ceeeeiiii\0nooooo\0\0uuuuy\0\0"
	                             "aaaaaa\0ceeeeiiii\0nooooo\0\0uuuuy\0y";
	static const char latin_a[] =
	    "aaaaaaccccccccdd\0\0eeeeeeeeeegggggggghh\0\0iiiiiiiiii\0\0jjkk\0llllllllll"
	    "nnnnnn\0\0\0oooooo\0\0rrrrrrsssssssstttttt"
	    "uuuuuuuuuuuuwwyyyzzzzzz\0";

	if (c < 0x80)
		return c >= 'A' && c <= 'Z' ? c | 0x20 : c;
	if (c >= 0xc0 && c < 0x100) {
		if (latin1[c - 0xc0])
			return (uint32_t)latin1[c - 0xc0];
		return c < 0xe0 && c != 0xdf ? c + 0x20 : c;
	}
	if (c >= 0x100 && c < 0x180)
		return latin_a[c - 0x100] ? (uint32_t)latin_a[c - 0x100] : c;
	if ((c >= 0x391 && c <= 0x3a9) || (c >= 0x410 && c <= 0x42f)) /* Greek, Cyrillic */
		return c + 0x20;
	return c;
}

static bool next_token(struct str s, size_t from, struct token *ret)
{
	size_t n;

	while (from < s.len && !is_word(char_at(s, from, &n)))
		from += n;
	if (from >= s.len)
		return false;
	ret->from = from;
	while (from < s.len && is_word(char_at(s, from, &n)))
		from += n;
	ret->to = from;
	return true;
}

static uint32_t first_of(struct str text)
{
	struct token word;
	size_t n;

	return next_token(text, 0, &word) ? fold(char_at(text, word.from, &n)) : 0;
}

/* --- what it may cost --- */

#define BYTES_A_WORD 16U /* of a text that are passed over; more cost more */

static bool spent(const struct query *q)
{
	return q->left && *q->left == 0;
}

/* False: that was too much. */
static bool spend(const struct query *q, size_t bytes)
{
	size_t cost = 1 + bytes / BYTES_A_WORD;

	if (!q->left)
		return true;
	*q->left -= cost < *q->left ? (unsigned)cost : *q->left;
	return *q->left > 0;
}

/* *end: behind what was compared of a. */
static bool same(struct str a, struct str b, bool prefix, size_t *end)
{
	size_t i = 0, j = 0, n;

	while (j < b.len) {
		uint32_t x, y = fold(char_at(b, j, &n));

		j += n;
		if (i >= a.len)
			return false;
		x = fold(char_at(a, i, &n));
		i += n;
		if (x != y)
			return false;
	}
	*end = i;
	return i == a.len || prefix;
}

/* Does the term stand at this word of the text? *ret_end: behind it. */
static bool stands_at(const struct query *q, const struct query_term *t, struct str text,
                      struct token at, size_t *ret_end)
{
	struct token word = { 0, 0 };
	size_t from = 0, end = 0, passed = at.from, n;
	bool any = false;

	/* Nearly all words differ at once, and that costs nothing. */
	if (!t->first || fold(char_at(text, at.from, &n)) != t->first)
		return false;
	for (unsigned i = 0; i < QUERY_TOKENS_MAX && next_token(t->text, from, &word); i++) {
		struct token after;
		bool last = !next_token(t->text, word.to, &after);

		if (any && !next_token(text, at.to, &at)) {
			(void)spend(q, text.len - passed); /* up to its end */
			return false;
		}
		if (!spend(q, at.to - passed))
			return false;
		passed = at.to;
		if (!same(str_sub(text, at.from, at.to), str_sub(t->text, word.from, word.to),
		          last && t->prefix, &end))
			return false;
		end += at.from;
		from = word.to;
		any = true;
	}
	*ret_end = end;
	return any;
}

/* The longest wanted term that stands there; 0: none does. */
static size_t match_end(const struct query *q, struct str text, struct token at)
{
	size_t best = 0, end;

	for (unsigned i = 0; i < q->n; i++)
		if (!q->term[i].negative && stands_at(q, &q->term[i], text, at, &end) &&
		    end > best)
			best = end;
	return best;
}

bool query_matches(const struct query *q, struct str text)
{
	for (unsigned i = 0; i < q->n; i++) {
		struct token at = { 0, 0 };
		bool found = false;
		size_t end;

		if (!q->term[i].first)
			continue; /* no word in it: it asks for nothing */
		while (!found && !spent(q) && next_token(text, at.to, &at))
			found = stands_at(q, &q->term[i], text, at, &end);
		if (found == q->term[i].negative)
			return false;
	}
	return !spent(q);
}

/* --- pieces --- */

/* text[from, to) in pieces; whole: the words are looked up in all of it. */
static void mark(const struct query *q, struct str text, size_t from, size_t to,
                 query_piece_fn *fn, void *arg)
{
	struct token at = { from, from };
	size_t plain = from, end;

	while (plain < to && next_token(text, at.to, &at) && at.from < to) {
		end = match_end(q, text, at);
		if (!end)
			continue;
		if (end > to)
			end = to;
		if (at.from > plain)
			fn(arg, str_sub(text, plain, at.from), false);
		fn(arg, str_sub(text, at.from, end), true);
		plain = end;
		if (at.to < end)
			at.to = end;
	}
	if (plain < to)
		fn(arg, str_sub(text, plain, to), false);
}

void query_mark(const struct query *q, struct str text, query_piece_fn *fn, void *arg)
{
	mark(q, text, 0, text.len, fn, arg);
}

#define BEFORE 48U

/* The beginning of a word, about so far before the match. */
static size_t begin_before(struct str text, size_t at)
{
	size_t from = at > BEFORE ? at - BEFORE : 0;

	if (!from)
		return 0;
	while (from < at && text.ptr[from] != ' ')
		from++;
	if (from < at)
		return from + 1;
	from = at > BEFORE ? at - BEFORE : 0;
	while (from < at && ((unsigned char)text.ptr[from] & 0xc0) == 0x80)
		from++;
	return from;
}

static void snippet_from(const struct query *q, struct str text, size_t from,
                         query_piece_fn *fn, void *arg)
{
	size_t to = from + utf8_whole(str_sub(text, from, from + SNIPPET_BYTES_MAX));

	if (to < text.len) /* not within a word, if there is one that ends */
		for (size_t cut = to; cut > from + SNIPPET_BYTES_MAX / 2; cut--)
			if (text.ptr[cut - 1] == ' ') {
				to = cut - 1;
				break;
			}
	if (from)
		fn(arg, STR("… "), false);
	mark(q, text, from, to, fn, arg);
	if (to < text.len)
		fn(arg, STR(" …"), false);
}

bool query_snippet(const struct query *q, struct str text, query_piece_fn *fn, void *arg)
{
	struct token at = { 0, 0 };
	bool found = false;

	while (!found && !spent(q) && next_token(text, at.to, &at))
		found = match_end(q, text, at) != 0;
	snippet_from(q, text, found ? begin_before(text, at.from) : 0, fn, arg);
	return found;
}

void query_beginning(const struct query *q, struct str text, query_piece_fn *fn, void *arg)
{
	snippet_from(q, text, 0, fn, arg);
}
