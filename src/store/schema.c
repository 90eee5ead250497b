/* SPDX-License-Identifier: Apache-2.0 */
#include "store/schema.h"

#include <errno.h>

/*
 * Rules: a migration that was released is never changed; columns are added
 * and filled before anything is dropped, so that the release before can read
 * the file; every table of a tenant's data has account_id.
 *
 * Times: _us is UTC microseconds, _boot is CLOCK_BOOTTIME of boot_id. made_*
 * and ttl_s are a struct expiry. Secrets are kept as SHA-256.
 */
static const char v1[] =
    "CREATE TABLE account(id TEXT PRIMARY KEY, email TEXT NOT NULL UNIQUE, name TEXT NOT NULL,"
    " theme TEXT NOT NULL DEFAULT '', password TEXT NOT NULL DEFAULT '',"
    " admin INTEGER NOT NULL DEFAULT 0, created_us INTEGER NOT NULL) STRICT;"

    "CREATE TABLE login(id TEXT PRIMARY KEY, hash BLOB NOT NULL UNIQUE,"
    " account_id TEXT NOT NULL REFERENCES account(id), made_us INTEGER NOT NULL,"
    " made_boot INTEGER NOT NULL, boot_id TEXT NOT NULL, ttl_s INTEGER NOT NULL) STRICT;"
    "CREATE INDEX login_account ON login(account_id);"

    "CREATE TABLE sign_in_code(hash BLOB PRIMARY KEY,"
    " account_id TEXT NOT NULL REFERENCES account(id), made_us INTEGER NOT NULL,"
    " made_boot INTEGER NOT NULL, boot_id TEXT NOT NULL, ttl_s INTEGER NOT NULL) STRICT;"

    "CREATE TABLE token(seq INTEGER PRIMARY KEY AUTOINCREMENT, id TEXT NOT NULL UNIQUE,"
    " lookup TEXT NOT NULL UNIQUE, hash BLOB NOT NULL,"
    " account_id TEXT NOT NULL REFERENCES account(id), name TEXT NOT NULL, scopes TEXT NOT "
    "NULL,"
    " made_us INTEGER NOT NULL, made_boot INTEGER NOT NULL, boot_id TEXT NOT NULL,"
    " ttl_s INTEGER NOT NULL, last_used_us INTEGER NOT NULL DEFAULT 0) STRICT;"
    "CREATE INDEX token_account ON token(account_id);"

    "CREATE TABLE image(id TEXT PRIMARY KEY, name TEXT NOT NULL, digest TEXT NOT NULL,"
    " size_bytes INTEGER NOT NULL, ready INTEGER NOT NULL, first_seen_us INTEGER NOT NULL,"
    " present INTEGER NOT NULL) STRICT;"

    "CREATE TABLE volume(id TEXT PRIMARY KEY, account_id TEXT NOT NULL REFERENCES account(id),"
    " size_bytes INTEGER NOT NULL, made_bytes INTEGER NOT NULL DEFAULT 0,"
    " delete_us INTEGER) STRICT;"
    "CREATE INDEX volume_delete ON volume(delete_us) WHERE delete_us IS NOT NULL;"

    "CREATE TABLE workspace(seq INTEGER PRIMARY KEY AUTOINCREMENT, id TEXT NOT NULL UNIQUE,"
    " account_id TEXT NOT NULL REFERENCES account(id), name TEXT NOT NULL,"
    " label TEXT NOT NULL UNIQUE, image TEXT NOT NULL, instance_type TEXT NOT NULL,"
    " volume_id TEXT NOT NULL REFERENCES volume(id), storage_bytes INTEGER NOT NULL,"
    " auto_stop_s INTEGER NOT NULL, created_us INTEGER NOT NULL, updated_us INTEGER NOT NULL,"
    " version INTEGER NOT NULL DEFAULT 1, deleted_us INTEGER, session_id TEXT,"
    " last_session_id TEXT) STRICT;"
    "CREATE UNIQUE INDEX workspace_name ON workspace(account_id, name) WHERE deleted_us IS "
    "NULL;"
    "CREATE INDEX workspace_account ON workspace(account_id, seq) WHERE deleted_us IS NULL;"

    "CREATE TABLE session(seq INTEGER PRIMARY KEY AUTOINCREMENT, id TEXT NOT NULL UNIQUE,"
    " account_id TEXT NOT NULL REFERENCES account(id),"
    " workspace_id TEXT NOT NULL REFERENCES workspace(id), epoch INTEGER NOT NULL,"
    " state TEXT NOT NULL, phase INTEGER NOT NULL, phases TEXT NOT NULL, reason TEXT NOT NULL,"
    " message TEXT NOT NULL, evidence TEXT NOT NULL, instance_type TEXT NOT NULL,"
    " image_id TEXT NOT NULL, cpu_milli INTEGER NOT NULL, memory_bytes INTEGER NOT NULL,"
    " pids INTEGER NOT NULL, price_per_hour INTEGER NOT NULL, max_s INTEGER NOT NULL,"
    " auto_stop_s INTEGER NOT NULL, created_us INTEGER NOT NULL, started_us INTEGER NOT NULL,"
    " stopped_us INTEGER NOT NULL, state_boot INTEGER NOT NULL, boot_id TEXT NOT NULL,"
    " started_boot INTEGER NOT NULL, extend_until INTEGER NOT NULL, stop_at INTEGER NOT NULL,"
    " warned_stop_at INTEGER NOT NULL, stop_why TEXT NOT NULL, metered_ns INTEGER NOT NULL,"
    " cost INTEGER NOT NULL) STRICT;"
    "CREATE INDEX session_account ON session(account_id, seq);"
    "CREATE INDEX session_workspace ON session(workspace_id);"
    /* Two starts at once make one session, whatever the code above does. */
    "CREATE UNIQUE INDEX session_wanted ON session(workspace_id)"
    " WHERE state IN ('queued','starting','running');"
    "CREATE INDEX session_live ON session(seq)"
    " WHERE state IN ('queued','starting','running','stopping');"

    "CREATE TABLE run_record(session_id TEXT NOT NULL, epoch INTEGER NOT NULL,"
    " segment INTEGER NOT NULL, kind TEXT NOT NULL CHECK (kind IN ('start','stop')),"
    " boot_id TEXT NOT NULL, boottime_ns INTEGER NOT NULL, wall_us INTEGER NOT NULL,"
    " reason TEXT NOT NULL, cpu_ns INTEGER NOT NULL, mem_peak_bytes INTEGER NOT NULL,"
    " oom_kills INTEGER NOT NULL, exit_status INTEGER NOT NULL, estimated INTEGER NOT NULL,"
    " evidence TEXT NOT NULL,"
    " PRIMARY KEY(session_id, epoch, segment, kind)) STRICT, WITHOUT ROWID;"

    "CREATE TABLE segment(seq INTEGER PRIMARY KEY AUTOINCREMENT, session_id TEXT NOT NULL,"
    " workspace_id TEXT NOT NULL, account_id TEXT NOT NULL REFERENCES account(id),"
    " epoch INTEGER NOT NULL, segment INTEGER NOT NULL, instance_type TEXT NOT NULL,"
    " started_us INTEGER NOT NULL, stopped_us INTEGER NOT NULL, ns INTEGER NOT NULL,"
    " price_per_hour INTEGER NOT NULL, amount INTEGER NOT NULL, estimated INTEGER NOT NULL,"
    " reason TEXT NOT NULL, UNIQUE(session_id, epoch, segment)) STRICT;"
    "CREATE INDEX segment_account ON segment(account_id, started_us);"

    "CREATE TABLE ledger(seq INTEGER PRIMARY KEY AUTOINCREMENT, txn TEXT NOT NULL,"
    " at_us INTEGER NOT NULL, account_id TEXT NOT NULL, book TEXT NOT NULL,"
    " amount INTEGER NOT NULL, currency TEXT NOT NULL, session_id TEXT NOT NULL,"
    " epoch INTEGER NOT NULL, segment INTEGER NOT NULL, ns INTEGER NOT NULL,"
    " hash BLOB NOT NULL) STRICT;"
    "CREATE TRIGGER ledger_no_update BEFORE UPDATE ON ledger"
    " BEGIN SELECT RAISE(ABORT, 'the ledger is append-only'); END;"
    "CREATE TRIGGER ledger_no_delete BEFORE DELETE ON ledger"
    " BEGIN SELECT RAISE(ABORT, 'the ledger is append-only'); END;"
    "CREATE TRIGGER segment_no_update BEFORE UPDATE ON segment"
    " BEGIN SELECT RAISE(ABORT, 'segments are append-only'); END;"
    "CREATE TRIGGER segment_no_delete BEFORE DELETE ON segment"
    " BEGIN SELECT RAISE(ABORT, 'segments are append-only'); END;"

    "CREATE TABLE event(seq INTEGER PRIMARY KEY AUTOINCREMENT, account_id TEXT NOT NULL,"
    " at_us INTEGER NOT NULL, kind TEXT NOT NULL, object_id TEXT NOT NULL,"
    " data TEXT NOT NULL) STRICT;"
    "CREATE INDEX event_account ON event(account_id, seq);"

    "CREATE TABLE audit(seq INTEGER PRIMARY KEY AUTOINCREMENT, at_us INTEGER NOT NULL,"
    " boot_ns INTEGER NOT NULL, account_id TEXT NOT NULL, actor TEXT NOT NULL,"
    " verb TEXT NOT NULL, object TEXT NOT NULL, detail TEXT NOT NULL, source TEXT NOT NULL,"
    " request_id TEXT NOT NULL, hash BLOB NOT NULL) STRICT;"
    "CREATE INDEX audit_account ON audit(account_id, seq);"
    "CREATE TRIGGER audit_no_update BEFORE UPDATE ON audit"
    " BEGIN SELECT RAISE(ABORT, 'the audit log is append-only'); END;"
    "CREATE TRIGGER audit_no_delete BEFORE DELETE ON audit"
    " BEGIN SELECT RAISE(ABORT, 'the audit log is append-only'); END;";

static const char v2[] =
    /* Entering a session: a code for 30 s, then a ticket that dies with the
     * login or token it came from. */
    "CREATE TABLE entry_code(hash BLOB PRIMARY KEY,"
    " account_id TEXT NOT NULL REFERENCES account(id),"
    " workspace_id TEXT NOT NULL REFERENCES workspace(id),"
    " login_id TEXT REFERENCES login(id) ON DELETE CASCADE,"
    " token_id TEXT REFERENCES token(id) ON DELETE CASCADE, made_us INTEGER NOT NULL,"
    " made_boot INTEGER NOT NULL, boot_id TEXT NOT NULL, ttl_s INTEGER NOT NULL) STRICT;"
    "CREATE INDEX entry_code_login ON entry_code(login_id);"
    "CREATE INDEX entry_code_token ON entry_code(token_id);"

    "CREATE TABLE ticket(hash BLOB PRIMARY KEY,"
    " account_id TEXT NOT NULL REFERENCES account(id),"
    " workspace_id TEXT NOT NULL REFERENCES workspace(id),"
    " login_id TEXT REFERENCES login(id) ON DELETE CASCADE,"
    " token_id TEXT REFERENCES token(id) ON DELETE CASCADE, made_us INTEGER NOT NULL,"
    " made_boot INTEGER NOT NULL, boot_id TEXT NOT NULL, ttl_s INTEGER NOT NULL,"
    " CHECK ((login_id IS NULL) <> (token_id IS NULL))) STRICT;"
    "CREATE INDEX ticket_login ON ticket(login_id);"
    "CREATE INDEX ticket_token ON ticket(token_id);"
    "CREATE INDEX ticket_account ON ticket(account_id);"

    /* The key itself is not kept: it opens the sealed answer. */
    "CREATE TABLE idempotency(account_id TEXT NOT NULL, key_hash BLOB NOT NULL,"
    " request_mac BLOB NOT NULL, answer BLOB NOT NULL, at_us INTEGER NOT NULL,"
    " PRIMARY KEY(account_id, key_hash)) STRICT, WITHOUT ROWID;"
    "CREATE INDEX idempotency_at ON idempotency(at_us);";

static const char *const migrations[] = { v1, v2 };
const unsigned schema_version = ARRAY_LEN(migrations);

static int version_of(struct db *db, unsigned *ret, struct err *err)
{
	struct q q = db_q(db, "PRAGMA user_version");
	int r = q_row(&q);

	if (r > 0)
		*ret = (unsigned)q_get_int(&q);
	q_end(&q);
	return r > 0 ? 0 : ERR(err, -EIO, "The database has no version.");
}

static int step(struct db *db, unsigned to, struct err *err)
{
	char done[64];
	int r;

	(void)snprintf(done, sizeof(done), "PRAGMA user_version = %u; COMMIT;", to);
	r = db_script(db, "BEGIN EXCLUSIVE", err);
	if (r == 0)
		r = db_script(db, migrations[to - 1], err);
	if (r == 0)
		r = db_script(db, done, err);
	if (r == 0)
		return 0;
	if (db_script(db, "ROLLBACK", NULL) < 0)
		return err_wrap(err, r, "migration %u (and no way back)", to);
	return err_wrap(err, r, "migration %u", to);
}

int schema_migrate_to(struct db *db, unsigned version, struct err *err)
{
	unsigned have = 0;
	int r = version_of(db, &have, err);

	if (r < 0)
		return r;
	if (have > schema_version)
		return ERR(err, -EPROTO,
		           "The database was written by a newer release (schema %u, this one "
		           "knows %u). Install that release again, or restore a backup.",
		           have, schema_version);
	while (have < version) {
		r = step(db, ++have, err);
		if (r < 0)
			return r;
	}
	return 0;
}

int schema_migrate(struct db *db, struct err *err)
{
	return schema_migrate_to(db, schema_version, err);
}
