/* SPDX-License-Identifier: Apache-2.0 */
#include "store/fleet.h"

#include "store/rows.h"

#define FLEET_HEAD                                                        \
	"SELECT s.seq, a.id, a.email, a.name," SESSION_COLS(              \
	    "s.") " FROM session s JOIN account a ON a.id = s.account_id" \
	          " JOIN workspace w ON w.id = s.workspace_id WHERE s.seq < ?1"
#define FLEET_TAIL                                                       \
	" AND (?3 = '' OR s.account_id = ?3)"                            \
	" AND (?4 = '' OR instr(lower(w.name || ' ' || a.name || ' ' ||" \
	" a.email || ' ' || s.id), lower(?4)) > 0)"                      \
	" ORDER BY s.seq DESC LIMIT ?5"
/* What is live has an index of its own: not all sessions ever are looked at. */
#define LIVE_SQL \
	FLEET_HEAD " AND s.state IN ('queued','starting','running','stopping')" FLEET_TAIL
#define FLEET_SQL FLEET_HEAD " AND (?2 = '' OR s.state = ?2)" FLEET_TAIL

int fleet_list(struct db *db, const struct fleet_filter *f, int64_t before, unsigned limit,
               fleet_fn *fn, void *arg)
{
	struct q q = db_q(db, str_is(f->state, "live") ? LIVE_SQL : FLEET_SQL);
	int r;

	q_int(&q, before);
	q_str(&q, f->state);
	q_str(&q, f->account);
	q_str(&q, f->text);
	q_int(&q, limit);
	while ((r = q_row(&q)) > 0) {
		struct account owner = { 0 };
		struct session s = { 0 };
		int64_t seq = q_get_int(&q);

		q_get_text(&q, owner.id, sizeof(owner.id));
		q_get_text(&q, owner.email, sizeof(owner.email));
		q_get_text(&q, owner.name, sizeof(owner.name));
		q_get_session(&q, &s);
		fn(arg, &s, &owner, seq);
	}
	return q_found(&q, r < 0 ? r : 0);
}
