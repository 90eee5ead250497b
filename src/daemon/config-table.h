/* SPDX-License-Identifier: Apache-2.0 */
/* The table behind config.h; read by the parser and by the three printers. */
#pragma once

#include "daemon/config.h"

enum config_kind {
	CONFIG_TEXT,    /* no control characters, at most 1,000 bytes */
	CONFIG_PATH,    /* text that begins with / */
	CONFIG_CHOICE,  /* one of `choices` */
	CONFIG_UINT,    /* decimal number */
	CONFIG_SIZE,    /* bytes: 1048576, 1MiB, 5GB */
	CONFIG_SECONDS, /* 90, 90s, 5m, 12h, 7d */
	CONFIG_CPU,     /* cores with up to 3 decimals, kept in thousandths */
	CONFIG_MONEY,   /* units with up to 6 decimals, kept in micro-units */
};

struct config_key {
	const char *section; /* a section with a name: "instance_type", "image" */
	const char *key;
	enum config_kind kind;
	size_t offset; /* in struct config, or in the named section's struct */
	uint64_t min, max;
	const char *choices; /* separated by spaces */
	const char *def;
	const char *text;
};

extern const struct config_key config_keys[];
extern const size_t config_nkeys;
/* The named sections that hold where no file has any of their kind. */
extern const char config_default_types[];
extern const char config_default_images[];

bool config_is_named(const char *section);
bool config_is_number(enum config_kind kind);
/* How a value of this kind is written, for people. */
void config_put_number(struct buf *b, enum config_kind kind, uint64_t v);
/* The range of a key in words; nothing if it has none. */
void config_put_range(struct buf *b, const struct config_key *k);
MUST_CHECK int config_get_number(enum config_kind kind, struct str s, uint64_t *ret);
