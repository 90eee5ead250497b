/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/arctar.h"

#include <stdio.h>

#define BLOCK    512U
#define NAME_LEN 100U
#define OCTAL_11 077777777777ULL /* what eleven octal digits hold: 8 GiB */

/* Offsets and lengths of the fields of a ustar header. */
struct ustar {
	char name[NAME_LEN], mode[8], uid[8], gid[8], size[12], mtime[12], sum[8], type,
	    link[100], magic[6], version[2], rest[247];
};
_Static_assert(sizeof(struct ustar) == BLOCK, "a tar header is one block");

static void octal(char *field, size_t len, uint64_t v)
{
	for (size_t i = len - 1; i-- > 0; v >>= 3)
		field[i] = (char)('0' + (v & 7));
	field[len - 1] = '\0';
}

static void put_block(struct buf *out, struct str name, char type, unsigned mode, uint64_t size,
                      uint64_t mtime)
{
	struct ustar h = { 0 };
	const unsigned char *p = (const unsigned char *)&h;
	unsigned sum = 0;

	memcpy(h.name, name.ptr, name.len < NAME_LEN ? name.len : NAME_LEN);
	octal(h.mode, sizeof(h.mode), mode & 07777);
	octal(h.uid, sizeof(h.uid), 0);
	octal(h.gid, sizeof(h.gid), 0);
	octal(h.size, sizeof(h.size), size > OCTAL_11 ? OCTAL_11 : size);
	octal(h.mtime, sizeof(h.mtime), mtime > OCTAL_11 ? OCTAL_11 : mtime);
	memset(h.sum, ' ', sizeof(h.sum));
	h.type = type;
	memcpy(h.magic, "ustar", 6);
	memcpy(h.version, "00", 2);
	for (size_t i = 0; i < sizeof(h); i++)
		sum += p[i];
	octal(h.sum, 7, sum);
	h.sum[7] = ' ';
	buf_put(out, &h, sizeof(h));
}

/* "<length> key=value\n", where the length counts itself. */
static void put_record(struct buf *b, const char *key, struct str value)
{
	size_t body = strlen(key) + value.len + 3, len = body + 1, again;

	do {
		again = len;
		len = body + (size_t)snprintf(NULL, 0, "%zu", again);
	} while (len != again);
	buf_printf(b, "%zu %s=", len, key);
	buf_put_str(b, value);
	buf_put_c(b, '\n');
}

static bool is_ascii(struct str s)
{
	for (size_t i = 0; i < s.len; i++)
		if ((unsigned char)s.ptr[i] >= 0x80)
			return false;
	return true;
}

static void put_pax(const struct arc_meta *m, struct str name, struct buf *out)
{
	static const char zeros[BLOCK];
	struct buf b = BUF(16384);
	char number[24];

	if (name.len > NAME_LEN || !is_ascii(name))
		put_record(&b, "path", name);
	if (m->size > OCTAL_11) {
		(void)snprintf(number, sizeof(number), "%llu", (unsigned long long)m->size);
		put_record(&b, "size", str_of(number));
	}
	if (buf_len(&b)) {
		put_block(out, STR("PaxHeaders/entry"), 'x', 0644, buf_len(&b), 0);
		buf_put_str(out, buf_str(&b));
		buf_put(out, zeros, (size_t)(-buf_len(&b) & (BLOCK - 1)));
	}
	buf_fini(&b);
}

void tar_header(const struct arc_meta *m, struct buf *out)
{
	struct buf name = BUF(8192);

	buf_put_str(&name, m->name);
	if (m->dir)
		buf_put_c(&name, '/');
	put_pax(m, buf_str(&name), out);
	put_block(out, buf_str(&name), m->dir ? '5' : '0', m->mode, m->dir ? 0 : m->size,
	          m->mtime < 0 ? 0 : (uint64_t)(m->mtime / 1000000));
	buf_fini(&name);
}
