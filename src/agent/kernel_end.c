/* SPDX-License-Identifier: Apache-2.0 */
/*
 * How a kernel ends. Asked for (stop, restart): SIGINT and a shutdown_request,
 * then SIGTERM to its group, then SIGKILL, with END_MS between. By itself: the
 * browsers are told why, and it is started again, unless it never worked or
 * fails too often.
 */
#include "agent/kernel.h"

#include <errno.h>
#include <signal.h>
#include <sys/wait.h>

#include "agent/kclient.h"
#include "agent/runs.h"
#include "base/log.h"

#define END_MS       2500U
#define STABLE_MS    10000U /* having lived this long, it may die again at once */
#define RESTARTS_MAX 5U
#define BACKOFF_MS   200U
#define READY_MS     60000U /* a restart that takes longer has failed */
#define FAILED_MS    3600000U
#define OOM_MS       3000U /* in that time processes that were killed are gone */

static void on_end_timer(struct ev_timer *t);

static unsigned end_ms(const struct kernel *k)
{
	unsigned ms = k->a->kernels->end_ms;

	return ms && ms < END_MS ? ms : END_MS;
}

/* ---- ending the process ---- */

static void end_step(struct kernel *k)
{
	switch (k->step++) {
	case 0:
		if (k->ever_ready && k->conn[JMSG_CONTROL].ready) {
			if (!k->interrupt_by_message)
				kernel_signal(k, SIGINT);
			(void)!kernel_ask(k, JMSG_CONTROL, "shutdown_request",
			                  k->state == KERNEL_RESTARTING
			                      ? STR("{\"restart\":true}")
			                      : STR("{\"restart\":false}"));
			break;
		}
		k->step++; /* it can't hear us: no use in waiting for it */
		           /* fall through */
	case 1:
		kernel_signal(k, SIGTERM);
		break;
	default:
		kernel_signal(k, SIGKILL);
		break;
	}
	ev_timer_start(k->a->ev, &k->timer, end_ms(k), on_end_timer);
}

static void on_end_timer(struct ev_timer *t)
{
	end_step(CONTAINER_OF(t, struct kernel, timer));
}

static void begin_end(struct kernel *k)
{
	ev_timer_stop(&k->idle_timer);
	k->step = 0;
	end_step(k);
}

void kernel_stop(struct kernel *k, struct kernel_wait *w)
{
	if (w) {
		w->for_end = true;
		list_push(&k->waits, &w->node);
	}
	if (k->state == KERNEL_STOPPING)
		return;
	if (kernel_move(k, KERNEL_STOPPING, NULL) < 0)
		return;
	kernel_emit(k, "shutdown", "success", "Kernel is being shut down");
	if (k->pid)
		begin_end(k);
	else
		(void)!kernel_move(k, KERNEL_DEAD, NULL);
}

void kernel_unwait(struct kernel_wait *w)
{
	list_del(&w->node);
}

/* ---- restarting ---- */

static void wake(struct kernel *k, bool ok)
{
	list_for_each_safe (it, &k->waits) {
		struct kernel_wait *w = CONTAINER_OF(it, struct kernel_wait, node);

		if (w->for_end)
			continue;
		list_del(&w->node);
		w->fn(w, k, ok);
	}
}

static void on_failed_timer(struct ev_timer *t)
{
	(void)!kernel_move(CONTAINER_OF(t, struct kernel, timer), KERNEL_DEAD, NULL);
}

void kernel_await_gone(struct kernel *k)
{
	mono_ms past = ev_now_ms(k->a->ev) - k->since_ms;

	ev_timer_start(k->a->ev, &k->timer, past < FAILED_MS ? FAILED_MS - past : 0,
	               on_failed_timer);
}

/* It stays, without a process, so that its model can say why. JupyterLab shows
 * that if it is told by the model, not by a status: the sockets are closed, and
 * it asks. A client that only waits for the status finds the socket closed. */
static void fail(struct kernel *k, const struct err *err)
{
	log_event(LOG_WARN, "kernel_failed", LZ("kernel", k->id), LZ("name", k->name),
	          LZ("why", err->msg));
	if (kernel_move(k, KERNEL_FAILED, NULL) < 0)
		return;
	free(k->failure);
	k->failure = strdup(err->msg);
	k->exec = EXEC_DEAD;
	kernel_emit(k, "start", "error", err->msg);
	kernel_tell_death(k, "DeadKernelError", err->msg);
	kernel_deafen(k);
	kclients_end(k, 1011, STR("the kernel did not start, or dies always"));
	kernel_await_gone(k);
	wake(k, false);
}

static void launch_again(struct kernel *k)
{
	struct err err = ERR_NONE;

	if (kernel_move(k, KERNEL_STARTING, &err) < 0)
		return;
	k->exec = EXEC_RESTARTING;
	if (kernel_launch(k, &err) < 0)
		fail(k, &err);
}

static void on_backoff(struct ev_timer *t)
{
	launch_again(CONTAINER_OF(t, struct kernel, timer));
}

void kernel_restart(struct kernel *k, struct kernel_wait *w)
{
	w->for_end = false;
	list_push(&k->waits, &w->node);
	if (k->state == KERNEL_RESTARTING || k->state == KERNEL_STOPPING)
		return; /* one restart serves all who ask for it */
	kernel_emit(k, "restart", "success", "Kernel is being restarted");
	k->restarts = k->port_tries = 0;
	k->ready_ms = 0;
	k->reason = NULL;
	free(k->failure);
	k->failure = NULL;
	kernel_forget_run(k);
	runs_on_restart(k);
	kclients_pause(k, true);
	if (kernel_move(k, KERNEL_RESTARTING, NULL) < 0)
		return;
	k->exec = EXEC_RESTARTING;
	if (k->pid)
		begin_end(k);
	else
		launch_again(k);
}

void kernel_on_ready(struct kernel *k)
{
	if (kernel_move(k, KERNEL_READY, NULL) < 0)
		return;
	ev_timer_stop(&k->timer);
	k->ever_ready = true;
	k->ready_ms = ev_now_ms(k->a->ev);
	if (k->exec == EXEC_STARTING || k->exec == EXEC_RESTARTING)
		k->exec = EXEC_IDLE;
	kclients_pause(k, false);
	wake(k, k->got_info);
}

/* ---- dying by itself ---- */

static const char *why(int code, int status)
{
	if (code == CLD_EXITED)
		return status ? "The kernel ended with an error" : "The kernel ended by itself";
	switch (status) {
	case SIGSEGV:
		return "The kernel crashed: it used memory it does not own (signal 11, "
		       "SIGSEGV)";
	case SIGABRT:
		return "The kernel gave up (signal 6, SIGABRT)";
	case SIGBUS:
		return "The kernel crashed: memory behind a file was gone (signal 7, SIGBUS)";
	case SIGFPE:
		return "The kernel crashed in a calculation (signal 8, SIGFPE)";
	case SIGILL:
		return "The kernel crashed: this processor can't run its code (signal 4, "
		       "SIGILL)";
	case SIGKILL:
		return "The kernel was killed (signal 9, SIGKILL)";
	case SIGTERM:
		return "The kernel was told to end (signal 15, SIGTERM)";
	default:
		return "The kernel was ended by a signal";
	}
}

/* The last lines it wrote; the interpreter's reason is at the end. */
static struct str last_words(const struct kernel *k)
{
	struct str s = { k->tail, k->tail_len };
	size_t from;

	while (s.len && (s.ptr[s.len - 1] == '\n' || s.ptr[s.len - 1] == ' '))
		s.len--;
	from = s.len > 160 ? s.len - 160 : 0;
	return str_sub(s, from, s.len);
}

static void start_again(struct kernel *k)
{
	struct err err = ERR_NONE;
	bool answered = k->ready_ms != 0;
	bool stable = answered && ev_now_ms(k->a->ev) - k->ready_ms >= STABLE_MS;

	k->restarts = stable ? 1 : k->restarts + 1;
	k->ready_ms = 0;
	if (!answered && kernel_change_ports(k)) {
		launch_again(k);
		return;
	}
	runs_on_restart(k);
	if (!k->ever_ready || k->restarts > RESTARTS_MAX) {
		struct str words = last_words(k);

		(void)ERR(&err, -EIO, "%s%s%.*s", k->reason,
		          words.len ? ". Its last words: " : "", STR_ARG(words));
		fail(k, &err);
		return;
	}
	kernel_emit(k, "restart", "success", k->reason);
	kernel_tell_status(k, EXEC_RESTARTING);
	if (k->restarts == 1)
		launch_again(k);
	else
		ev_timer_start(k->a->ev, &k->timer, BACKOFF_MS << k->restarts, on_backoff);
}

static void put_gb(struct buf *b, uint64_t bytes)
{
	uint64_t tenths = (bytes * 10 + (1U << 29)) >> 30;

	buf_printf(b, "%llu.%llu", (unsigned long long)(tenths / 10),
	           (unsigned long long)(tenths % 10));
}

static void on_oom_timer(struct ev_timer *t)
{
	struct kernels *ks = CONTAINER_OF(t, struct kernels, oom_timer);

	ks->oom_kills = ks->oom_heard;
}

/* Did more processes die for lack of memory than were known to have? One answer
 * may tell of two kernels, of which the second takes a while to be gone: so a
 * number is only known when some time has passed. */
static bool is_oom(struct kernels *ks, const struct oom_facts *facts)
{
	if (facts->oom_kills <= ks->oom_kills)
		return false;
	if (facts->oom_kills != ks->oom_heard) {
		ks->oom_heard = facts->oom_kills;
		ev_timer_start(ks->a->ev, &ks->oom_timer, OOM_MS, on_oom_timer);
	}
	return true;
}

/* After a SIGKILL that nobody of us sent: was it memory? */
static void on_oom_facts(struct agent *a, const struct oom_facts *facts, void *arg)
{
	char *id = arg;
	struct kernel *k = kernel_by_id(a, str_of(id));
	struct buf b = BUF(1024);
	bool oom = facts && is_oom(a->kernels, facts);

	free(id);
	if (!k || k->state != KERNEL_RESTARTING || k->pid)
		return;
	if (oom) {
		k->reason = "Out of memory";
		buf_put_z(&b, "Out of memory. The kernel used ");
		put_gb(&b, facts->peak_bytes < facts->limit_bytes || !facts->limit_bytes
		               ? facts->peak_bytes
		               : facts->limit_bytes);
		buf_put_z(&b, " of ");
		put_gb(&b, facts->limit_bytes);
		buf_put_z(
		    &b, " GB and was ended; it starts again without its variables. Work on "
		        "less data at once, or start the workspace on a larger instance type.");
	} else if (facts) {
		buf_put_z(
		    &b,
		    "The kernel was killed (signal 9, SIGKILL), but not for lack of memory.");
	} else {
		buf_put_z(&b,
		          "The kernel was killed (signal 9, SIGKILL). Mostly this means that "
		          "memory ran out.");
	}
	kernel_tell_death(k, oom ? "OutOfMemory" : "DeadKernelError", buf_cstr(&b));
	buf_fini(&b);
	start_again(k);
}

static void died(struct kernel *k, int code, int status)
{
	char *id;

	k->reason = why(code, status);
	log_event(LOG_WARN, "kernel_died", LZ("kernel", k->id), LZ("why", k->reason),
	          LI("status", status), LS("words", last_words(k)));
	kclients_pause(k, true);
	if (kernel_move(k, KERNEL_RESTARTING, NULL) < 0)
		return;
	if (code != CLD_EXITED && status == SIGKILL && !k->sent_signal) {
		id = strdup(k->id);
		if (id) {
			agent_oom_query(k->a, on_oom_facts, id);
			return;
		}
	}
	kernel_tell_death(k, "DeadKernelError", k->reason);
	start_again(k);
}

void kernel_on_exit(struct kernel *k, int code, int status)
{
	kernel_hear_out(k);
	ev_timer_stop(&k->timer);
	ev_timer_stop(&k->idle_timer);
	kernel_deafen(k);
	kernel_close_process(k);
	switch (k->state) {
	case KERNEL_STOPPING:
		kernel_tell_status(k, EXEC_DEAD);
		(void)!kernel_move(k, KERNEL_DEAD, NULL);
		break;
	case KERNEL_RESTARTING:
		/* It may have begun the next cell while it was being ended. */
		kernel_forget_run(k);
		launch_again(k);
		break;
	case KERNEL_STARTING:
	case KERNEL_READY:
		died(k, code, status);
		break;
	case KERNEL_FAILED:
	case KERNEL_DEAD:
	case KERNEL_STATE_MAX_:
	default:
		break;
	}
}
