/* SPDX-License-Identifier: Apache-2.0 */
#define _GNU_SOURCE
#include "store/invoices.h"

#include "test-books.h"

static struct err err;
static struct month november;

static void use(struct db *db, const char *account, uint32_t n, wall_us from, uint64_t ns)
{
	struct session s = { .price_per_hour = 1000000 };
	struct segment g;

	(void)snprintf(s.id, sizeof(s.id), "s_%s", account);
	(void)snprintf(s.account_id, sizeof(s.account_id), "%s", account);
	g = segment_of(&s, n, from, ns);
	T_EQ(segment_post(db, &books, &s, &g, &err), 1);
}

static void give(struct db *db, const char *account, money_micro amount)
{
	struct credit c = { .amount = amount, .note = "for you", .actor = "a_1" };

	(void)snprintf(c.account_id, sizeof(c.account_id), "%s", account);
	T_EQ(credit_give(db, &books, &c, &err), 0);
}

static int64_t book_of(struct db *db, const char *account, const char *book)
{
	struct q q = db_q(db, "SELECT coalesce(sum(amount), 0) FROM ledger WHERE account_id = ?"
	                      " AND book = ?");
	int64_t n;

	q_text(&q, account);
	q_text(&q, book);
	n = q_row(&q) > 0 ? q_get_int(&q) : -1;
	q_end(&q);
	return n;
}

static void fixture(struct db *db)
{
	books_fixture(db);
	month_of(&months_utc, 2026, 11, &november);
	books.now = november.to + HOUR_US;
}

static void one_owner(void)
{
	struct invoice i, got;
	struct charge c, fix;
	struct db db;

	fixture(&db);
	give(&db, "a_1", 1500000);
	use(&db, "a_1", 0, november.from, HOUR_NS);
	use(&db, "a_1", 1, november.from + DAY_US, HOUR_NS);
	use(&db, "a_1", 2, november.to, HOUR_NS); /* December's */
	T_EQ(invoice_close(&db, &books, &november, "a_1", &i, &err), 1);
	T_EQ(i.number, 1);
	T_EQ(i.lines, 2);
	T_EQ(i.usage, 2000000);
	T_EQ(i.credit, 1500000);
	T_EQ(i.due, 500000);
	T_EQ(invoice_close(&db, &books, &november, "a_1", &i, &err), 0);
	T_EQ(book_of(&db, "a_1", "usage"), 1000000);
	T_EQ(book_of(&db, "a_1", "credit"), 0);
	T_EQ(book_of(&db, "a_1", "due"), 500000);
	T_EQ(number(&db, "SELECT sum(amount) FROM ledger"), 0);
	T_EQ(invoice_get(&db, STR("a_1"), str_of(i.id), &got), 1);
	T_EQ(invoice_get(&db, STR("a_1"), STR("1"), &got), 1);
	T_STREQ(got.name, "a_1");
	T_STREQ(got.month.name, "2026-11");
	T_EQ(got.month.to, november.to);
	T_EQ(invoice_get(&db, STR("a_2"), STR("1"), &got), 0);

	/* A correction goes onto the next one, which may be owed to him. */
	T_EQ(charge_get(&db, STR("ch_s_a_1-1-0-0"), &c), 1);
	T_EQ(correction_post(&db, &books, &c, -3000000, "the disk was slow", &fix, &err), 0);
	T_EQ(invoice_close(&db, &books, &november, "a_1", &i, &err), 0);
	struct month december;

	month_of(&months_utc, 2026, 12, &december);
	T_EQ(invoice_close(&db, &books, &december, "a_1", &i, &err), 1);
	T_EQ(i.number, 2);
	T_EQ(i.usage, -2000000);
	T_EQ(i.credit, 0);
	T_EQ(i.due, -2000000);
	T_EQ(book_of(&db, "a_1", "usage"), 0);
	test_db_close(&db);
}

static unsigned owners;
static void on_owner(void *arg, struct str id)
{
	owners++;
}

static void many_owners(void)
{
	struct month_sum sum;
	struct invoice i;
	struct db db;
	char id[16], ws[16], v[16];

	fixture(&db);
	for (int n = 2; n <= 20; n++) {
		(void)snprintf(id, sizeof(id), "a_%d", n);
		(void)snprintf(ws, sizeof(ws), "ws_%d", n);
		(void)snprintf(v, sizeof(v), "v_%d", n);
		add_owner(&db, id, ws, v);
		if (n % 2)
			use(&db, id, 0, november.from + n, (uint64_t)n * HOUR_NS);
	}
	owners = 0;
	T_EQ(invoice_owners(&db, november.to, on_owner, NULL), 0);
	T_EQ(owners, 9);
	for (int n = 20; n >= 1; n--) {
		(void)snprintf(id, sizeof(id), "a_%d", n);
		T_EQ(invoice_close(&db, &books, &november, id, &i, &err), n % 2 && n > 1);
	}
	owners = 0;
	T_EQ(invoice_owners(&db, november.to, on_owner, NULL), 0);
	T_EQ(owners, 0);
	T_EQ(number(&db, "SELECT max(number) FROM invoice"), 9);
	T_EQ(month_is_closed(&db, "2026-11"), 0);
	T_EQ(month_close(&db, "2026-11", "a_1", 5, &err), 1);
	T_EQ(month_close(&db, "2026-11", "a_1", 6, &err), 0);
	T_EQ(month_is_closed(&db, "2026-11"), 1);
	T_EQ(month_total(&db, "2026-11", &sum), 1);
	T_EQ(sum.invoices, 9);
	T_EQ(sum.usage, INT64_C(99) * 1000000);
	/* What comes after that goes onto December's. */
	use(&db, "a_2", 0, november.from + 5, HOUR_NS);
	T_EQ(invoice_close(&db, &books, &november, "a_2", &i, &err), 0);
	test_db_close(&db);
}

/* A ledger of the release before: its charges were made by the migration, and
 * what was booked as receivable is taken up by the invoice. */
static void of_before(void)
{
	struct invoice i;
	struct db db;

	T_EQ(db_open(test_db_path(), DB_WRITER, &db, &err), 0);
	T_EQ(schema_migrate_to(&db, 2, &err), 0);
	T_EQ(db_script(&db,
	               "INSERT INTO account(id, email, name, created_us)"
	               " VALUES('a_9','x@y','X',1);"
	               "INSERT INTO segment VALUES(1,'s_9','ws_9','a_9',1,0,'small',"
	               "1793500000000000,1793503600000000,3600000000000,60000,60000,0,'idle');"
	               "INSERT INTO ledger VALUES(1,'s_9-1-0',2,'a_9','receivable',60000,'USD',"
	               "'s_9',1,0,3600000000000,x'00');"
	               "INSERT INTO ledger VALUES(2,'s_9-1-0',2,'a_9','revenue',-60000,'USD',"
	               "'s_9',1,0,3600000000000,x'00');",
	               &err),
	     0);
	db_close(&db);
	fixture(&db);
	use(&db, "a_9", 1, november.from + 5, HOUR_NS);
	T_EQ(invoice_close(&db, &books, &november, "a_9", &i, &err), 1);
	T_EQ(i.lines, 2);
	T_EQ(i.due, 1060000);
	T_EQ(book_of(&db, "a_9", "receivable"), 0);
	T_EQ(book_of(&db, "a_9", "usage"), 0);
	T_EQ(book_of(&db, "a_9", "due"), 1060000);
	test_db_close(&db);
}

TEST_MAIN({ "an owner's month becomes an invoice, once", one_owner },
          { "numbers run over all owners without a gap", many_owners },
          { "what was booked before there were charges is taken up", of_before })
