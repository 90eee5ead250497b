/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/doctext.h"

#include "base/encode.h"
#include "base/jsonstr.h"
#include "proto/docmsg.h"

/* --- text --- */

void doctext_init(struct doctext *t)
{
	*t = (struct doctext){ .text = BUF(DOC_TEXT_MAX), .heads = BUF(DOC_HEADS_MAX) };
}

void doctext_fini(struct doctext *t)
{
	buf_fini(&t->text);
	buf_fini(&t->heads);
}

static bool is_blank(char c)
{
	return (unsigned char)c <= ' ' || c == 0x7f;
}

/* What is no UTF-8 has a mark, and as many bytes as before. */
static void put_word(struct buf *b, struct str s)
{
	char *p = buf_reserve(b, s.len);

	if (!p)
		return;
	memcpy(p, s.ptr, s.len);
	utf8_mend(p, s.len);
	buf_commit(b, s.len);
}

/* What has no room is left out, whole words if there are any. */
static void put_words(struct buf *b, struct str s)
{
	size_t i = 0;

	while (i < s.len) {
		size_t from, room = buf_room(b);

		while (i < s.len && is_blank(s.ptr[i]))
			i++;
		from = i;
		while (i < s.len && !is_blank(s.ptr[i]))
			i++;
		if (i == from)
			return;
		if (i - from + 1 > room)
			return;
		if (buf_len(b))
			buf_put_c(b, ' ');
		put_word(b, str_sub(s, from, i));
	}
}

static void put_heading(struct doctext *t, struct str line)
{
	size_t n = 0;

	while (n < line.len && line.ptr[n] == '#')
		n++;
	if (n == 0 || n > 6 || n == line.len || !is_blank(line.ptr[n]))
		return;
	line = str_sub(line, n, line.len);
	if (!t->title[0]) {
		struct buf title = BUF(sizeof(t->title) - 1);
		size_t len;

		put_words(&title, line);
		len = utf8_whole(buf_str(&title));
		memcpy(t->title, buf_str(&title).ptr, len);
		t->title[len] = '\0';
		buf_fini(&title);
	}
	put_words(&t->heads, line);
}

static void put_headings(struct doctext *t, struct str s)
{
	struct str line;
	bool fence = false;

	while (str_split(&s, '\n', &line)) {
		if (str_starts(line, STR("```")) || str_starts(line, STR("~~~")))
			fence = !fence;
		else if (!fence)
			put_heading(t, line);
	}
}

void doctext_add(struct doctext *t, struct str s, bool markdown)
{
	if (markdown)
		put_headings(t, s);
	put_words(&t->text, s);
}

enum doc_kind doc_kind_of(struct str path)
{
	static const struct {
		const char *suffix;
		enum doc_kind kind;
	} kinds[] = {
		{ ".ipynb", DOC_NOTEBOOK },    { ".md", DOC_MARKDOWN },
		{ ".markdown", DOC_MARKDOWN }, { ".rmd", DOC_MARKDOWN },
		{ ".qmd", DOC_MARKDOWN },      { ".py", DOC_PLAIN },
		{ ".r", DOC_PLAIN },           { ".jl", DOC_PLAIN },
		{ ".txt", DOC_PLAIN },         { ".rst", DOC_PLAIN },
		{ ".tex", DOC_PLAIN },         { ".sql", DOC_PLAIN },
		{ ".sh", DOC_PLAIN },          { ".csv", DOC_TABLE },
		{ ".tsv", DOC_TABLE },
	};

	for (size_t i = 0; i < ARRAY_LEN(kinds); i++) {
		struct str suffix = str_of(kinds[i].suffix);

		if (path.len > suffix.len &&
		    str_ieq(str_sub(path, path.len - suffix.len, path.len), suffix))
			return kinds[i].kind;
	}
	return DOC_NONE;
}

/* --- a notebook's JSON, as it comes --- */

void nbtext_init(struct nbtext *n, struct doctext *out)
{
	*n = (struct nbtext){ .out = out, .cell = BUF(DOCTEXT_CELL_MAX) };
}

void nbtext_fini(struct nbtext *n)
{
	buf_fini(&n->cell);
}

#define ROOT  1U /* depth within the document's object */
#define CELL  3U /* within the object of one cell */
#define LINES 4U /* within a source that is a list of strings */

static bool in_object(const struct nbtext *n)
{
	return n->depth && (n->objects >> (n->depth - 1) & 1U) != 0;
}

static bool key_is(const struct nbtext *n, const char *key)
{
	return str_is((struct str){ n->key, n->nkey }, key);
}

static void end_cell(struct nbtext *n)
{
	bool markdown = str_is((struct str){ n->type, n->ntype }, "markdown");

	if (buf_len(&n->cell))
		doctext_add(n->out, buf_str(&n->cell), markdown);
	buf_clear(&n->cell);
	n->ntype = 0;
	n->source = false;
}

static void begin_string(struct nbtext *n)
{
	bool value;

	n->is_key = in_object(n) && n->key_next;
	value = n->cells && !n->is_key;
	n->token = NBTEXT_STRING;
	n->nescape = 0;
	if (n->is_key && (n->depth == ROOT || n->depth == CELL))
		n->nkey = 0;
	n->take = value && ((n->depth == CELL && key_is(n, "source")) ||
	                    (n->depth == LINES && n->source && !in_object(n)));
	if (value && n->depth == CELL && key_is(n, "cell_type"))
		n->ntype = 0;
}

/* One decoded byte of a string. */
static void put_byte(struct nbtext *n, char c)
{
	if (n->is_key) {
		if (n->depth != ROOT && n->depth != CELL)
			return;
		if (n->nkey < sizeof(n->key))
			n->key[n->nkey] = c;
		n->nkey += n->nkey <= sizeof(n->key); /* too long is one more than fits */
		if (n->nkey > sizeof(n->key))
			n->nkey = sizeof(n->key);
	} else if (n->take) {
		if (buf_room(&n->cell))
			buf_put_c(&n->cell, c);
	} else if (n->cells && n->depth == CELL && key_is(n, "cell_type")) {
		if (n->ntype < sizeof(n->type))
			n->type[n->ntype++] = c;
	}
}

/* An escape is whole, or what was taken for one is. */
static void put_escape(struct nbtext *n)
{
	char bytes[4];
	size_t len = 0, used;
	struct str s = { n->escape, n->nescape };

	while (s.len >= 2) {
		used = jsonstr_escape(s, bytes, &len);
		if (used == 0 || used > s.len)
			break;
		for (size_t i = 0; i < len; i++)
			put_byte(n, bytes[i]);
		s = str_sub(s, used, s.len);
	}
	n->nescape = 0;
}

static bool is_hex(char c)
{
	return (c >= '0' && c <= '9') || ((c | 0x20) >= 'a' && (c | 0x20) <= 'f');
}

/* Is c part of the escape that is gathered? False: it was put, c is another's. */
static bool in_escape(struct nbtext *n, char c)
{
	size_t at = n->nescape;
	bool high = n->escape[1] == 'u' && (n->escape[2] | 0x20) == 'd' && at >= 4 &&
	            ((n->escape[3] >= '8' && n->escape[3] <= '9') ||
	             (n->escape[3] | 0x20) == 'a' || (n->escape[3] | 0x20) == 'b');

	if (at == 1) {
		n->escape[n->nescape++] = c;
		if (c != 'u')
			put_escape(n);
		return true;
	}
	if ((at < 6 || (at >= 8 && at < 12)) && is_hex(c)) {
		n->escape[n->nescape++] = c;
		if (n->nescape == 12 || (n->nescape == 6 && !high))
			put_escape(n);
		return true;
	}
	if ((at == 6 && high && c == '\\') || (at == 7 && c == 'u')) {
		n->escape[n->nescape++] = c;
		return true;
	}
	if (at == 7) { /* a half of a pair, and another escape */
		n->nescape = 6;
		put_escape(n);
		n->escape[0] = '\\';
		n->nescape = 1;
		return in_escape(n, c);
	}
	if (at == 6) {
		put_escape(n);
		return false;
	}
	n->broken = true;
	return true;
}

static void in_string(struct nbtext *n, char c)
{
	if (n->nescape && in_escape(n, c))
		return;
	if (c == '\\') {
		n->escape[n->nescape++] = c;
	} else if (c == '"') {
		n->token = NBTEXT_SPACE;
		n->take = false;
	} else {
		put_byte(n, c);
	}
}

static void open_level(struct nbtext *n, bool object)
{
	if (n->depth == 63) {
		n->broken = true;
		return;
	}
	if (n->depth == ROOT && !object && key_is(n, "cells"))
		n->cells = true;
	else if (n->depth == CELL && n->cells)
		n->source = !object && key_is(n, "source");
	n->depth++;
	n->objects &= ~(UINT64_C(1) << (n->depth - 1));
	n->objects |= (uint64_t)object << (n->depth - 1);
	n->key_next = object;
}

static void close_level(struct nbtext *n)
{
	if (n->depth == 0) {
		n->broken = true;
		return;
	}
	if (n->cells && n->depth == CELL)
		end_cell(n);
	n->depth--;
	if (n->cells && n->depth == ROOT) {
		n->cells = false;
		n->nkey = 0;
	}
	n->done = n->depth == 0;
}

static void between(struct nbtext *n, char c)
{
	switch (c) {
	case '"':
		begin_string(n);
		break;
	case '{':
	case '[':
		open_level(n, c == '{');
		break;
	case '}':
	case ']':
		close_level(n);
		break;
	case ',':
		n->key_next = in_object(n);
		break;
	case ':':
		n->key_next = false;
		break;
	default: /* numbers, words and blanks say nothing */
		break;
	}
}

void nbtext_feed(struct nbtext *n, struct str piece)
{
	for (size_t i = 0; i < piece.len && !n->broken && !n->done; i++) {
		/* Most of a large file is outputs: strings that nobody wants. */
		if (n->token == NBTEXT_STRING && !n->take && !n->is_key && !n->nescape &&
		    n->depth != CELL)
			while (i < piece.len && piece.ptr[i] != '"' && piece.ptr[i] != '\\')
				i++;
		if (i == piece.len)
			break;
		if (n->token == NBTEXT_STRING)
			in_string(n, piece.ptr[i]);
		else
			between(n, piece.ptr[i]);
	}
}
