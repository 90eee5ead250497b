/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The typed messages between core, engine, shim and agent. One table drives
 * the structs below, the encoder, the decoder, the text dump, the reference
 * (doc/internals/wire.md) and the fuzzer.
 *
 * A frame is `u32le length · u16le type · u16le flags · u32le seq · fields`;
 * length counts what follows it (8 to 1 MiB), flags are 0. A field is a u32,
 * u64 or i64 (little-endian) or a str (u32le length + bytes, no NUL byte, at
 * most what the table says). On a stream frames follow each other; on a
 * SOCK_SEQPACKET socket a packet is one frame. A request has the seq of its
 * sender's choice (not 0), its answer has the same; events have 0. The answer
 * of a request is the type in the table's last column, or WIRE_ERROR.
 *
 *   struct wire_msg m = { .type = WIRE_SESSION_STOP, .seq = 7,
 *                         .session_stop = { .session = id, .epoch = 1,
 *                                           .reason = STR("user") } };
 *   r = wire_put(&out, &m, &err);
 *
 *   switch (wire_get(buf_str(&in), &m, &used, &err)) {
 *   case WIRE_GET_DONE: handle(&m); buf_consume(&in, used); break;
 *   case WIRE_GET_MORE: return; (until more comes)
 *   default: close the connection; it is out of step
 *   }
 */
#pragma once

#include "base/buf.h"
#include "base/err.h"

#define WIRE_FRAME_MAX (1U << 20) /* the length field at most */
#define WIRE_HEAD      12U        /* bytes before the first field */

/*
 * Fields of each message, in the order of the wire: U32(name) U64(name)
 * I64(name) S(name, most bytes). The clocks at the end of SESSION_START and
 * SESSION_DEADLINE are left out when both are 0, and so is what came to
 * SESSION_STATS_OK and HOST_FACTS_OK: a shim of before they were there goes on to understand, and
 * to be understood. docs: WIRE_DOCS_*.
 */
#define WIRE_DOCS_KNOWN 1U /* the shim passes documents on */
#define WIRE_DOCS_WAIT  2U /* the agent has some, and no credit */
/* clang-format off */
#define WIRE_IDENT_(U32, S)                 S(session, 40) U32(epoch)
#define WIRE_F_ok(U32, U64, I64, S)
#define WIRE_F_error(U32, U64, I64, S)           I64(code) S(message, 1024)
#define WIRE_F_host_facts(U32, U64, I64, S)
#define WIRE_F_host_facts_ok(U32, U64, I64, S)   U32(cpu_milli) U64(memory_bytes) U64(pool_bytes_total) \
                                                 U64(pool_bytes_free) S(warnings, 65536) S(gpus, 4096) \
                                                 U64(volume_limit_bytes)
#define WIRE_F_image_list(U32, U64, I64, S)
#define WIRE_F_image_list_ok(U32, U64, I64, S)   S(items, 1000000)
#define WIRE_F_volume_create(U32, U64, I64, S)   S(volume_id, 40) U64(size_bytes)
#define WIRE_F_volume_grow(U32, U64, I64, S)     S(volume_id, 40) U64(size_bytes)
#define WIRE_F_volume_stat(U32, U64, I64, S)     S(volume_id, 40)
#define WIRE_F_volume_stat_ok(U32, U64, I64, S)  U64(size_bytes) U64(used_bytes) U64(allocated_bytes)
#define WIRE_F_volume_delete(U32, U64, I64, S)   S(volume_id, 40)
#define WIRE_F_session_start(U32, U64, I64, S)   WIRE_IDENT_(U32, S) S(volume_id, 40) S(image_id, 80) \
                                                 U32(cpu_milli) U64(memory_bytes) U32(pids) U32(idle_seconds) \
                                                 U32(max_seconds) S(hostname, 63) S(env, 65536) S(label, 64) \
                                                 U64(calendar_at_boot_ns) U64(lease_until_boot_ns)
#define WIRE_F_session_stop(U32, U64, I64, S)    WIRE_IDENT_(U32, S) S(reason, 31) U32(grace_seconds)
#define WIRE_F_session_deadline(U32, U64, I64, S) WIRE_IDENT_(U32, S) U32(idle_seconds) \
                                                 U64(extend_until_boot_ns) U64(max_at_boot_ns) \
                                                 U64(calendar_at_boot_ns) U64(lease_until_boot_ns)
#define WIRE_F_files_start(U32, U64, I64, S)     S(volume_id, 40) S(image_id, 80)
#define WIRE_F_files_start_ok(U32, U64, I64, S)  S(key, 64)
#define WIRE_F_session_list(U32, U64, I64, S)    S(after, 64)
#define WIRE_F_session_list_ok(U32, U64, I64, S) S(items, 1000000) S(next, 64)
#define WIRE_F_session_stats(U32, U64, I64, S)   WIRE_IDENT_(U32, S)
#define WIRE_F_session_stats_ok(U32, U64, I64, S) U64(cpu_ns) U64(memory_bytes) U64(memory_limit_bytes) U32(pids) \
                                                 U64(disk_used_bytes) U64(disk_size_bytes) U32(oom_kills) \
                                                 U64(rx_bytes) U64(tx_bytes) U64(docs)
#define WIRE_F_session_log(U32, U64, I64, S)     WIRE_IDENT_(U32, S) U32(max_bytes)
#define WIRE_F_session_log_ok(U32, U64, I64, S)  S(text, 1000000)
#define WIRE_F_session_upgrade(U32, U64, I64, S) WIRE_IDENT_(U32, S)
#define WIRE_F_session_index(U32, U64, I64, S)   WIRE_IDENT_(U32, S) U64(acked) U32(credit) S(want, 1024)
#define WIRE_F_events(U32, U64, I64, S)
#define WIRE_F_journal_ack(U32, U64, I64, S)     WIRE_IDENT_(U32, S)
#define WIRE_F_ev_phase(U32, U64, I64, S)        WIRE_IDENT_(U32, S) S(phase, 31) U64(at_boot_ns)
#define WIRE_F_ev_ready(U32, U64, I64, S)        WIRE_IDENT_(U32, S)
#define WIRE_F_ev_run(U32, U64, I64, S)          WIRE_IDENT_(U32, S) U32(segment) U32(record) U32(kind) S(boot_id, 36) \
                                                 U64(boottime_ns) I64(wall_us) S(reason, 31) U64(cpu_ns) \
                                                 U64(mem_peak_bytes) U32(oom_kills) I64(exit_status) \
                                                 U32(estimated) S(evidence, 255)
#define WIRE_F_ev_activity(U32, U64, I64, S)     WIRE_IDENT_(U32, S) U64(last_active_boot_ns) U64(stop_at_boot_ns) \
                                                 S(stop_why, 15) S(evidence, 1024)
#define WIRE_F_ev_failed(U32, U64, I64, S)       WIRE_IDENT_(U32, S) S(phase, 31) S(reason, 31) S(message, 1024)
#define WIRE_F_ev_doc(U32, U64, I64, S)          WIRE_IDENT_(U32, S) U64(gen) U32(part) U32(parts) S(body, 3400)
#define WIRE_F_agent_ready(U32, U64, I64, S)
#define WIRE_F_agent_activity(U32, U64, I64, S)  U64(last_active_boot_ns) U32(busy) S(evidence, 1024)
#define WIRE_F_agent_oom_query(U32, U64, I64, S)
#define WIRE_F_agent_doc(U32, U64, I64, S)       U64(gen) U32(part) U32(parts) S(body, 3400)
#define WIRE_F_shim_status(U32, U64, I64, S)     U64(stop_at_boot_ns) S(stop_why, 15) U32(idle_seconds) U64(max_at_boot_ns)
#define WIRE_F_shim_stopping(U32, U64, I64, S)   S(reason, 31) U32(grace_seconds)
#define WIRE_F_shim_oom(U32, U64, I64, S)        U32(oom_kills) U64(memory_limit_bytes) U64(memory_peak_bytes)
#define WIRE_F_shim_usage(U32, U64, I64, S)      U64(cpu_ns) U32(cpu_milli) U64(memory_bytes) U64(memory_limit_bytes)
#define WIRE_F_shim_upgrade(U32, U64, I64, S)
#define WIRE_F_shim_index(U32, U64, I64, S)      U64(acked) U32(credit) S(want, 1024)

/* Number on the wire, NAME, member, who sends it, what answers it (NONE: nothing). */
#define WIRE_TABLE(M) \
	M(1,  OK,               ok,               "engine to core",  NONE) \
	M(2,  ERROR,            error,            "engine to core",  NONE) \
	M(10, HOST_FACTS,       host_facts,       "core to engine",  HOST_FACTS_OK) \
	M(11, HOST_FACTS_OK,    host_facts_ok,    "engine to core",  NONE) \
	M(12, IMAGE_LIST,       image_list,       "core to engine",  IMAGE_LIST_OK) \
	M(13, IMAGE_LIST_OK,    image_list_ok,    "engine to core",  NONE) \
	M(20, VOLUME_CREATE,    volume_create,    "core to engine",  OK) \
	M(21, VOLUME_GROW,      volume_grow,      "core to engine",  OK) \
	M(22, VOLUME_STAT,      volume_stat,      "core to engine",  VOLUME_STAT_OK) \
	M(23, VOLUME_STAT_OK,   volume_stat_ok,   "engine to core",  NONE) \
	M(24, VOLUME_DELETE,    volume_delete,    "core to engine",  OK) \
	M(25, FILES_START,      files_start,      "core to engine",  FILES_START_OK) \
	M(26, FILES_START_OK,   files_start_ok,   "engine to core",  NONE) \
	M(30, SESSION_START,    session_start,    "core to engine",  OK) \
	M(31, SESSION_STOP,     session_stop,     "core to engine",  OK) \
	M(32, SESSION_DEADLINE, session_deadline, "core to engine",  OK) \
	M(33, SESSION_LIST,     session_list,     "core to engine",  SESSION_LIST_OK) \
	M(34, SESSION_LIST_OK,  session_list_ok,  "engine to core",  NONE) \
	M(35, SESSION_STATS,    session_stats,    "core to engine",  SESSION_STATS_OK) \
	M(36, SESSION_STATS_OK, session_stats_ok, "engine to core",  NONE) \
	M(37, SESSION_LOG,      session_log,      "core to engine",  SESSION_LOG_OK) \
	M(38, SESSION_LOG_OK,   session_log_ok,   "engine to core",  NONE) \
	M(39, SESSION_UPGRADE,  session_upgrade,  "core to engine",  OK) \
	M(40, EVENTS,           events,           "core to engine",  OK) \
	M(41, JOURNAL_ACK,      journal_ack,      "core to engine",  OK) \
	M(42, SESSION_INDEX,    session_index,    "core to engine",  OK) \
	M(50, EV_PHASE,         ev_phase,         "engine to core",  NONE) \
	M(51, EV_READY,         ev_ready,         "engine to core",  NONE) \
	M(52, EV_RUN,           ev_run,           "engine to core",  NONE) \
	M(53, EV_ACTIVITY,      ev_activity,      "engine to core",  NONE) \
	M(54, EV_FAILED,        ev_failed,        "engine to core",  NONE) \
	M(55, EV_DOC,           ev_doc,           "engine to core",  NONE) \
	M(70, AGENT_READY,      agent_ready,      "agent to shim",   NONE) \
	M(71, AGENT_ACTIVITY,   agent_activity,   "agent to shim",   NONE) \
	M(72, AGENT_OOM_QUERY,  agent_oom_query,  "agent to shim",   SHIM_OOM) \
	M(73, AGENT_DOC,        agent_doc,        "agent to shim",   NONE) \
	M(80, SHIM_STATUS,      shim_status,      "shim to agent",   NONE) \
	M(81, SHIM_STOPPING,    shim_stopping,    "shim to agent",   NONE) \
	M(82, SHIM_OOM,         shim_oom,         "shim to agent",   NONE) \
	M(83, SHIM_USAGE,       shim_usage,       "shim to agent",   NONE) \
	M(84, SHIM_UPGRADE,     shim_upgrade,     "shim to agent",   NONE) \
	M(85, SHIM_INDEX,       shim_index,       "shim to agent",   NONE)
/* clang-format on */

enum wire_type {
	WIRE_NONE = 0,
#define WIRE_ENUM_(id, NAME, name, from, answer) WIRE_##NAME = (id),
	WIRE_TABLE(WIRE_ENUM_)
#undef WIRE_ENUM_
};

/* struct wire_session_start { struct str session; uint32_t epoch; … }; and so
 * on. Slices of a decoded message point into the bytes it was decoded from. */
#define WIRE_U32_(f)    uint32_t f;
#define WIRE_U64_(f)    uint64_t f;
#define WIRE_I64_(f)    int64_t f;
#define WIRE_S_(f, max) struct str f;
#define WIRE_STRUCT_(id, NAME, name, from, answer)                      \
	struct wire_##name {                                            \
		WIRE_F_##name(WIRE_U32_, WIRE_U64_, WIRE_I64_, WIRE_S_) \
	};
WIRE_TABLE(WIRE_STRUCT_)
#undef WIRE_STRUCT_

struct wire_msg {
	enum wire_type type;
	uint32_t seq;
	union {
#define WIRE_MEMBER_(id, NAME, name, from, answer) struct wire_##name name;
		WIRE_TABLE(WIRE_MEMBER_)
#undef WIRE_MEMBER_
	};
};
#undef WIRE_U32_
#undef WIRE_U64_
#undef WIRE_I64_
#undef WIRE_S_

/* Appends one frame. -EINVAL: no such type, or a string with a NUL byte;
 * -E2BIG: a string or the frame is too long, or the buffer is full; nothing
 * was appended then. */
MUST_CHECK int wire_put(struct buf *b, const struct wire_msg *m, struct err *err);

enum wire_get {
	WIRE_GET_MORE, /* no whole frame yet */
	WIRE_GET_DONE, /* *ret is filled, *ret_used bytes were one frame */
};
/* enum wire_get, or -EBADMSG / -E2BIG: the peer is out of step, close. */
MUST_CHECK int wire_get(struct str in, struct wire_msg *ret, size_t *ret_used, struct err *err);

/* "SESSION_START", or "?" */
const char *wire_name(enum wire_type t);
/* What answers this request; WIRE_NONE if nothing does. */
enum wire_type wire_answer(enum wire_type t);
/* One line for logs: `SESSION_STOP seq=7 session=s_… epoch=1 …`; strings are
 * cut at 64 bytes, and env is shown by its length only. */
void wire_dump(struct buf *b, const struct wire_msg *m);
/* The reference in Markdown, as in doc/internals/wire.md. */
void wire_reference(struct buf *b);

struct journal_rec;
/* A record as an event and back; slices point into the record. -EBADMSG: a
 * field that no journal can hold. */
void wire_from_journal(const struct journal_rec *r, struct wire_ev_run *ret);
MUST_CHECK int wire_to_journal(const struct wire_ev_run *m, struct journal_rec *ret);
