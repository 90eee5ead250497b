/* SPDX-License-Identifier: Apache-2.0 */
/* The store against what really happened: while all is well, and at the end. */
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "host.h"
#include "platform.h"

#define NEW_NS (2 * MIN_NS)

static void on_running_row(const char *session, int64_t epoch, int64_t b)
{
	const struct run *r = host_find(str_of(session), (uint32_t)epoch);

	if (!r || (r->state == RUN_ENDED && world.now - r->ended > NEW_NS && r->ended))
		violated(INV_TERMINAL, "%s-%lld is running in the store, and nowhere else",
		         session, (long long)epoch);
}

static void on_waiting_row(const char *session, int64_t epoch, int64_t state_boot)
{
	if (world_boot() > (boot_ns)state_boot + 20 * MIN_NS)
		violated(INV_TERMINAL, "%s-%lld has been on its way for %llu min", session,
		         (long long)epoch,
		         (unsigned long long)((world_boot() - (boot_ns)state_boot) / MIN_NS));
}

void check_now(void)
{
	platform_rows("SELECT id, epoch, 0 FROM session WHERE state = 'running'",
	              on_running_row);
	platform_rows("SELECT id, epoch, state_boot FROM session WHERE state IN"
	              " ('starting','stopping')",
	              on_waiting_row);
	list_for_each (it, &host.runs) {
		const struct run *r = LIST_ENTRY(it, struct run, node);

		if (r->state != RUN_RUNNING || !r->ready || world.now - r->began < NEW_NS)
			continue;
		if (platform_sql("SELECT epoch FROM session WHERE id = ?"
		                 " AND state IN ('running','stopping')",
		                 r->session, -1) != r->epoch)
			violated(INV_INTENT, "%s-%u runs, and the store does not say so",
			         r->session, r->epoch);
	}
}

static unsigned nsegments;
static int64_t sum_ns;

/* rate × ns / 3600 s, half to even, by hand. */
static int64_t price(int64_t rate, int64_t ns)
{
	__int128 n = (__int128)rate * ns, d = (__int128)3600 * 1000000000, q = n / d,
	         twice = (n % d) * 2;

	return (int64_t)(q + (twice > d || (twice == d && (q & 1))));
}

static int64_t of_segment(const char *column, const struct run *r)
{
	char sql[160];

	(void)snprintf(sql, sizeof(sql),
	               "SELECT %s FROM segment WHERE session_id = ? AND epoch = %u", column,
	               r->epoch);
	return platform_sql(sql, r->session, -1);
}

static void check_run(const struct run *r)
{
	int64_t ns = (int64_t)(r->rec[1].boottime_ns - r->rec[0].boottime_ns), real;

	if (r->state != RUN_ENDED) {
		violated(INV_TERMINAL, "%s-%u has not ended", r->session, r->epoch);
		return;
	}
	nsegments++;
	if (of_segment("count(*)", r) != 1) {
		violated(INV_BILLED_ONCE, "%s-%u is billed %lld times", r->session, r->epoch,
		         (long long)of_segment("count(*)", r));
		return;
	}
	if (of_segment("ns", r) != ns)
		violated(INV_BILLED_ONCE, "%s-%u ran %lld ns by its journal, %lld are billed",
		         r->session, r->epoch, (long long)ns, (long long)of_segment("ns", r));
	real = r->began ? (int64_t)(r->ended - r->began) : 0;
	/* Estimated: up to the last beat before its last shim died. */
	if (r->rec[1].estimated
	        ? ns > real || ns + 6 * (int64_t)S_NS < (int64_t)(r->shim_until - r->began)
	        : ns != real)
		violated(INV_BILLED_ONCE, "%s-%u ran %lld ns, its journal says %lld",
		         r->session, r->epoch, (long long)real, (long long)ns);
	sum_ns += ns;
}

static void on_live_row(const char *session, int64_t epoch, int64_t b)
{
	violated(INV_TERMINAL, "%s-%lld has not come to an end in the store", session,
	         (long long)epoch);
}

/* Called lost though no journal says so: nothing is lost here without a word. */
static void on_lost(const char *session, int64_t epoch, int64_t b)
{
	const struct run *r = host_find(str_of(session), (uint32_t)epoch);

	if (!r || !strstr(r->rec[1].reason, "-lost"))
		violated(INV_WRONG_STOP, "%s-%lld was called lost, and was not", session,
		         (long long)epoch);
}

static void same(enum invariant i, const char *what, int64_t have, int64_t want)
{
	if (have != want)
		violated(i, "%s: %lld, not %lld", what, (long long)have, (long long)want);
}

static void on_charge(const char *rate, int64_t amount, int64_t ns)
{
	uint64_t r = 0;

	if (str_to_u64(str_of(rate), 0, INT64_MAX, &r) < 0 || amount != price((int64_t)r, ns))
		violated(INV_BILLED_ONCE, "%lld ns at %s an hour are billed as %lld",
		         (long long)ns, rate, (long long)amount);
}

#define SAME_AS_CHARGES(column)                                                           \
	"SELECT count(*) FROM segment g WHERE " column " <> (SELECT coalesce(sum(" column \
	"), -1) FROM charge c WHERE c.kind = 'compute' AND c.session_id = g.session_id"   \
	" AND c.epoch = g.epoch AND c.segment = g.segment)"

/* Every second of a segment is in exactly one charge. */
static void check_charges(void)
{
	same(INV_BILLED_ONCE, "segments whose charges have other nanoseconds",
	     platform_sql(SAME_AS_CHARGES("ns"), NULL, -1), 0);
	same(INV_BILLED_ONCE, "segments whose charges have another amount",
	     platform_sql(SAME_AS_CHARGES("amount"), NULL, -1), 0);
	same(INV_BILLED_ONCE, "charges that overlap",
	     platform_sql("SELECT count(*) FROM charge a JOIN charge b ON a.kind = 'compute'"
	                  " AND b.kind = 'compute' AND a.session_id = b.session_id"
	                  " AND a.epoch = b.epoch AND a.segment = b.segment AND a.part < b.part"
	                  " AND a.to_us > b.from_us",
	                  NULL, -1),
	     0);
	platform_rows("SELECT CASE WHEN free THEN '0' ELSE CAST(rate AS TEXT) END, amount, ns"
	              " FROM charge WHERE kind = 'compute'",
	              on_charge);
}

static void on_budget(const char *account, int64_t over, int64_t rate)
{
	if (over > rate * 10 / 3600 + 1)
		violated(INV_BUDGET, "%s is %lld over its hard budget at %lld an hour", account,
		         (long long)over, (long long)rate);
}

/* What ran on because no shim lived to end it is nobody's fault here. */
static void check_budgets(void)
{
	if (world.budgets && host.late_leases == 0)
		platform_rows(
		    "SELECT b.account_id, sum(c.amount) - b.amount, max(c.rate) FROM budget b"
		    " JOIN charge c ON c.account_id = b.account_id AND c.kind = 'compute'"
		    " WHERE b.hard GROUP BY b.account_id, c.month",
		    on_budget);
}

static void check_books(void)
{
	same(INV_LEDGER, "sum of the ledger",
	     platform_sql("SELECT sum(amount) FROM ledger", NULL, 0), 0);
	same(INV_LEDGER, "transactions that do not balance",
	     platform_sql("SELECT count(*) FROM (SELECT txn FROM ledger GROUP BY txn"
	                  " HAVING sum(amount) <> 0)",
	                  NULL, 0),
	     0);
	same(INV_LEDGER, "numbers missing in the ledger",
	     platform_sql("SELECT max(seq) - count(*) FROM ledger", NULL, 0), 0);
	same(INV_BILLED_ONCE, "segments", platform_sql("SELECT count(*) FROM segment", NULL, 0),
	     nsegments);
	same(INV_BILLED_ONCE, "nanoseconds of segments",
	     platform_sql("SELECT sum(ns) FROM segment", NULL, 0), sum_ns);
	same(INV_BILLED_ONCE, "nanoseconds of sessions",
	     platform_sql("SELECT sum(metered_ns) FROM session", NULL, 0), sum_ns);
	same(INV_BILLED_ONCE, "cost of sessions",
	     platform_sql("SELECT sum(cost) FROM session", NULL, 0),
	     platform_sql("SELECT sum(amount) FROM segment", NULL, 0));
}

void check_end(void)
{
	nsegments = 0;
	sum_ns = 0;
	list_for_each (it, &host.runs)
		check_run(LIST_ENTRY(it, struct run, node));
	platform_rows("SELECT id, epoch, 0 FROM session WHERE state NOT IN"
	              " ('stopped','failed','lost')",
	              on_live_row);
	platform_rows("SELECT id, 0, 0 FROM workspace WHERE session_id <> ''", on_live_row);
	platform_rows("SELECT s.id, s.epoch, 0 FROM audit a JOIN session s ON s.id = a.object"
	              " WHERE a.verb = 'session.lost'",
	              on_lost);
	check_books();
	check_charges();
	check_budgets();
	trace("sum", "ns", (uint64_t)sum_ns);
	trace("sum", "amount",
	      (uint64_t)platform_sql("SELECT sum(amount) FROM segment", NULL, 0));
	trace("sum", "events", (uint64_t)platform_sql("SELECT max(seq) FROM event", NULL, 0));
	trace("sum", "audit", (uint64_t)platform_sql("SELECT count(*) FROM audit", NULL, 0));
}

/* The journals as the shims would have left them, for tools/audit-ledger.py. */
void check_keep(const char *dir)
{
	char path[512];

	(void)snprintf(path, sizeof(path), "%s/journal", dir);
	(void)mkdir(path, 0700);
	list_for_each (it, &host.runs) {
		const struct run *r = LIST_ENTRY(it, struct run, node);
		uint8_t raw[JOURNAL_RECORD];
		FILE *f;

		(void)snprintf(path, sizeof(path), "%s/journal/%s-%u.journal", dir, r->session,
		               r->epoch);
		f = fopen(path, "we");
		for (unsigned i = 0; f && i < r->nrec; i++) {
			journal_encode(&r->rec[i], raw);
			CHECK(fwrite(raw, sizeof(raw), 1, f) == 1);
		}
		if (f)
			(void)fclose(f);
	}
}
