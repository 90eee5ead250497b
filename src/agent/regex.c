/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/regex.h"

#include <errno.h>

#define PROGRAM_MAX 4000U
#define TEXT_MAX    4096U
#define NEST_MAX    32U
#define REPEAT_MAX  1000U
#define ATOMS_MAX   20000U
#define STEPS_MAX   2000000U
#define RANGES_MAX  64U

enum op { OP_CHAR, OP_CLASS, OP_SPLIT, OP_JUMP, OP_BEGIN, OP_END, OP_WORD, OP_LOOK, OP_MATCH };

struct range {
	uint32_t from, to;
};

struct ins {
	enum op op;
	bool not ;                  /* class: all others; word: \B; look: negative */
	unsigned x, y;              /* split: first x, then y; jump, look: x */
	uint32_t ch;                /* char */
	const struct range *ranges; /* class */
	unsigned n;
};

struct compiler {
	struct arena *m;
	struct str s; /* what is left of the pattern */
	struct ins prog[PROGRAM_MAX];
	unsigned n, nest, atoms;
	bool failed;
};

static unsigned emit(struct compiler *c, struct ins in)
{
	if (c->n >= PROGRAM_MAX) {
		c->failed = true;
		return PROGRAM_MAX - 1;
	}
	c->prog[c->n] = in;
	return c->n++;
}

/* One character of UTF-8 off the front; a byte that is none counts as itself. */
static uint32_t next_char(struct str *s)
{
	const unsigned char *p = (const unsigned char *)s->ptr;
	size_t n = p[0] < 0x80 ? 1 : p[0] < 0xE0 ? 2 : p[0] < 0xF0 ? 3 : 4;
	uint32_t v = n == 1 ? p[0] : p[0] & (0x7FU >> n);

	if (n > s->len || p[0] < 0xC0) {
		*s = str_sub(*s, 1, s->len);
		return p[0];
	}
	for (size_t i = 1; i < n; i++)
		v = v << 6 | (p[i] & 0x3FU);
	*s = str_sub(*s, n, s->len);
	return v;
}

static bool eat(struct compiler *c, const char *word)
{
	if (!str_starts(c->s, str_of(word)))
		return false;
	c->s = str_sub(c->s, strlen(word), c->s.len);
	return true;
}

static bool hex(struct compiler *c, unsigned digits, uint32_t *ret)
{
	uint32_t v = 0;

	if (c->s.len < digits)
		return false;
	for (unsigned i = 0; i < digits; i++) {
		char h = (char)(c->s.ptr[i] | 0x20);

		if (c->s.ptr[i] >= '0' && c->s.ptr[i] <= '9')
			v = v << 4 | (uint32_t)(c->s.ptr[i] - '0');
		else if (h >= 'a' && h <= 'f')
			v = v << 4 | (uint32_t)(h - 'a' + 10);
		else
			return false;
	}
	c->s = str_sub(c->s, digits, c->s.len);
	*ret = v;
	return true;
}

/* The sets of \d, \w and \s. */
static const struct range digits[] = { { '0', '9' } };
static const struct range words[] = { { '0', '9' }, { 'A', 'Z' }, { '_', '_' }, { 'a', 'z' } };
static const struct range spaces[] = { { '\t', '\r' },     { ' ', ' ' },
	                               { 0xA0, 0xA0 },     { 0x1680, 0x1680 },
	                               { 0x2000, 0x200A }, { 0x2028, 0x2029 },
	                               { 0x202F, 0x202F }, { 0x205F, 0x205F },
	                               { 0x3000, 0x3000 }, { 0xFEFF, 0xFEFF } };
static const struct range newlines[] = { { '\n', '\n' }, { '\r', '\r' }, { 0x2028, 0x2029 } };

static bool set_of(uint32_t letter, const struct range **ret, unsigned *n, bool * not )
{
	*not = letter == 'D' || letter == 'W' || letter == 'S';
	switch (letter | 0x20) {
	case 'd':
		*ret = digits;
		*n = ARRAY_LEN(digits);
		return true;
	case 'w':
		*ret = words;
		*n = ARRAY_LEN(words);
		return true;
	case 's':
		*ret = spaces;
		*n = ARRAY_LEN(spaces);
		return true;
	default:
		return false;
	}
}

/* After a backslash, for one character. */
static uint32_t escape(struct compiler *c, uint32_t letter)
{
	static const char from[] = "nrtfv0", to[] = "\n\r\t\f\v";
	const char *at = letter && letter < 0x80 ? strchr(from, (int)letter) : NULL;
	uint32_t v;

	if (at)
		return (unsigned char)to[at - from];
	if (letter == 'x' || letter == 'u') {
		if (hex(c, letter == 'x' ? 2 : 4, &v))
			return v;
		c->failed = true;
	}
	/* Back-references, \c, \p{…}, \k<…>: not here. */
	if ((letter >= '1' && letter <= '9') || letter == 'c' || letter == 'p' ||
	    letter == 'P' || letter == 'k')
		c->failed = true;
	return letter;
}

static void complement(struct compiler *c, struct range *out, unsigned *n,
                       const struct range *set, unsigned set_n)
{
	uint32_t at = 0;

	for (unsigned i = 0; i <= set_n; i++) {
		uint32_t end = i < set_n ? set[i].from : 0x110000;

		if (end > at && *n < RANGES_MAX)
			out[(*n)++] = (struct range){ at, end - 1 };
		else if (end > at)
			c->failed = true;
		at = i < set_n ? set[i].to + 1 : 0;
	}
}

/* One member of a class: a character, or a whole set (then *ret is not set). */
static bool class_atom(struct compiler *c, struct range *out, unsigned *n, uint32_t *ret)
{
	const struct range *set;
	unsigned set_n;
	bool not ;

	*ret = next_char(&c->s);
	if (*ret != '\\' || !c->s.len)
		return true;
	*ret = next_char(&c->s);
	if (!set_of(*ret, &set, &set_n, &not )) {
		*ret = *ret == 'b' ? '\b' : escape(c, *ret);
		return true;
	}
	if (not ) {
		complement(c, out, n, set, set_n);
		return false;
	}
	for (unsigned i = 0; i < set_n; i++) {
		if (*n < RANGES_MAX)
			out[(*n)++] = set[i];
		else
			c->failed = true;
	}
	return false;
}

static void class(struct compiler *c)
{
	struct range *out = ARENA_NEWS(c->m, struct range, RANGES_MAX);
	bool not = eat(c, "^");
	unsigned n = 0;
	uint32_t from, to;

	if (!out) {
		c->failed = true;
		return;
	}
	while (!c->failed && !eat(c, "]")) {
		if (!c->s.len || n >= RANGES_MAX) {
			c->failed = true;
			return;
		}
		if (!class_atom(c, out, &n, &from))
			continue;
		to = from;
		if (c->s.len > 1 && c->s.ptr[0] == '-' && c->s.ptr[1] != ']') {
			eat(c, "-");
			if (!class_atom(c, out, &n, &to) || to < from)
				c->failed = true;
		}
		if (n < RANGES_MAX)
			out[n++] = (struct range){ from, to };
	}
	(void)emit(c, (struct ins){ .op = OP_CLASS, .not = not, .ranges = out, .n = n });
}

static void alternatives(struct compiler *c);

static void group(struct compiler *c)
{
	bool ahead = false, not = false;
	unsigned at = 0;

	if (eat(c, "?:")) {
		;
	} else if (eat(c, "?=")) {
		ahead = true;
	} else if (eat(c, "?!")) {
		ahead = not = true;
	} else if (c->s.len && c->s.ptr[0] == '?') {
		c->failed = true; /* names, look-behind, flags */
		return;
	}
	if (ahead)
		at = emit(c, (struct ins){ .op = OP_LOOK, .not = not });
	alternatives(c);
	if (!eat(c, ")"))
		c->failed = true;
	if (ahead) {
		(void)emit(c, (struct ins){ .op = OP_MATCH });
		c->prog[at].x = c->n;
	}
}

static void atom(struct compiler *c)
{
	const struct range *set;
	unsigned n;
	uint32_t ch;
	bool not ;

	ch = next_char(&c->s);
	switch (ch) {
	case '(':
		group(c);
		return;
	case '[':
		class(c);
		return;
	case '^':
		(void)emit(c, (struct ins){ .op = OP_BEGIN });
		return;
	case '$':
		(void)emit(c, (struct ins){ .op = OP_END });
		return;
	case '.':
		(void)emit(c, (struct ins){ .op = OP_CLASS,
		                            .not = true,
		                            .ranges = newlines,
		                            .n = ARRAY_LEN(newlines) });
		return;
	case '*':
	case '+':
	case '?':
		c->failed = true; /* nothing to repeat */
		return;
	case '\\':
		break;
	default:
		(void)emit(c, (struct ins){ .op = OP_CHAR, .ch = ch });
		return;
	}
	if (!c->s.len) {
		c->failed = true;
		return;
	}
	ch = next_char(&c->s);
	if (ch == 'b' || ch == 'B')
		(void)emit(c, (struct ins){ .op = OP_WORD, .not = ch == 'B' });
	else if (set_of(ch, &set, &n, &not ))
		(void)emit(c,
		           (struct ins){ .op = OP_CLASS, .not = not, .ranges = set, .n = n });
	else
		(void)emit(c, (struct ins){ .op = OP_CHAR, .ch = escape(c, ch) });
}

/* "{2}", "{2,}", "{2,5}"; anything else is text. */
static bool counts(struct compiler *c, uint64_t *min, uint64_t *max)
{
	size_t end = str_chr(c->s, '}', 0);
	struct str in = str_sub(c->s, 1, end), from;

	if (!c->s.len || c->s.ptr[0] != '{' || end == c->s.len)
		return false;
	from = str_sub(in, 0, str_chr(in, ',', 0));
	if (str_to_u64(from, 0, REPEAT_MAX, min) < 0)
		return false;
	*max = *min;
	if (from.len < in.len) {
		in = str_sub(in, from.len + 1, in.len);
		*max = UINT64_MAX;
		if (in.len && str_to_u64(in, *min, REPEAT_MAX, max) < 0)
			return false;
	}
	c->s = str_sub(c->s, end + 1, c->s.len);
	return true;
}

/* Length of the atom at the front: what a quantifier after it repeats. */
static size_t atom_len(struct str s)
{
	struct str rest = s;
	unsigned open = 0;
	bool in_class = false;

	do {
		uint32_t ch = next_char(&rest);

		if (ch == '\\' && rest.len) {
			uint32_t e = next_char(&rest);

			if (!open && !in_class && (e == 'x' || e == 'u'))
				rest = str_sub(rest, e == 'x' ? 2 : 4, rest.len);
		} else if (in_class) {
			in_class = ch != ']';
		} else if (ch == '[') {
			in_class = true;
		} else if (ch == '(') {
			open++;
		} else if (ch == ')' && open) {
			open--;
		}
	} while (rest.len && (open || in_class));
	return s.len - rest.len;
}

static void compile_atom(struct compiler *c, struct str text)
{
	struct str after = c->s;

	if (++c->atoms > ATOMS_MAX || c->failed) {
		c->failed = true;
		return;
	}
	c->s = text;
	atom(c);
	if (c->s.len)
		c->failed = true;
	c->s = after;
}

static void quantifier(struct compiler *c, uint64_t *min, uint64_t *max)
{
	*min = *max = 1;
	if (eat(c, "*")) {
		*min = 0;
		*max = UINT64_MAX;
	} else if (eat(c, "+")) {
		*max = UINT64_MAX;
	} else if (eat(c, "?")) {
		*min = 0;
	} else if (!counts(c, min, max)) {
		return;
	}
	(void)eat(c, "?"); /* lazy: the same texts fit */
}

/* Which way is tried first does not matter: only whether there is one does. */
static void piece(struct compiler *c)
{
	size_t len = atom_len(c->s);
	struct str text = str_sub(c->s, 0, len);
	uint64_t min, max;
	unsigned at;

	c->s = str_sub(c->s, len, c->s.len);
	quantifier(c, &min, &max);
	for (uint64_t i = 0; i < min && !c->failed; i++)
		compile_atom(c, text);
	if (max == UINT64_MAX) {
		at = emit(c, (struct ins){ .op = OP_SPLIT });
		compile_atom(c, text);
		(void)emit(c, (struct ins){ .op = OP_JUMP, .x = at });
		c->prog[at].x = at + 1;
		c->prog[at].y = c->n;
		return;
	}
	for (uint64_t i = min; i < max && !c->failed; i++) {
		at = emit(c, (struct ins){ .op = OP_SPLIT });
		compile_atom(c, text);
		c->prog[at].x = at + 1;
		c->prog[at].y = c->n;
	}
}

/* Each way but the last: split to it and to the next; at its end a jump, whose
 * target is known when all have been read: they are chained until then. */
static void alternatives(struct compiler *c)
{
	unsigned chain = UINT32_MAX, split, next;
	bool more;

	if (++c->nest > NEST_MAX)
		c->failed = true;
	do {
		split = emit(c, (struct ins){ .op = OP_SPLIT });
		while (!c->failed && c->s.len && c->s.ptr[0] != '|' && c->s.ptr[0] != ')')
			piece(c);
		more = eat(c, "|");
		if (more)
			chain = emit(c, (struct ins){ .op = OP_JUMP, .x = chain });
		c->prog[split].x = split + 1;
		c->prog[split].y = more ? c->n : split + 1;
	} while (more && !c->failed);
	while (!c->failed && chain != UINT32_MAX) {
		next = c->prog[chain].x;
		c->prog[chain].x = c->n;
		chain = next;
	}
	c->nest--;
}

struct state {
	unsigned pc;
	uint32_t at;
};

struct matcher {
	struct arena *m;
	const struct ins *prog;
	unsigned n, steps;
	struct str text;
	bool failed; /* of memory, or of patience */
};

static bool is_word_at(struct str text, size_t at)
{
	unsigned char c = at < text.len ? (unsigned char)text.ptr[at] : 0;

	return (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || c == '_' ||
	       (c >= 'a' && c <= 'z');
}

/* Does the instruction take the character at *at? Moves past it. */
static bool takes(const struct matcher *m, const struct ins *in, uint32_t *at)
{
	struct str rest = str_sub(m->text, *at, m->text.len);
	bool found = false;
	uint32_t ch;

	if (!rest.len)
		return false;
	ch = next_char(&rest);
	if (in->op == OP_CHAR) {
		found = ch == in->ch;
	} else {
		for (unsigned i = 0; i < in->n; i++)
			found = found || (ch >= in->ranges[i].from && ch <= in->ranges[i].to);
		found = found != in->not ;
	}
	*at = (uint32_t)(m->text.len - rest.len);
	return found;
}

static bool run(struct matcher *m, unsigned pc, uint32_t at, bool anywhere);

/* True if it holds at this place without taking a character. */
static bool holds(struct matcher *m, unsigned pc, uint32_t at)
{
	const struct ins *in = &m->prog[pc];

	switch (in->op) {
	case OP_BEGIN:
		return at == 0;
	case OP_END:
		return at == m->text.len;
	case OP_WORD:
		return ((at > 0 && is_word_at(m->text, at - 1)) != is_word_at(m->text, at)) !=
		       in->not ;
	case OP_LOOK:
		return run(m, pc + 1, at, false) != in->not ;
	case OP_CHAR:
	case OP_CLASS:
	case OP_SPLIT:
	case OP_JUMP:
	case OP_MATCH:
		break;
	}
	return true;
}

struct search {
	uint8_t *seen;
	struct state *stack;
	size_t n, width;
};

static void push(struct search *s, unsigned pc, uint32_t at)
{
	size_t bit = pc * s->width + at;

	if (s->seen[bit / 8] & 1U << bit % 8)
		return;
	s->seen[bit / 8] |= (uint8_t)(1U << bit % 8);
	s->stack[s->n++] = (struct state){ pc, at };
}

static bool run(struct matcher *m, unsigned pc, uint32_t at, bool anywhere)
{
	struct search s = { .width = m->text.len + 1 };
	size_t states = m->n * s.width;
	bool found = false;

	s.seen = calloc(states / 8 + 1, 1);
	s.stack = calloc(states, sizeof(*s.stack));
	m->failed = m->failed || !s.seen || !s.stack;
	for (uint32_t from = at; !m->failed && !found && from <= m->text.len; from++) {
		push(&s, pc, from);
		while (s.n && !found && !m->failed) {
			struct state st = s.stack[--s.n];
			const struct ins *in = &m->prog[st.pc];

			m->failed = ++m->steps > STEPS_MAX;
			if (in->op == OP_MATCH) {
				found = true;
			} else if (in->op == OP_CHAR || in->op == OP_CLASS) {
				if (takes(m, in, &st.at))
					push(&s, st.pc + 1, st.at);
			} else if (in->op == OP_JUMP) {
				push(&s, in->x, st.at);
			} else if (in->op == OP_SPLIT) {
				push(&s, in->x, st.at);
				push(&s, in->y, st.at);
			} else if (holds(m, st.pc, st.at)) {
				push(&s, in->op == OP_LOOK ? in->x : st.pc + 1, st.at);
			}
		}
		if (!anywhere)
			break;
	}
	free(s.seen);
	free(s.stack);
	return found;
}

enum regex_result regex_search(struct str pattern, struct str text)
{
	struct arena arena = ARENA(2U << 20);
	struct compiler *c = xcalloc(1, sizeof(*c));
	struct matcher m = { .m = &arena, .prog = c->prog, .text = text };
	enum regex_result r = REGEX_UNKNOWN;

	c->m = &arena;
	c->s = pattern;
	alternatives(c);
	(void)emit(c, (struct ins){ .op = OP_MATCH });
	m.n = c->n;
	/* What is left begins with a parenthesis that was never opened. */
	if (!c->failed && !c->s.len && text.len <= TEXT_MAX &&
	    m.n * (text.len + 1) <= STEPS_MAX) {
		bool found = run(&m, 0, 0, true);

		if (!m.failed)
			r = found ? REGEX_YES : REGEX_NO;
	}
	free(c);
	arena_fini(&arena);
	return r;
}
