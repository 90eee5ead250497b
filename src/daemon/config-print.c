/* SPDX-License-Identifier: Apache-2.0 */
/* The configuration as text: for the roles, for people, for the manual. */
#include "daemon/config.h"

#include <string.h>

#include "daemon/config-table.h"

static void put_value(struct buf *b, const void *base, const struct config_key *k)
{
	const char *field = (const char *)base + k->offset;

	if (config_is_number(k->kind))
		config_put_number(b, k->kind, *(const uint64_t *)(const void *)field);
	else
		buf_put_z(b, *(const char *const *)(const void *)field);
}

static void put_keys(struct buf *b, const void *base, const char *section)
{
	for (size_t i = 0; i < config_nkeys; i++) {
		const struct config_key *k = &config_keys[i];

		if (strcmp(k->section, section) != 0)
			continue;
		buf_printf(b, "%s = ", k->key);
		put_value(b, base, k);
		buf_put_c(b, '\n');
	}
}

/* The section after `last` in the order of the table; NULL: none is left. */
static const char *next_section(const char *last)
{
	bool seen = !last;

	for (size_t i = 0; i < config_nkeys; i++) {
		const char *s = config_keys[i].section;

		if (last && strcmp(s, last) == 0)
			seen = true;
		else if (seen)
			return s;
	}
	return NULL;
}

void config_print(const struct config *c, enum config_from from, struct buf *b)
{
	for (const char *s = next_section(NULL); s; s = next_section(s)) {
		if (config_is_named(s))
			continue;
		if (strcmp(s, "runtime") == 0 && from != CONFIG_FROM_PARENT)
			continue;
		buf_printf(b, "[%s]\n", s);
		put_keys(b, c, s);
	}
	for (size_t i = 0; i < c->ntypes; i++) {
		buf_printf(b, "[instance_type %s]\n", c->types[i].id);
		put_keys(b, &c->types[i], "instance_type");
	}
	for (size_t i = 0; i < c->nimages; i++) {
		buf_printf(b, "[image %s]\n", c->images[i].id);
		put_keys(b, &c->images[i], "image");
	}
}

/* Default and range of a key, "default 1h; 1m to 7d". */
static void put_limits(struct buf *b, const struct config_key *k)
{
	struct buf range = BUF(256);

	if (k->def[0])
		buf_printf(b, "default %s", k->def);
	else
		buf_put_z(b, "default empty");
	config_put_range(&range, k);
	if (buf_len(&range) > 0)
		buf_printf(b, "; %s", buf_cstr(&range));
	buf_fini(&range);
}

void config_help(struct buf *b)
{
	buf_put_z(
	    b, "Configuration file: sections of key = value lines; # begins a comment line.\n"
	       "The same keys go on carreld's command line as KEY=VALUE, and win.\n");
	for (const char *s = next_section(NULL); s; s = next_section(s)) {
		if (strcmp(s, "runtime") == 0)
			continue;
		buf_printf(b, "\n[%s%s]\n", s, config_is_named(s) ? " NAME" : "");
		for (size_t i = 0; i < config_nkeys; i++) {
			const struct config_key *k = &config_keys[i];

			if (strcmp(k->section, s) != 0)
				continue;
			buf_printf(b, "  %-22s %s\n  %-22s (", k->key, k->text, "");
			put_limits(b, k);
			buf_put_z(b, ")\n");
		}
	}
}

/* The defaults of the named sections, commented out like everything else. */
static void put_commented(struct buf *b, const char *text)
{
	struct str rest = str_of(text), line;

	while (str_split(&rest, '\n', &line))
		if (line.len > 0)
			buf_printf(b, "%s#%.*s\n", line.ptr[0] == '[' ? "\n" : "",
			           STR_ARG(line));
}

void config_example(struct buf *b)
{
	buf_put_z(b, "# Configuration of carreld. Every key stands here with its default;\n"
	             "# carrel.conf(5) and `carreld --config-help` say the same.\n");
	for (const char *s = next_section(NULL); s; s = next_section(s)) {
		if (strcmp(s, "runtime") == 0)
			continue;
		if (config_is_named(s)) {
			bool is_type = strcmp(s, "instance_type") == 0;

			buf_printf(b,
			           "\n# One section [%s NAME] for each. As soon as one stands\n"
			           "# here, the built-in ones that follow are gone. Keys:\n",
			           s);
			for (size_t i = 0; i < config_nkeys; i++)
				if (strcmp(config_keys[i].section, s) == 0)
					buf_printf(b, "#   %s: %s\n", config_keys[i].key,
					           config_keys[i].text);
			put_commented(b,
			              is_type ? config_default_types : config_default_images);
			continue;
		}
		buf_printf(b, "\n[%s]\n", s);
		for (size_t i = 0; i < config_nkeys; i++) {
			const struct config_key *k = &config_keys[i];

			if (strcmp(k->section, s) != 0)
				continue;
			buf_printf(b, "\n# %s (", k->text);
			put_limits(b, k);
			buf_printf(b, ")\n#%s = %s\n", k->key, k->def);
		}
	}
}

/* Text for roff: a leading dot or quote and every backslash and hyphen escaped. */
static void put_roff(struct buf *b, const char *text)
{
	if (text[0] == '.' || text[0] == '\'')
		buf_put_z(b, "\\&");
	for (; *text; text++) {
		if (*text == '\\' || *text == '-')
			buf_put_c(b, '\\');
		buf_put_c(b, *text);
	}
}

void config_man(struct buf *b)
{
	buf_put_z(b, ".TH CARREL.CONF 5 \"\" \"Carrel " CARREL_VERSION "\"\n"
	             ".SH NAME\ncarrel.conf \\- configuration of carreld\n"
	             ".SH DESCRIPTION\n"
	             "The file holds sections in square brackets and lines of the form\n"
	             ".IR \"key \" = \" value\" .\n"
	             "A line that begins with # is a comment.\n"
	             "Sizes take the units KiB, MiB, GiB, TiB and KB, MB, GB, TB; durations s, "
	             "m, h and d.\n"
	             "The same keys may be given to\n.BR carreld (8)\nas KEY=VALUE arguments, "
	             "which win over the file.\n"
	             "An error names file, line, key and the nearest known key, and nothing is "
	             "started.\n");
	for (const char *s = next_section(NULL); s; s = next_section(s)) {
		if (strcmp(s, "runtime") == 0)
			continue;
		buf_printf(b, ".SH \"[%s%s]\"\n", s, config_is_named(s) ? " NAME" : "");
		for (size_t i = 0; i < config_nkeys; i++) {
			const struct config_key *k = &config_keys[i];
			struct buf limits = BUF(512);

			if (strcmp(k->section, s) != 0)
				continue;
			buf_printf(b, ".TP\n.B %s\n", k->key);
			put_roff(b, k->text);
			put_limits(&limits, k);
			buf_put_z(b, "\n(");
			put_roff(b, buf_cstr(&limits));
			buf_put_z(b, ")\n");
			buf_fini(&limits);
		}
	}
	buf_put_z(b, ".SH FILES\n/etc/carrel/carrel.conf\n.SH SEE ALSO\n.BR carreld (8),\n.BR "
	             "carrel (1)\n");
}
