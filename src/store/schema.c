/* SPDX-License-Identifier: Apache-2.0 */
#include "store/schema.h"

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

static const char v3[] =
    /* What an owner may do. types: ids separated by spaces, or "*". 0 seconds
     * or bytes: none. price_mode: a running session keeps its price or follows
     * the catalogue's. */
    "CREATE TABLE plan(id TEXT PRIMARY KEY, name TEXT NOT NULL, sessions_max INTEGER NOT NULL,"
    " storage_bytes_max INTEGER NOT NULL, session_max_s INTEGER NOT NULL,"
    " auto_stop_min_s INTEGER NOT NULL, auto_stop_max_s INTEGER NOT NULL, types TEXT NOT NULL,"
    " private INTEGER NOT NULL, free_s_month INTEGER NOT NULL, credit_new INTEGER NOT NULL,"
    " priority INTEGER NOT NULL,"
    " price_mode TEXT NOT NULL CHECK (price_mode IN ('keep','follow')),"
    " notice_s INTEGER NOT NULL, hold_s INTEGER NOT NULL, is_default INTEGER NOT NULL,"
    " retired INTEGER NOT NULL, updated_us INTEGER NOT NULL) STRICT;"
    "CREATE UNIQUE INDEX plan_default ON plan(is_default) WHERE is_default = 1;"

    /* source: 'config' follows the configuration file until somebody edits it. */
    "CREATE TABLE instance_type(id TEXT PRIMARY KEY, name TEXT NOT NULL,"
    " cpu_milli INTEGER NOT NULL, memory_bytes INTEGER NOT NULL, pids INTEGER NOT NULL,"
    " gpu_class TEXT NOT NULL, gpu_count INTEGER NOT NULL, preemptible INTEGER NOT NULL,"
    " source TEXT NOT NULL CHECK (source IN ('config','catalogue')),"
    " retired INTEGER NOT NULL, updated_us INTEGER NOT NULL) STRICT;"

    /* resource: "type:<id>", per hour; "storage", per GB (10^9 bytes) and month
     * of 730 hours. The newest row with from_us <= t holds at t. */
    "CREATE TABLE price(seq INTEGER PRIMARY KEY AUTOINCREMENT, resource TEXT NOT NULL,"
    " from_us INTEGER NOT NULL, rate INTEGER NOT NULL, actor TEXT NOT NULL,"
    " at_us INTEGER NOT NULL) STRICT;"
    "CREATE INDEX price_resource ON price(resource, from_us, seq);"
    "CREATE TRIGGER price_no_update BEFORE UPDATE ON price"
    " BEGIN SELECT RAISE(ABORT, 'prices are append-only'); END;"
    "CREATE TRIGGER price_no_delete BEFORE DELETE ON price"
    " BEGIN SELECT RAISE(ABORT, 'prices are append-only'); END;"

    "CREATE TABLE setting(name TEXT PRIMARY KEY, value TEXT NOT NULL) STRICT, WITHOUT ROWID;"
    "INSERT INTO setting(name, value) VALUES('catalogue_version','1');"

    /* "": the default plan. */
    "ALTER TABLE account ADD COLUMN plan_id TEXT NOT NULL DEFAULT '';"
    /* 0: the plan's; "": none; see core/calendar.h. */
    "ALTER TABLE workspace ADD COLUMN max_s INTEGER NOT NULL DEFAULT 0;"
    "ALTER TABLE workspace ADD COLUMN stop_calendar TEXT NOT NULL DEFAULT '';"

    "ALTER TABLE session ADD COLUMN plan_id TEXT NOT NULL DEFAULT '';"
    "ALTER TABLE session ADD COLUMN price_mode TEXT NOT NULL DEFAULT 'keep';"
    "ALTER TABLE session ADD COLUMN gpu_class TEXT NOT NULL DEFAULT '';"
    "ALTER TABLE session ADD COLUMN gpu_count INTEGER NOT NULL DEFAULT 0;"
    "ALTER TABLE session ADD COLUMN preemptible INTEGER NOT NULL DEFAULT 0;"
    "ALTER TABLE session ADD COLUMN priority INTEGER NOT NULL DEFAULT 0;"
    /* Free time of a month, by the plan that it was asked for with. */
    "ALTER TABLE session ADD COLUMN free_s_month INTEGER NOT NULL DEFAULT 0;"
    /* In the queue: since when, whether its turn starts or holds it, until when
     * it is held (boot clock), and the types that it would take instead. */
    "ALTER TABLE session ADD COLUMN queued_boot INTEGER NOT NULL DEFAULT 0;"
    "ALTER TABLE session ADD COLUMN on_turn TEXT NOT NULL DEFAULT 'start';"
    "ALTER TABLE session ADD COLUMN held_until INTEGER NOT NULL DEFAULT 0;"
    "ALTER TABLE session ADD COLUMN fallback_types TEXT NOT NULL DEFAULT '';"
    /* The other clocks, on the boot clock; 0: none. */
    "ALTER TABLE session ADD COLUMN calendar_at INTEGER NOT NULL DEFAULT 0;"
    "ALTER TABLE session ADD COLUMN lease_until INTEGER NOT NULL DEFAULT 0;"
    "ALTER TABLE session ADD COLUMN warned_early_at INTEGER NOT NULL DEFAULT 0;"
    "ALTER TABLE session ADD COLUMN noticed_s INTEGER NOT NULL DEFAULT 0;"
    /* The last minutes before it stopped, JSON. */
    "ALTER TABLE session ADD COLUMN activity TEXT NOT NULL DEFAULT '';"

    /* One size of one volume for one time; open while to_us is NULL. */
    "CREATE TABLE storage_span(seq INTEGER PRIMARY KEY AUTOINCREMENT,"
    " volume_id TEXT NOT NULL, workspace_id TEXT NOT NULL, account_id TEXT NOT NULL,"
    " bytes INTEGER NOT NULL, from_us INTEGER NOT NULL, to_us INTEGER,"
    " charged_us INTEGER NOT NULL) STRICT;"
    "CREATE UNIQUE INDEX storage_span_open ON storage_span(volume_id) WHERE to_us IS NULL;"
    "CREATE INDEX storage_span_account ON storage_span(account_id, from_us);"

    /* The lines of usage and invoices: a part of a segment (cut at the month's
     * end, at a change of price, where free hours end) or of a storage span, or
     * a line by hand. month: 'YYYY-MM' of the site's time zone. */
    "CREATE TABLE charge(seq INTEGER PRIMARY KEY AUTOINCREMENT, id TEXT NOT NULL UNIQUE,"
    " account_id TEXT NOT NULL REFERENCES account(id),"
    " kind TEXT NOT NULL CHECK (kind IN ('compute','storage','correction')),"
    " month TEXT NOT NULL, workspace_id TEXT NOT NULL, session_id TEXT NOT NULL,"
    " epoch INTEGER NOT NULL, segment INTEGER NOT NULL, part INTEGER NOT NULL,"
    " volume_id TEXT NOT NULL, resource TEXT NOT NULL, from_us INTEGER NOT NULL,"
    " to_us INTEGER NOT NULL, ns INTEGER NOT NULL, bytes INTEGER NOT NULL,"
    " rate INTEGER NOT NULL, free INTEGER NOT NULL, amount INTEGER NOT NULL,"
    " estimated INTEGER NOT NULL, reason TEXT NOT NULL, corrects TEXT NOT NULL DEFAULT '',"
    " at_us INTEGER NOT NULL) STRICT;"
    "CREATE UNIQUE INDEX charge_segment ON charge(session_id, epoch, segment, part)"
    " WHERE kind = 'compute';"
    "CREATE UNIQUE INDEX charge_storage ON charge(volume_id, from_us) WHERE kind = 'storage';"
    "CREATE INDEX charge_account ON charge(account_id, from_us);"
    "CREATE INDEX charge_month ON charge(account_id, month);"
    "CREATE TRIGGER charge_no_update BEFORE UPDATE ON charge"
    " BEGIN SELECT RAISE(ABORT, 'charges are append-only'); END;"
    "CREATE TRIGGER charge_no_delete BEFORE DELETE ON charge"
    " BEGIN SELECT RAISE(ABORT, 'charges are append-only'); END;"
    "INSERT INTO charge(id, account_id, kind, month, workspace_id, session_id, epoch, segment,"
    " part, volume_id, resource, from_us, to_us, ns, bytes, rate, free, amount, estimated,"
    " reason, at_us) SELECT 'ch_' || session_id || '-' || epoch || '-' || segment || '-0',"
    " account_id, 'compute', strftime('%Y-%m', started_us / 1000000, 'unixepoch'),"
    " workspace_id, session_id, epoch, segment, 0, '', instance_type, started_us, stopped_us,"
    " ns, 0, price_per_hour, 0, amount, estimated, reason, stopped_us FROM segment"
    " ORDER BY seq;"

    /* What was booked before there were charges: as `receivable`, by segment. */
    "CREATE INDEX ledger_receivable ON ledger(txn) WHERE book = 'receivable';"

    /* Money given to an owner, which invoices use up first; the ledger has it too. */
    "CREATE TABLE credit(seq INTEGER PRIMARY KEY AUTOINCREMENT, id TEXT NOT NULL UNIQUE,"
    " account_id TEXT NOT NULL REFERENCES account(id), amount INTEGER NOT NULL,"
    " note TEXT NOT NULL, actor TEXT NOT NULL, at_us INTEGER NOT NULL) STRICT;"
    "CREATE INDEX credit_account ON credit(account_id, seq);"
    "CREATE TRIGGER credit_no_update BEFORE UPDATE ON credit"
    " BEGIN SELECT RAISE(ABORT, 'credits are append-only'); END;"
    "CREATE TRIGGER credit_no_delete BEFORE DELETE ON credit"
    " BEGIN SELECT RAISE(ABORT, 'credits are append-only'); END;"

    /* number counts without gaps over the site; lines are bound by
     * invoice_line, because a charge is never changed. */
    "CREATE TABLE invoice(number INTEGER PRIMARY KEY, id TEXT NOT NULL UNIQUE,"
    " account_id TEXT NOT NULL REFERENCES account(id), month TEXT NOT NULL,"
    " from_us INTEGER NOT NULL, to_us INTEGER NOT NULL, closed_us INTEGER NOT NULL,"
    " usage_amount INTEGER NOT NULL, credit_amount INTEGER NOT NULL,"
    " due_amount INTEGER NOT NULL, currency TEXT NOT NULL, lines INTEGER NOT NULL,"
    " name TEXT NOT NULL, email TEXT NOT NULL, hash BLOB NOT NULL,"
    " UNIQUE(account_id, month)) STRICT;"
    "CREATE TABLE invoice_line(charge_seq INTEGER PRIMARY KEY REFERENCES charge(seq),"
    " invoice_number INTEGER NOT NULL REFERENCES invoice(number)) STRICT;"
    "CREATE INDEX invoice_line_number ON invoice_line(invoice_number, charge_seq);"
    "CREATE TABLE month_closed(month TEXT PRIMARY KEY, at_us INTEGER NOT NULL,"
    " actor TEXT NOT NULL, invoices INTEGER NOT NULL) STRICT, WITHOUT ROWID;"
    "CREATE TRIGGER invoice_no_update BEFORE UPDATE ON invoice"
    " BEGIN SELECT RAISE(ABORT, 'invoices are append-only'); END;"
    "CREATE TRIGGER invoice_no_delete BEFORE DELETE ON invoice"
    " BEGIN SELECT RAISE(ABORT, 'invoices are append-only'); END;"
    "CREATE TRIGGER invoice_line_no_update BEFORE UPDATE ON invoice_line"
    " BEGIN SELECT RAISE(ABORT, 'invoices are append-only'); END;"
    "CREATE TRIGGER invoice_line_no_delete BEFORE DELETE ON invoice_line"
    " BEGIN SELECT RAISE(ABORT, 'invoices are append-only'); END;"

    /* account_id "": the whole site. alerted: 'YYYY-MM:percent' of the last alert.
     * by_admin: not its owner's to change. */
    "CREATE TABLE budget(id TEXT PRIMARY KEY, account_id TEXT NOT NULL UNIQUE,"
    " amount INTEGER NOT NULL, hard INTEGER NOT NULL, alerted TEXT NOT NULL,"
    " by_admin INTEGER NOT NULL DEFAULT 0,"
    " version INTEGER NOT NULL, updated_us INTEGER NOT NULL) STRICT;"

    /* What people are told, kept until they have read it. */
    "CREATE TABLE notice(seq INTEGER PRIMARY KEY AUTOINCREMENT, id TEXT NOT NULL UNIQUE,"
    " account_id TEXT NOT NULL REFERENCES account(id), kind TEXT NOT NULL,"
    " object_id TEXT NOT NULL, data TEXT NOT NULL, at_us INTEGER NOT NULL,"
    " read_us INTEGER) STRICT;"
    "CREATE INDEX notice_account ON notice(account_id, seq);";

/*
 * v3 after a release of v2 has used the file for a while: the segments that it
 * posted get their charges, as at the first time; a volume that it deleted
 * costs nothing from the deletion on (the audit log knows when; if not, from
 * the last charge on), and a new size holds from now on.
 */
static const char v3_again[] =
    "INSERT INTO charge(id, account_id, kind, month, workspace_id, session_id, epoch, segment,"
    " part, volume_id, resource, from_us, to_us, ns, bytes, rate, free, amount, estimated,"
    " reason, at_us) SELECT 'ch_' || g.session_id || '-' || g.epoch || '-' || g.segment || "
    "'-0',"
    " g.account_id, 'compute', strftime('%Y-%m', g.started_us / 1000000, 'unixepoch'),"
    " g.workspace_id, g.session_id, g.epoch, g.segment, 0, '', g.instance_type, g.started_us,"
    " g.stopped_us, g.ns, 0, g.price_per_hour, 0, g.amount, g.estimated, g.reason,"
    " g.stopped_us FROM segment g WHERE NOT EXISTS (SELECT 1 FROM charge c WHERE"
    " c.kind = 'compute' AND c.session_id = g.session_id AND c.epoch = g.epoch AND"
    " c.segment = g.segment) ORDER BY g.seq;"
    "UPDATE storage_span SET to_us = max(charged_us, coalesce((SELECT max(a.at_us) FROM audit a"
    " WHERE a.verb = 'workspace.delete' AND a.object = storage_span.workspace_id), charged_us))"
    " WHERE to_us IS NULL AND volume_id NOT IN (SELECT id FROM volume);";

/*
 * What workspaces hold, for search: `document` is a row a file, its text beside
 * it, and two indexes without content of their own (SQLite's FTS5): names and
 * headings, and everything. Ids grow with each change, so "newest first" is the
 * order of the index. `owner` holds words of ours: account, workspace, kind and
 * suffix. Only what agents say of themselves is in here: it can be made anew.
 */
static const char v4[] =
    "CREATE TABLE document(id INTEGER PRIMARY KEY AUTOINCREMENT, workspace_id TEXT NOT NULL,"
    " account_id TEXT NOT NULL REFERENCES account(id), path TEXT NOT NULL,"
    " kind TEXT NOT NULL CHECK (kind IN ('notebook','file')), title TEXT NOT NULL,"
    " changed_us INTEGER NOT NULL, size_bytes INTEGER NOT NULL, text_bytes INTEGER NOT NULL,"
    " at_us INTEGER NOT NULL, UNIQUE(workspace_id, path)) STRICT;"
    "CREATE TABLE document_body(id INTEGER PRIMARY KEY, heads TEXT NOT NULL,"
    " text TEXT NOT NULL) STRICT;"
    "CREATE TABLE document_total(workspace_id TEXT PRIMARY KEY, account_id TEXT NOT NULL,"
    " documents INTEGER NOT NULL, text_bytes INTEGER NOT NULL) STRICT, WITHOUT ROWID;"
    "CREATE INDEX document_total_account ON document_total(account_id);"
    "CREATE TRIGGER document_added AFTER INSERT ON document BEGIN"
    " INSERT INTO document_total VALUES(new.workspace_id, new.account_id, 1, new.text_bytes)"
    " ON CONFLICT DO UPDATE SET documents = documents + 1,"
    " text_bytes = text_bytes + excluded.text_bytes; END;"
    "CREATE TRIGGER document_removed AFTER DELETE ON document BEGIN"
    " UPDATE document_total SET documents = documents - 1,"
    " text_bytes = text_bytes - old.text_bytes WHERE workspace_id = old.workspace_id; END;"
    "CREATE VIRTUAL TABLE document_name USING fts5(owner, name, heads, content = '',"
    " columnsize = 0, prefix = '2 3', tokenize = 'unicode61 remove_diacritics 2');"
    "CREATE VIRTUAL TABLE document_text USING fts5(owner, body, content = '',"
    " columnsize = 0, prefix = '2 3', tokenize = 'unicode61 remove_diacritics 2');"

    /* What somebody opened, saved or ran last. */
    "CREATE TABLE recent(workspace_id TEXT NOT NULL, path TEXT NOT NULL,"
    " account_id TEXT NOT NULL REFERENCES account(id),"
    " what TEXT NOT NULL CHECK (what IN ('opened','saved','run')), at_us INTEGER NOT NULL,"
    " PRIMARY KEY(workspace_id, path)) STRICT, WITHOUT ROWID;"
    "CREATE INDEX recent_account ON recent(account_id, at_us);"

    /* A session's machine: points of one step that lie together (core/metric.h). */
    "CREATE TABLE metric(session_id TEXT NOT NULL, step INTEGER NOT NULL,"
    " from_s INTEGER NOT NULL, points BLOB NOT NULL,"
    " PRIMARY KEY(session_id, step, from_s)) STRICT, WITHOUT ROWID;"
    "CREATE INDEX metric_from ON metric(from_s);"

    /* Its first start puts the examples in it. */
    "ALTER TABLE workspace ADD COLUMN example INTEGER NOT NULL DEFAULT 0;"
    "CREATE INDEX notice_at ON notice(at_us);";

/* Of a volume that nobody uses: whose was it? */
static const char v5[] = "CREATE INDEX workspace_volume ON workspace(volume_id);";

/* What a month cost everybody, and what is being charged: without reading what
 * lies years back. */
static const char v6[] =
    "CREATE INDEX charge_of_month ON charge(month, account_id, kind, free, amount, ns);"
    "CREATE INDEX charge_from ON charge(from_us);"
    "CREATE INDEX storage_span_due ON storage_span(account_id, seq)"
    " WHERE to_us IS NULL OR to_us > charged_us;";

const struct migration migrations[] = {
	{ v1, NULL, 1 },
	{ v2, NULL, 2 },
	/* 3: a release of schema 2 would post no charges. */
	{ v3, v3_again, 3 },
	/* 4: search falls behind while a release of schema 3 runs, and each session's
	 * start brings it up to date; nothing is to be caught up here. */
	{ v4, "", 3 },
	/* 5: while an older release runs, deleted workspaces are not kept: those that
	 * were go at once. */
	{ v5, "", 3 },
	/* 6: indexes only. */
	{ v6, "", 3 },
};
const unsigned schema_version = ARRAY_LEN(migrations);
