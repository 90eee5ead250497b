/* SPDX-License-Identifier: Apache-2.0 */
#define _GNU_SOURCE
#include "store/documents.h"

#include "core/query.h"
#include "store/accounts.h"
#include "store/recents.h"
#include "store/workspaces.h"
#include "test-db.h"

static struct err err;
static char names[4096]; /* what was found: "name:where " */
static unsigned nfound;

static void add_account(struct db *db, const char *id)
{
	struct account a = { .created = 1 };

	(void)snprintf(a.id, sizeof(a.id), "%s", id);
	(void)snprintf(a.email, sizeof(a.email), "%s@x", id);
	T_EQ(account_insert(db, &a, &err), 0);
}

static void add_space(struct db *db, const char *account, const char *id)
{
	struct workspace w = { .version = 1 };

	(void)snprintf(w.id, sizeof(w.id), "%s", id);
	(void)snprintf(w.account_id, sizeof(w.account_id), "%s", account);
	(void)snprintf(w.name, sizeof(w.name), "Space %s", id);
	(void)snprintf(w.label, sizeof(w.label), "label-%s", id);
	(void)snprintf(w.volume_id, sizeof(w.volume_id), "v%s", id);
	T_EQ(workspace_insert(db, &w, &err), 0);
}

static void open_all(struct db *db)
{
	test_db_open(db);
	add_account(db, "a_1");
	add_account(db, "a_2");
	add_space(db, "a_1", "w_1");
	add_space(db, "a_1", "w_2");
	add_space(db, "a_2", "w_3");
}

static void put(struct db *db, const char *account, const char *space, const char *path,
                const char *heads, const char *text)
{
	struct document d = { .path = str_of(path),
		              .notebook = str_ends(str_of(path), STR(".ipynb")),
		              .title = str_of(heads),
		              .heads = str_of(heads),
		              .text = str_of(text),
		              .changed = 7,
		              .size = 9 };

	T_EQ(document_put(db, account, space, &d, 1, &err), 1);
}

static bool on_found(void *arg, const struct found *f)
{
	size_t n = strlen(names);

	(void)snprintf(names + n, sizeof(names) - n, "%.*s:%d ", STR_ARG(f->path), f->where);
	nfound++;
	return true;
}

static const char *find(struct db *db, const char *account, const char *search)
{
	struct query q;
	struct find_of of = { .account_id = str_of(account), .q = &q, .limit = 20 };

	query_parse(str_of(search), &q);
	names[0] = '\0';
	nfound = 0;
	T_EQ(document_find(db, &of, on_found, NULL), 0);
	return names;
}

static void names_come_before_headings_before_texts(void)
{
	struct db db;

	open_all(&db);
	put(&db, "a_1", "w_1", "a.ipynb", "Introduction", "how to draw a plot");
	put(&db, "a_1", "w_1", "plot.ipynb", "", "x");
	put(&db, "a_1", "w_2", "b/old.ipynb", "A plot of rain", "");
	put(&db, "a_1", "w_2", "newer.py", "", "plot(x)");
	T_STREQ(find(&db, "a_1", "plot "), "plot.ipynb:0 b/old.ipynb:1 newer.py:2 a.ipynb:2 ");
	T_STREQ(find(&db, "a_1", "plo"), "plot.ipynb:0 b/old.ipynb:1 newer.py:2 a.ipynb:2 ");
	T_STREQ(find(&db, "a_1", "plo "), "");
	T_STREQ(find(&db, "a_1", "plot type:py"), "newer.py:2 ");
	T_STREQ(find(&db, "a_1", "type:notebook"), "b/old.ipynb:2 plot.ipynb:2 a.ipynb:2 ");
	T_STREQ(find(&db, "a_1", "plot -draw "), "plot.ipynb:0 b/old.ipynb:1 newer.py:2 ");
	T_STREQ(find(&db, "a_1", "plot -x "), "b/old.ipynb:1 a.ipynb:2 ");
	T_STREQ(find(&db, "a_1", "\"draw a\" plot "), "a.ipynb:2 ");
	T_STREQ(find(&db, "a_1", "\"a draw\" "), "");
	/* Across name and text; the folder's name is part of the text. */
	T_STREQ(find(&db, "a_1", "old b rain "), "b/old.ipynb:2 ");
	test_db_close(&db);
}

static void others_texts_are_not_found(void)
{
	struct db db;

	open_all(&db);
	put(&db, "a_2", "w_3", "secret.ipynb", "secret", "secret");
	put(&db, "a_1", "w_1", "mine. a2 w3", "", "a2 w3");
	T_STREQ(find(&db, "a_1", "secret"), "");
	T_STREQ(find(&db, "a_2", "secret"), "secret.ipynb:0 ");
	T_STREQ(find(&db, "a_2", "mine"), "");
	T_STREQ(find(&db, "a_1", "owner:a2"), "");
	T_STREQ(find(&db, "a_1", "type:a2"), "");
	test_db_close(&db);
}

static void a_change_replaces_and_a_removal_removes(void)
{
	int64_t n = 0;
	struct db db;

	open_all(&db);
	put(&db, "a_1", "w_1", "a.ipynb", "", "alpha");
	put(&db, "a_1", "w_1", "a.ipynb", "", "beta");
	put(&db, "a_1", "w_1", "d/b.ipynb", "", "beta");
	put(&db, "a_1", "w_1", "d.txt", "", "beta");
	T_STREQ(find(&db, "a_1", "alpha"), "");
	T_STREQ(find(&db, "a_1", "beta"), "d.txt:2 d/b.ipynb:2 a.ipynb:2 ");
	T_EQ(document_move(&db, "a_1", "w_1", STR("d"), STR("e/f"), 1, &err), 0);
	T_STREQ(find(&db, "a_1", "beta"), "e/f/b.ipynb:2 d.txt:2 a.ipynb:2 ");
	T_EQ(document_move(&db, "a_1", "w_1", STR("e"), STR("e/g"), 1, &err), 0);
	T_EQ(document_move(&db, "a_1", "w_1", STR("a.ipynb"), STR("d.txt"), 1, &err), 0);
	T_STREQ(find(&db, "a_1", "beta"), "d.txt:2 e/f/b.ipynb:2 ");
	T_EQ(document_count(&db, STR("a_1"), &n), 1);
	T_EQ(n, 2);
	T_EQ(document_gone(&db, "w_1", STR("e"), &err), 0);
	T_STREQ(find(&db, "a_1", "beta"), "d.txt:2 ");
	T_EQ(workspace_delete(&db, STR("a_1"), STR("w_1"), 5, &err), 1);
	T_STREQ(find(&db, "a_1", "beta"), "");
	T_EQ(document_purge(&db, 5, &err), 0);
	T_EQ(document_count(&db, STR("a_1"), &n), 1);
	T_EQ(n, 0);
	T_EQ(db_script(&db,
	               "INSERT INTO document_name(document_name) VALUES('integrity-check');"
	               "INSERT INTO document_text(document_text)"
	               " VALUES('integrity-check')",
	               &err),
	     0);
	test_db_close(&db);
}

static void a_list_finds_what_is_new_and_what_is_lost(void)
{
	const struct document_seen seen[] = { { STR("a.py"), 7, 9 },
		                              { STR("b.py"), 8, 9 },
		                              { STR("c.py"), 7, 9 } };
	bool want[3];
	struct db db;

	open_all(&db);
	put(&db, "a_1", "w_1", "a.py", "", "same");
	put(&db, "a_1", "w_1", "b.py", "", "same");
	put(&db, "a_1", "w_1", "bb.py", "", "same");
	put(&db, "a_1", "w_1", "z.py", "", "same");
	T_EQ(document_compare(&db, "w_1", STR(""), STR("c.py"), seen, 3, want, &err), 0);
	T_OK(!want[0] && want[1] && want[2]);
	T_STREQ(find(&db, "a_1", "same"), "z.py:2 b.py:2 a.py:2 ");
	T_EQ(document_compare(&db, "w_1", STR("c.py"), STR(""), seen, 0, want, &err), 0);
	T_STREQ(find(&db, "a_1", "same"), "b.py:2 a.py:2 ");
	test_db_close(&db);
}

/* 64 KiB each: sixteen are as much as one job does. */
static void put_large(struct db *db, unsigned n)
{
	static char text[(64 << 10) + 1];

	memset(text, 'x', sizeof(text) - 1);
	for (unsigned i = 0; i < n; i++) {
		char path[16];

		(void)snprintf(path, sizeof(path), "d/%02u.py", i);
		put(db, "a_1", "w_1", path, "", text);
	}
}

static int64_t count(struct db *db)
{
	int64_t n = -1;

	T_EQ(document_count(db, STR("a_1"), &n), 1);
	return n;
}

static void a_job_ends_after_so_much_text(void)
{
	bool want[1];
	struct db db;

	open_all(&db);
	put_large(&db, 40);
	T_EQ(document_move(&db, "a_1", "w_1", STR("d"), STR("e"), 1, &err), 1);
	T_EQ(document_move(&db, "a_1", "w_1", STR("d"), STR("e"), 1, &err), 1);
	T_EQ(document_move(&db, "a_1", "w_1", STR("d"), STR("e"), 1, &err), 0);
	T_EQ(count(&db), 40);
	T_EQ(document_gone(&db, "w_1", STR("d"), &err), 0);
	T_EQ(count(&db), 40);
	T_EQ(document_gone(&db, "w_1", STR("e"), &err), 1);
	T_EQ(count(&db), 24);
	T_EQ(document_compare(&db, "w_1", STR(""), STR(""), NULL, 0, want, &err), 1);
	T_EQ(count(&db), 8);
	T_EQ(document_compare(&db, "w_1", STR(""), STR(""), NULL, 0, want, &err), 0);
	T_EQ(count(&db), 0);
	put_large(&db, 20);
	T_EQ(workspace_delete(&db, STR("a_1"), STR("w_1"), 5, &err), 1);
	T_EQ(document_purge(&db, 5, &err), 1);
	T_EQ(document_purge(&db, 5, &err), 0);
	T_EQ(document_purge(&db, 5, &err), 0);
	test_db_close(&db);
}

static void a_job_ends_after_so_many(void)
{
	struct db db;

	open_all(&db);
	for (unsigned i = 0; i < DOCUMENTS_A_JOB + 1; i++) {
		char path[16];

		(void)snprintf(path, sizeof(path), "d/%u", i);
		put(&db, "a_1", "w_1", path, "", "x");
	}
	T_EQ(document_move(&db, "a_1", "w_1", STR("d"), STR("e"), 1, &err), 1);
	T_EQ(document_move(&db, "a_1", "w_1", STR("d"), STR("e"), 1, &err), 0);
	T_EQ(document_gone(&db, "w_1", STR("e/0"), &err), 0);
	/* As many as one job does, and no more. */
	T_EQ(document_gone(&db, "w_1", STR("e"), &err), 0);
	T_EQ(count(&db), 0);
	test_db_close(&db);
}

/* One letter is a word by itself, two are the beginning of one. */
static void one_letter_is_no_beginning(void)
{
	struct db db;

	open_all(&db);
	put(&db, "a_1", "w_1", "a.ipynb", "", "xylophone éclair read_csv жираф");
	T_STREQ(find(&db, "a_1", "x"), "");
	T_STREQ(find(&db, "a_1", "xy"), "a.ipynb:2 ");
	T_STREQ(find(&db, "a_1", "xylop"), "a.ipynb:2 ");
	T_STREQ(find(&db, "a_1", "\"xylophone é"), "");
	T_STREQ(find(&db, "a_1", "\"xylophone éc"), "a.ipynb:2 ");
	T_STREQ(find(&db, "a_1", "read_c"), "");
	T_STREQ(find(&db, "a_1", "read_cs"), "a.ipynb:2 ");
	T_STREQ(find(&db, "a_1", "жи"), "a.ipynb:2 ");
	put(&db, "a_1", "w_1", "b.ipynb", "", "x y");
	T_STREQ(find(&db, "a_1", "x"), "b.ipynb:2 ");
	test_db_close(&db);
}

/* More than the question names: each answer is looked at. */
static void any_number_of_workspaces_may_be_meant(void)
{
	char ids[3 * FIND_SPACES_MAX][ID_MAX] = { "" };
	struct query q;
	struct find_of of = { .account_id = STR("a_1"), .q = &q, .limit = 20 };
	struct db db;

	open_all(&db);
	for (unsigned i = 0; i < ARRAY_LEN(ids); i++) {
		(void)snprintf(ids[i], sizeof(ids[0]), "w_m%02u", i);
		add_space(&db, "a_1", ids[i]);
	}
	put(&db, "a_1", ids[0], "first.py", "", "plot");
	put(&db, "a_1", ids[ARRAY_LEN(ids) - 1], "last.py", "", "plot");
	for (unsigned i = 0; i < 30; i++) {
		char path[16];

		(void)snprintf(path, sizeof(path), "other%u.py", i);
		put(&db, "a_1", "w_1", path, "", "plot");
	}
	query_parse(STR("plot "), &q);
	of.workspaces = (const char(*)[ID_MAX])ids;
	of.nworkspaces = ARRAY_LEN(ids);
	names[0] = '\0';
	T_EQ(document_find(&db, &of, on_found, NULL), 0);
	T_STREQ(names, "last.py:2 first.py:2 ");
	of.nworkspaces = FIND_SPACES_MAX;
	names[0] = '\0';
	T_EQ(document_find(&db, &of, on_found, NULL), 0);
	T_STREQ(names, "first.py:2 ");
	test_db_close(&db);
}

/* Whatever is typed, the index takes it for a search. */
static void any_input_is_a_search(void)
{
	static const char *const parts[] = {
		"\"",   "*", "-",     "(",      ")",    "AND",     "NOT",    "OR",   "NEAR(",
		"in:",  "^", "type:", "body :", "{",    "}",       "\xff",   "\xc3", "ä",
		"plot", " ", ":",     "+",      "\x01", "'",       ";",      "--",   "owner:",
		"a_2",  "—", "?!",    "漢字",   "name", "in:\"\"", "type:\""
	};
	uint64_t x = 2463534242U;
	struct db db;

	open_all(&db);
	put(&db, "a_1", "w_1", "plot.ipynb", "plot", "plot ä 漢字 not and or");
	put(&db, "a_2", "w_3", "other.ipynb", "plot", "plot ä 漢字 not and or name");
	for (int i = 0; i < 4000; i++) {
		char search[256] = "";
		size_t n = 0;

		x ^= x << 13, x ^= x >> 7, x ^= x << 17;
		for (unsigned k = 0; k < 1 + x % 9; k++) {
			const char *part = parts[(x >> (5 * k % 50)) % ARRAY_LEN(parts)];

			n += (size_t)snprintf(search + n, sizeof(search) - n, "%s", part);
		}
		T_OK(!strstr(find(&db, "a_1", search), "other"));
	}
	T_STREQ(find(&db, "a_1", "?!"), "");
	T_STREQ(find(&db, "a_1", "?! plot"), "plot.ipynb:0 ");
	T_STREQ(find(&db, "a_1", "plot -?!"), "plot.ipynb:0 ");
	test_db_close(&db);
}

static void on_recent(void *arg, const struct recent *r)
{
	size_t n = strlen(names);

	(void)snprintf(names + n, sizeof(names) - n, "%.*s:%.*s ", STR_ARG(r->path),
	               STR_ARG(r->what));
}

static const char *recents(struct db *db, const char *account)
{
	names[0] = '\0';
	T_EQ(recent_list(db, str_of(account), STR(""), 50, on_recent, NULL), 0);
	return names;
}

static void recents_are_one_row_a_file(void)
{
	const wall_us h = INT64_C(3600) * US_PER_S;
	struct db db;

	open_all(&db);
	T_EQ(recent_add(&db, "a_1", "w_1", STR("a"), RECENT_OPENED, 1 * h, &err), 0);
	T_EQ(recent_add(&db, "a_1", "w_2", STR("d/b"), RECENT_RUN, 2 * h, &err), 0);
	T_EQ(recent_add(&db, "a_1", "w_1", STR("a"), RECENT_SAVED, 3 * h, &err), 0);
	T_EQ(recent_add(&db, "a_1", "w_1", STR("a"), RECENT_OPENED, 3 * h + 5, &err), 0);
	T_EQ(recent_add(&db, "a_2", "w_3", STR("other"), RECENT_SAVED, 9 * h, &err), 0);
	T_STREQ(recents(&db, "a_1"), "a:saved d/b:run ");
	T_EQ(recent_follow(&db, "w_2", STR("d"), STR("ä/e"), &err), 0);
	T_STREQ(recents(&db, "a_1"), "a:saved ä/e/b:run ");
	T_EQ(recent_follow(&db, "w_1", STR("a"), STR_NONE, &err), 0);
	T_STREQ(recents(&db, "a_1"), "ä/e/b:run ");
	for (int i = 0; i < (int)RECENTS_KEEP + 20; i++) {
		char name[16];

		(void)snprintf(name, sizeof(name), "n%d", i);
		T_EQ(recent_add(&db, "a_1", "w_1", str_of(name), RECENT_RUN, i * h, &err), 0);
	}
	T_OK(!strstr(recents(&db, "a_1"), "n5:"));
	test_db_close(&db);
}

TEST_MAIN(
    { "names come before headings before texts", names_come_before_headings_before_texts },
    { "others' texts are not found", others_texts_are_not_found },
    { "a change replaces, and a removal removes", a_change_replaces_and_a_removal_removes },
    { "a list finds what is new and what is lost", a_list_finds_what_is_new_and_what_is_lost },
    { "a job ends after so much text", a_job_ends_after_so_much_text },
    { "a job ends after so many", a_job_ends_after_so_many },
    { "one letter is no beginning", one_letter_is_no_beginning },
    { "any number of workspaces may be meant", any_number_of_workspaces_may_be_meant },
    { "any input is a search", any_input_is_a_search },
    { "recents are one row a file", recents_are_one_row_a_file })
