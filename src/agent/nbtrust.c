/* SPDX-License-Identifier: Apache-2.0 */
#define _GNU_SOURCE
#include "agent/nbtrust.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <sys/stat.h>

#include "agent/agent.h"
#include "base/encode.h"
#include "base/file.h"
#include "base/rand.h"
#include "base/sha256.h"

#define SECRET "carrel_notebook_secret"
#define KNOWN  "carrel_notebook_signatures"
#define LINE   (NBTRUST_HEX + 1)
#define KEEP   4096

static int data_dir(const struct agent *a)
{
	int fd;

	if (file_mkdirs(a->cfg->data_dir, 0700, NULL) < 0)
		return -errno;
	fd = open(a->cfg->data_dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	return fd < 0 ? -errno : fd;
}

static int secret(const struct agent *a, struct buf *ret)
{
	autoclose int dir = data_dir(a);
	uint8_t raw[32];

	if (dir < 0)
		return dir;
	if (file_read(dir, SECRET, ret, NULL) == 0 && buf_len(ret) >= 64)
		return 0;
	buf_clear(ret);
	rand_bytes(raw, sizeof(raw));
	hex_put(ret, (struct str){ (const char *)raw, sizeof(raw) });
	return file_write_atomic(dir, SECRET, buf_str(ret), 0600, NULL);
}

static void add(void *arg, struct str piece)
{
	hmac256_add(arg, piece);
}

int nbtrust_digest(const struct agent *a, const struct nb *nb, char ret[NBTRUST_HEX + 1])
{
	struct buf key = BUF(256), hex = BUF(128);
	uint8_t mac[SHA256_LEN];
	struct hmac256 h;
	int r = secret(a, &key);

	if (r == 0) {
		hmac256_init(&h, buf_str(&key));
		r = nb_print_disk(nb, add, &h);
		hmac256_end(&h, mac);
	}
	if (r == 0) {
		hex_put(&hex, (struct str){ (const char *)mac, sizeof(mac) });
		memcpy(ret, buf_cstr(&hex), NBTRUST_HEX + 1);
	}
	buf_fini(&key);
	buf_fini(&hex);
	return r;
}

static bool has(struct str all, const char *hex)
{
	for (size_t at = 0; at + LINE <= all.len; at += LINE)
		if (memcmp(all.ptr + at, hex, NBTRUST_HEX) == 0)
			return true;
	return false;
}

static void load(int dir, struct buf *b)
{
	if (file_read(dir, KNOWN, b, NULL) < 0)
		buf_clear(b);
}

bool nbtrust_known(const struct agent *a, const char hex[NBTRUST_HEX + 1])
{
	struct buf b = BUF((size_t)4 * KEEP * LINE);
	autoclose int dir = data_dir(a);
	bool found = false;

	if (dir >= 0) {
		load(dir, &b);
		found = has(buf_str(&b), hex);
	}
	buf_fini(&b);
	return found;
}

void nbtrust_remember(const struct agent *a, const char hex[NBTRUST_HEX + 1])
{
	struct buf b = BUF((size_t)4 * KEEP * LINE);
	autoclose int dir = data_dir(a);

	if (dir < 0)
		return;
	load(dir, &b);
	if (!has(buf_str(&b), hex)) {
		if (buf_len(&b) >= (size_t)2 * KEEP * LINE)
			buf_consume(&b, buf_len(&b) - (size_t)KEEP * LINE);
		buf_put(&b, hex, NBTRUST_HEX);
		buf_put_c(&b, '\n');
		(void)(file_write_atomic(dir, KNOWN, buf_str(&b), 0600, NULL) == 0);
	}
	buf_fini(&b);
}
