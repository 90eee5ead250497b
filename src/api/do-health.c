/* SPDX-License-Identifier: Apache-2.0 */
#include <stdio.h>

#include "api/do.h"
#include "api/link.h"
#include "api/openapi.h"
#include "api/state.h"
#include "store/accounts.h"
#include "store/sessions.h"

/* Alive: the loop turns. */
void do_health(struct call *c)
{
	buf_put_z(&c->out, "{\"status\":\"ok\"}");
	call_reply(c, 200, CONTENT_JSON);
}

/* Ready: sign-ins can be written and sessions can start. */
void do_ready(struct call *c)
{
	struct store_stats st = store_stats(c->core->store);
	bool engine = link_up(c->core->link) && c->core->facts.known;
	struct jsonw w = JSONW(&c->out);

	jw_obj(&w);
	jw_kv_z(&w, "status", engine && !st.full ? "ready" : "not ready");
	jw_kv_z(&w, "store", st.full ? "disk full" : "ok");
	jw_kv_z(&w, "engine", engine ? "ok" : "away");
	jw_obj_end(&w);
	call_reply(c, engine && !st.full ? 200 : 503, CONTENT_JSON);
}

void do_openapi(struct call *c)
{
	openapi_put(&c->out);
	call_reply(c, 200, CONTENT_JSON);
}

static void metric(struct buf *b, const char *name, const char *type, const char *help,
                   uint64_t v)
{
	buf_printf(b, "# HELP %s %s\n# TYPE %s %s\n%s %llu\n", name, help, name, type, name,
	           (unsigned long long)v);
}

static void metrics_sessions(struct core *core, struct buf *b)
{
	int64_t n[SESSION_STATE_MAX_] = { 0 }, accounts = 0;

	if (session_count_live(store_reader(core->store), n) < 0 ||
	    account_count(store_reader(core->store), &accounts) < 0)
		return;
	buf_put_z(b, "# HELP carrel_sessions Sessions that have not ended, by state.\n"
	             "# TYPE carrel_sessions gauge\n");
	for (int i = 0; session_is_live((enum session_state)i); i++)
		buf_printf(b, "carrel_sessions{state=\"%s\"} %lld\n",
		           session_state_name((enum session_state)i), (long long)n[i]);
	/* JupyterHub's names, where the meaning is the same. */
	metric(b, "jupyterhub_running_servers", "gauge", "Running user servers.",
	       (uint64_t)n[SESSION_RUNNING]);
	metric(b, "jupyterhub_total_users", "gauge", "Accounts.", (uint64_t)accounts);
}

static void metrics_counters(struct core *core, struct buf *b)
{
	const struct counters *k = &core->count;
	struct store_stats st = store_stats(core->store);

	buf_put_z(b, "# HELP carrel_http_requests_total Answers of core, by status.\n"
	             "# TYPE carrel_http_requests_total counter\n");
	for (int i = 2; i < 6; i++)
		buf_printf(b, "carrel_http_requests_total{code=\"%dxx\"} %llu\n", i,
		           (unsigned long long)k->requests[i]);
	metric(b, "carrel_sign_ins_total", "counter", "Successful sign-ins.", k->sign_ins);
	metric(b, "carrel_sign_ins_refused_total", "counter", "Refused passwords.",
	       k->sign_ins_refused);
	metric(b, "carrel_sessions_started_total", "counter", "Sessions that came to run.",
	       k->sessions_started);
	metric(b, "carrel_sessions_stopped_total", "counter", "Sessions that were stopped.",
	       k->sessions_ended);
	metric(b, "carrel_sessions_failed_total", "counter", "Sessions that failed.",
	       k->sessions_failed);
	metric(b, "carrel_sessions_lost_total", "counter", "Sessions that were lost.",
	       k->sessions_lost);
	buf_printf(b,
	           "# HELP carrel_session_start_seconds From asked for to running.\n"
	           "# TYPE carrel_session_start_seconds summary\n"
	           "carrel_session_start_seconds_sum %.6f\n"
	           "carrel_session_start_seconds_count %llu\n",
	           (double)k->start_us / 1e6, (unsigned long long)k->starts_timed);
	metric(b, "carrel_journal_records_total", "counter", "Journal records received.",
	       k->records);
	metric(b, "carrel_engine_connects_total", "counter", "Connections to the engine.",
	       k->engine_connects);
	metric(b, "carrel_engine_errors_total", "counter", "Verbs the engine refused.",
	       k->engine_errors);
	metric(b, "carrel_events_sent_total", "counter", "Server-sent events.", k->events_sent);
	metric(b, "carrel_warnings_sent_total", "counter", "Warnings before a stop.",
	       k->warnings_sent);
	metric(b, "carrel_store_jobs_total", "counter", "Writes.", st.jobs);
	metric(b, "carrel_store_commits_total", "counter", "Commits (one fsync each).",
	       st.commits);
	buf_printf(b,
	           "# HELP carrel_store_commit_seconds_total Time in commits.\n"
	           "# TYPE carrel_store_commit_seconds_total counter\n"
	           "carrel_store_commit_seconds_total %.6f\n",
	           (double)st.commit_ns / 1e9);
}

void do_metrics(struct call *c)
{
	struct core *core = c->core;
	struct store_stats st = store_stats(core->store);
	struct buf *b = &c->out;

	metrics_sessions(core, b);
	metrics_counters(core, b);
	metric(b, "carrel_store_waiting", "gauge", "Writes that wait.", st.waiting);
	metric(b, "carrel_store_full", "gauge", "1: the disk is full.", st.full);
	metric(b, "carrel_engine_up", "gauge", "1: the engine is connected.",
	       link_up(core->link));
	metric(b, "carrel_event_streams", "gauge", "Open event streams.", core->nsubs);
	metric(b, "carrel_http_connections", "gauge", "Open connections.",
	       http_server_conns(core->http));
	if (core->facts.known) {
		metric(b, "carrel_pool_bytes", "gauge", "Size of the storage pool.",
		       core->facts.pool_bytes_total);
		metric(b, "carrel_pool_free_bytes", "gauge", "Free in the storage pool.",
		       core->facts.pool_bytes_free);
	}
	metric(b, "carrel_uptime_seconds", "gauge", "Since core started.",
	       (ev_now_ms(core->ev) - core->began) / 1000);
	call_reply(c, 200, CONTENT_METRICS);
}
