/* SPDX-License-Identifier: Apache-2.0 */
#include "store/prefs.h"

#include <stdio.h>

#include "store/rows.h"

#define NAME "'account.' || ? || '.prefs'"

/* "de keys=off tour=done opens=ide": words, so that a later one can be added; longer
 * than a language's name, so that a program of before passes over them. */
static void parse(struct str text, struct prefs *p)
{
	while (text.len) {
		size_t end = str_chr(text, ' ', 0);
		struct str word = str_sub(text, 0, end);

		if (str_is(word, "keys=off"))
			p->one_key = false;
		else if (str_is(word, "tour=done"))
			p->tour_done = true;
		else if (str_is(word, "opens=ide"))
			p->ide = true;
		else if (word.len > 0 && word.len < sizeof(p->language))
			(void)snprintf(p->language, sizeof(p->language), "%.*s", STR_ARG(word));
		text = str_sub(text, end < text.len ? end + 1 : text.len, text.len);
	}
}

int prefs_get(struct db *db, struct str account_id, struct prefs *ret)
{
	struct q q = db_q(db, "SELECT value FROM setting WHERE name = " NAME);
	int r;

	*ret = (struct prefs){ .language = "system", .one_key = true };
	q_str(&q, account_id);
	r = q_row(&q);
	if (r > 0)
		parse(q_get_str(&q), ret);
	return q_found(&q, r);
}

int prefs_put(struct db *db, struct str account_id, const struct prefs *p, struct err *err)
{
	struct q q =
	    db_q(db, "INSERT OR REPLACE INTO setting(name, value) VALUES(" NAME ", ?)");
	char text[sizeof(p->language) + 40];

	(void)snprintf(text, sizeof(text), "%s%s%s%s", p->language,
	               p->one_key ? "" : " keys=off", p->tour_done ? " tour=done" : "",
	               p->ide ? " opens=ide" : "");
	q_str(&q, account_id);
	q_text(&q, text);
	return q_run(&q, err);
}
