/* SPDX-License-Identifier: Apache-2.0 */
#include "store/accounts.h"

#include <errno.h>

#include "store/rows.h"

/* The newest; what is older than that many is forgotten. */
#define LOGINS_PER_ACCOUNT 200
#define CODES_PER_ACCOUNT  50
#define DAY_US             (INT64_C(86400) * US_PER_S)

int account_by_id(struct db *db, struct str id, struct account *ret)
{
	struct q q = db_q(db, "SELECT " ACCOUNT_COLS("") " FROM account WHERE id = ?");
	int r;

	q_str(&q, id);
	r = q_row(&q);
	if (r > 0)
		q_get_account(&q, ret);
	return q_found(&q, r);
}

int account_by_email(struct db *db, struct str email, struct account *ret)
{
	struct q q = db_q(db, "SELECT " ACCOUNT_COLS("") " FROM account WHERE email = ?");
	int r;

	q_str(&q, email);
	r = q_row(&q);
	if (r > 0)
		q_get_account(&q, ret);
	return q_found(&q, r);
}

int account_count(struct db *db, int64_t *ret)
{
	struct q q = db_q(db, "SELECT count(*) FROM account");
	int r = q_row(&q);

	if (r > 0)
		*ret = q_get_int(&q);
	return q_found(&q, r);
}

int account_insert(struct db *db, const struct account *a, struct err *err)
{
	struct q q =
	    db_q(db, "INSERT INTO account(" ACCOUNT_COLS("") ") VALUES(?,?,?,?,?,?,?,?)");

	q_text(&q, a->id);
	q_text(&q, a->email);
	q_text(&q, a->name);
	q_text(&q, a->theme);
	q_text(&q, a->password);
	q_int(&q, a->admin);
	q_int(&q, a->created);
	q_text(&q, a->plan_id);
	return q_run(&q, err);
}

int account_update(struct db *db, const struct account *a, struct err *err)
{
	struct q q =
	    db_q(db, "UPDATE account SET name = ?, theme = ?, password = ? WHERE id = ?");

	q_text(&q, a->name);
	q_text(&q, a->theme);
	q_text(&q, a->password);
	q_text(&q, a->id);
	return q_run(&q, err);
}

int account_set_plan(struct db *db, struct str id, struct str plan_id, struct err *err)
{
	struct q q = db_q(db, "UPDATE account SET plan_id = ? WHERE id = ?");
	int r;

	q_str(&q, plan_id);
	q_str(&q, id);
	r = q_run(&q, err);
	return r < 0 ? r : db_changes(db) > 0;
}

#define ACCOUNT_HAS "(?1 = '' OR instr(lower(email || ' ' || name), lower(?1)) > 0)"

int account_count_of(struct db *db, struct str has, int64_t *ret)
{
	struct q q = db_q(db, "SELECT count(*) FROM account WHERE " ACCOUNT_HAS);
	int r;

	q_str(&q, has.ptr ? has : STR(""));
	r = q_row(&q);
	if (r > 0)
		*ret = q_get_int(&q);
	return q_found(&q, r);
}

int account_list(struct db *db, const struct list_of *of, struct str has, account_fn *fn,
                 void *arg)
{
	struct q q = db_q(db, "SELECT rowid," ACCOUNT_COLS(
	                          "") " FROM account WHERE " ACCOUNT_HAS
	                              " AND rowid < ?2 ORDER BY rowid DESC LIMIT ?3");
	int r;

	q_str(&q, has.ptr ? has : STR(""));
	q_int(&q, of->before);
	q_int(&q, of->limit);
	while ((r = q_row(&q)) > 0) {
		int64_t seq = q_get_int(&q);
		struct account a;

		q_get_account(&q, &a);
		fn(arg, &a, seq);
	}
	return q_found(&q, r);
}

int login_insert(struct db *db, const struct login *l, const uint8_t hash[HASH_LEN],
                 struct err *err)
{
	struct q q = db_q(db, "INSERT INTO login(id, hash, account_id," EXPIRY_COLS(
	                          "") ")"
	                              " VALUES(?,?,?,?,?,?,?)");

	int r;

	q_text(&q, l->id);
	q_blob(&q, hash, HASH_LEN);
	q_text(&q, l->account_id);
	q_expiry(&q, &l->expiry);
	r = q_run(&q, err);
	if (r < 0)
		return r;
	q = db_q(db, "DELETE FROM login WHERE account_id = ?1 AND rowid NOT IN (SELECT rowid"
	             " FROM login WHERE account_id = ?1 ORDER BY rowid DESC LIMIT ?2)");
	q_text(&q, l->account_id);
	q_int(&q, LOGINS_PER_ACCOUNT);
	return q_run(&q, err);
}

int login_by_hash(struct db *db, const uint8_t hash[HASH_LEN], struct login *ret,
                  struct account *ret_account)
{
	struct q q = db_q(db, "SELECT l.id, l.account_id," EXPIRY_COLS("l.") "," ACCOUNT_COLS(
	                          "a.") " FROM login l JOIN account a ON a.id = l.account_id"
	                                " WHERE l.hash = ?");
	int r;

	q_blob(&q, hash, HASH_LEN);
	r = q_row(&q);
	if (r > 0) {
		q_get_text(&q, ret->id, sizeof(ret->id));
		q_get_text(&q, ret->account_id, sizeof(ret->account_id));
		q_get_expiry(&q, &ret->expiry);
		q_get_account(&q, ret_account);
	}
	return q_found(&q, r);
}

int credential_expiry(struct db *db, struct str login_id, struct str token_id,
                      struct expiry *ret)
{
	struct q q = db_q(db, "SELECT " EXPIRY_COLS("") " FROM login WHERE id = ?"
	                                                " UNION ALL SELECT " EXPIRY_COLS(
	                                                    "") " FROM token WHERE id = ?");
	int r;

	q_str(&q, login_id);
	q_str(&q, token_id);
	r = q_row(&q);
	if (r > 0)
		q_get_expiry(&q, ret);
	return q_found(&q, r);
}

int login_delete(struct db *db, struct str account_id, struct str id)
{
	struct q q = db_q(db, "DELETE FROM login WHERE id = ? AND account_id = ?");
	int r;

	q_str(&q, id);
	q_str(&q, account_id);
	r = q_run(&q, NULL);
	return r < 0 ? r : db_changes(db) > 0;
}

int login_delete_others(struct db *db, struct str account_id, struct str keep, struct err *err)
{
	struct q q = db_q(db, "DELETE FROM login WHERE account_id = ? AND id <> ?");

	q_str(&q, account_id);
	q_str(&q, keep);
	return q_run(&q, err);
}

int code_insert(struct db *db, struct str account_id, const uint8_t hash[HASH_LEN],
                const struct expiry *e, struct err *err)
{
	struct q q = db_q(db, "INSERT INTO sign_in_code(hash, account_id," EXPIRY_COLS(
	                          "") ")"
	                              " VALUES(?,?,?,?,?,?)");

	int r;

	q_blob(&q, hash, HASH_LEN);
	q_str(&q, account_id);
	q_expiry(&q, e);
	r = q_run(&q, err);
	if (r < 0)
		return r;
	q = db_q(db,
	         "DELETE FROM sign_in_code WHERE account_id = ?1 AND rowid NOT IN (SELECT rowid"
	         " FROM sign_in_code WHERE account_id = ?1 ORDER BY rowid DESC LIMIT ?2)");
	q_str(&q, account_id);
	q_int(&q, CODES_PER_ACCOUNT);
	return q_run(&q, err);
}

int code_take(struct db *db, const uint8_t hash[HASH_LEN], struct account *ret,
              struct expiry *ret_expiry)
{
	struct q q =
	    db_q(db, "SELECT " EXPIRY_COLS("c.") "," ACCOUNT_COLS(
	                 "a.") " FROM sign_in_code c JOIN account a ON a.id = c.account_id"
	                       " WHERE c.hash = ?");
	int r, r2;

	q_blob(&q, hash, HASH_LEN);
	r = q_row(&q);
	if (r > 0) {
		q_get_expiry(&q, ret_expiry);
		q_get_account(&q, ret);
	}
	q_end(&q);
	if (r <= 0)
		return r;
	q = db_q(db, "DELETE FROM sign_in_code WHERE hash = ?");
	q_blob(&q, hash, HASH_LEN);
	r2 = q_run(&q, NULL);
	return r2 < 0 ? r2 : r;
}

#define TOKEN_COLS(t) \
	t "id," t "account_id," t "name," t "scopes," EXPIRY_COLS(t) "," t "last_used_us"

static void get_token(struct q *q, struct token *ret)
{
	q_get_text(q, ret->id, sizeof(ret->id));
	q_get_text(q, ret->account_id, sizeof(ret->account_id));
	q_get_text(q, ret->name, sizeof(ret->name));
	q_get_text(q, ret->scopes, sizeof(ret->scopes));
	q_get_expiry(q, &ret->expiry);
	ret->last_used = q_get_int(q);
}

int token_insert(struct db *db, const struct token *t, struct str lookup,
                 const uint8_t hash[HASH_LEN], struct err *err)
{
	struct q q =
	    db_q(db, "INSERT INTO token(" TOKEN_COLS("") ", lookup, hash)"
	                                                 " VALUES(?,?,?,?,?,?,?,?,?,?,?)");

	q_text(&q, t->id);
	q_text(&q, t->account_id);
	q_text(&q, t->name);
	q_text(&q, t->scopes);
	q_expiry(&q, &t->expiry);
	q_int(&q, t->last_used);
	q_str(&q, lookup);
	q_blob(&q, hash, HASH_LEN);
	return q_run(&q, err);
}

int token_by_lookup(struct db *db, struct str lookup, struct token *ret,
                    uint8_t ret_hash[HASH_LEN], struct account *ret_account)
{
	struct q q = db_q(db, "SELECT t.hash," TOKEN_COLS("t.") "," ACCOUNT_COLS(
	                          "a.") " FROM token t JOIN account a ON a.id = t.account_id"
	                                " WHERE t.lookup = ?");
	int r;

	q_str(&q, lookup);
	r = q_row(&q);
	if (r > 0) {
		q_get_blob(&q, ret_hash, HASH_LEN);
		get_token(&q, ret);
		q_get_account(&q, ret_account);
	}
	return q_found(&q, r);
}

int token_list(struct db *db, const struct list_of *of, token_fn *fn, void *arg)
{
	struct q q =
	    db_q(db, "SELECT seq," TOKEN_COLS(
	                 "") " FROM token"
	                     " WHERE account_id = ? AND seq < ? ORDER BY seq DESC LIMIT ?");
	int r;

	q_str(&q, of->account_id);
	q_int(&q, of->before);
	q_int(&q, of->limit);
	while ((r = q_row(&q)) > 0) {
		int64_t seq = q_get_int(&q);
		struct token t;

		get_token(&q, &t);
		fn(arg, &t, seq);
	}
	return q_found(&q, r);
}

int token_count(struct db *db, struct str account_id, int64_t *ret)
{
	struct q q = db_q(db, "SELECT count(*) FROM token WHERE account_id = ?");
	int r;

	q_str(&q, account_id);
	r = q_row(&q);
	if (r > 0)
		*ret = q_get_int(&q);
	return q_found(&q, r);
}

int token_delete(struct db *db, struct str account_id, struct str id)
{
	struct q q = db_q(db, "DELETE FROM token WHERE id = ? AND account_id = ?");
	int r;

	q_str(&q, id);
	q_str(&q, account_id);
	r = q_run(&q, NULL);
	return r < 0 ? r : db_changes(db) > 0;
}

int token_touch(struct db *db, struct str id, wall_us at, struct err *err)
{
	struct q q = db_q(db, "UPDATE token SET last_used_us = ? WHERE id = ?");

	q_int(&q, at);
	q_str(&q, id);
	return q_run(&q, err);
}

int accounts_sweep(struct db *db, wall_us now, struct err *err)
{
	static const char *const sql[] = {
		"DELETE FROM login WHERE made_us + ttl_s * 1000000 < ?",
		"DELETE FROM sign_in_code WHERE made_us + ttl_s * 1000000 < ?",
		"DELETE FROM token WHERE made_us + ttl_s * 1000000 < ?",
		"DELETE FROM entry_code WHERE made_us + ttl_s * 1000000 < ?",
		"DELETE FROM ticket WHERE made_us + ttl_s * 1000000 < ?",
	};

	for (size_t i = 0; i < ARRAY_LEN(sql); i++) {
		struct q q = db_q(db, sql[i]);
		int r;

		q_int(&q, now - DAY_US);
		r = q_run(&q, err);
		if (r < 0)
			return r;
	}
	return 0;
}
