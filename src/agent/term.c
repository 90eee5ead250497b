/* SPDX-License-Identifier: Apache-2.0 */
/*
 *   shell <-> pty <-> read_some -> replay + every client
 *                     write_some <- input <- clients
 *
 * Back-pressure: while a browser has not taken what was sent, the pty is not
 * read, so the program blocks as on a real terminal; a browser that stays
 * behind for STALL_MS is let go.
 */
#define _GNU_SOURCE
#include "agent/term.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/ioctl.h>
#include <termios.h>

#include "base/encode.h"

#define READ_MAX   (64U << 10) /* in one frame */
#define PIECE      4096U       /* what a pty gives at a time */
#define HIGH_WATER (512U << 10)
#define STALL_MS   10000U
#define STEP_MS    200U
#define END_MS     1000U

static const int ladder[] = { SIGHUP, SIGCONT, SIGINT, SIGTERM, SIGKILL };

static void put_pair(struct buf *b, const char *kind, struct str text)
{
	struct jsonw w = JSONW(b);

	jw_arr(&w);
	jw_z(&w, kind);
	jw_str(&w, text);
	jw_arr_end(&w);
}

static void send_pair(struct term_client *cl, const char *kind, struct str text)
{
	struct buf b = BUF(TERM_REPLAY_MAX * 7);

	put_pair(&b, kind, text);
	if (!buf_error(&b))
		(void)(ws_send(cl->ws, WS_TEXT, buf_str(&b)) == 0);
	buf_fini(&b);
}

static void remember(struct term *t, struct str s)
{
	struct str all;
	size_t over, cut;

	if (buf_len(&t->replay) + s.len > TERM_REPLAY_MAX) {
		over = buf_len(&t->replay) + s.len - TERM_REPLAY_MAX + TERM_REPLAY_MAX / 4;
		all = buf_str(&t->replay);
		/* Cut behind a line end if there is one near, else between characters. */
		cut = over > all.len ? all.len : over;
		while (cut < all.len && ((unsigned char)all.ptr[cut] & 0xC0) == 0x80)
			cut++;
		over = str_chr(str_sub(all, 0, cut + 4096), '\n', cut);
		buf_consume(&t->replay, over < all.len && over < cut + 4096 ? over + 1 : cut);
	}
	buf_put_str(&t->replay, s);
}

static bool anyone_slow(struct term *t)
{
	list_for_each (it, &t->clients) {
		if (ws_pending(LIST_ENTRY(it, struct term_client, node)->ws) > HIGH_WATER)
			return true;
	}
	return false;
}

static void want(struct term *t)
{
	uint32_t w = 0;

	if (t->pty < 0)
		return;
	if (!t->stalled)
		w |= EPOLLIN;
	if (buf_len(&t->input))
		w |= EPOLLOUT;
	ev_fd_want(&t->fd, w);
}

static void on_stall(struct ev_timer *timer)
{
	struct term *t = CONTAINER_OF(timer, struct term, timer);

	list_for_each_safe (it, &t->clients) {
		struct term_client *cl = LIST_ENTRY(it, struct term_client, node);

		if (ws_pending(cl->ws) > HIGH_WATER)
			ws_close(cl->ws, 1013, STR("too slow"));
	}
	t->stalled = false;
	want(t);
}

static void unstall(struct term *t)
{
	if (!t->stalled || t->closing || anyone_slow(t))
		return;
	t->stalled = false;
	ev_timer_stop(&t->timer);
	want(t);
}

/* Sends the whole characters of carry + data; keeps the rest for next time. */
static void broadcast(struct term *t, struct str s)
{
	size_t n = s.len, whole = utf8_whole(s);
	struct buf b = BUF(TERM_REPLAY_MAX * 7);

	/* Bytes that can never become a character go out (as U+FFFD). */
	if (n - whole >= sizeof(t->carry))
		whole = n;
	t->ncarry = (unsigned)(n - whole);
	memcpy(t->carry, s.ptr + whole, t->ncarry);
	s.len = whole;
	if (!whole)
		return;
	remember(t, s);
	if (t->nclients)
		put_pair(&b, "stdout", s);
	list_for_each_safe (it, &t->clients) {
		if (!buf_error(&b))
			(void)(ws_send(LIST_ENTRY(it, struct term_client, node)->ws, WS_TEXT,
			               buf_str(&b)) == 0);
	}
	buf_fini(&b);
	if (!t->stalled && anyone_slow(t)) {
		t->stalled = true;
		ev_timer_start(t->all->a->ev, &t->timer, STALL_MS, on_stall);
	}
}

/* False at the end: nobody holds the other side any more. */
static bool read_some(struct term *t)
{
	struct buf b = BUF(READ_MAX + 2 * PIECE);
	ssize_t n = 0;
	bool over = false;

	buf_put(&b, t->carry, t->ncarry);
	/* A flood comes in small pieces, and a frame for each of them would cost
	 * more than what is in it. */
	while (buf_len(&b) < READ_MAX) {
		char *p = buf_reserve(&b, PIECE);

		n = p ? read(t->pty, p, PIECE) : 0;
		if (n <= 0)
			break;
		buf_commit(&b, (size_t)n);
		if (n < (ssize_t)PIECE / 2)
			break;
	}
	over = n == 0 || (n < 0 && errno != EAGAIN && errno != EINTR);
	if (buf_len(&b) > t->ncarry) {
		t->last_activity = t->all->last_activity = time_wall_us();
		broadcast(t, buf_str(&b));
	}
	buf_fini(&b);
	return !over;
}

static void write_some(struct term *t)
{
	struct str s = buf_str(&t->input);
	ssize_t n;

	if (!s.len)
		return;
	n = write(t->pty, s.ptr, s.len < 4096 ? s.len : 4096);
	if (n > 0)
		buf_consume(&t->input, (size_t)n);
	else if (n < 0 && errno != EAGAIN && errno != EINTR)
		buf_clear(&t->input);
}

/* What is typed faster than the program reads it waits at the browsers. */
static void hold_back(struct term *t)
{
	bool full = buf_len(&t->input) > TERM_INPUT_MAX;

	if (full == t->full || (t->full && buf_len(&t->input)))
		return;
	t->full = full;
	list_for_each (it, &t->clients) {
		struct ws *w = LIST_ENTRY(it, struct term_client, node)->ws;

		if (full)
			ws_pause(w);
		else
			ws_resume(w);
	}
}

static void on_nobody(struct ev_timer *timer)
{
	term_close(CONTAINER_OF(timer, struct term, timer));
}

static void on_pty(struct ev_fd *f, uint32_t events)
{
	struct term *t = CONTAINER_OF(f, struct term, fd);

	if (events & EPOLLOUT) {
		write_some(t);
		hold_back(t);
	}
	if ((events & (EPOLLIN | EPOLLHUP | EPOLLERR)) && !t->stalled && !read_some(t)) {
		/* The shell's end follows at once, and says how it was. */
		ev_fd_stop(&t->fd);
		ev_timer_start(t->all->a->ev, &t->timer, END_MS, on_nobody);
		return;
	}
	want(t);
}

#define LAST_STEP ((unsigned)ARRAY_LEN(ladder) - 1)

/* Killed a few times is enough: what is still listed then waits for its own
 * parent to reap it. */
static bool is_over(const struct term *t)
{
	return t->reaped && (!t->job || kill(-t->job, 0) < 0 || t->kill_step > LAST_STEP + 2);
}

/* The group in the terminal's foreground, if it is not the shell's own. */
static void find_job(struct term *t)
{
	pid_t group = t->pty < 0 ? 0 : tcgetpgrp(t->pty);

	if (group > 1 && group != t->child.pid)
		t->job = group;
}

static void on_ladder(struct ev_timer *timer)
{
	struct term *t = CONTAINER_OF(timer, struct term, timer);
	int signo = ladder[t->kill_step < LAST_STEP ? t->kill_step : LAST_STEP];

	/* Until it is dead, a shell that ignores signals may start one more. */
	find_job(t);
	if (!t->reaped)
		(void)kill(-t->child.pid, signo);
	/* A program in the foreground may ignore the hang-up: it is ended too. */
	if (t->job)
		(void)kill(-t->job, signo);
	if (is_over(t)) {
		terms_forget(t);
		return;
	}
	t->kill_step++;
	ev_timer_start(t->all->a->ev, &t->timer, STEP_MS, on_ladder);
}

static void detach(struct term_client *cl)
{
	list_del(&cl->node);
	if (cl->t)
		cl->t->nclients--;
	cl->t = NULL;
}

void term_close(struct term *t)
{
	if (t->closing)
		return;
	t->closing = true;
	list_for_each_safe (it, &t->clients) {
		struct term_client *cl = LIST_ENTRY(it, struct term_client, node);

		(void)(ws_send(cl->ws, WS_TEXT, STR("[\"disconnect\",1]")) == 0);
		detach(cl);
		ws_close(cl->ws, 1000, STR(""));
	}
	t->job = 0;
	find_job(t);
	ev_fd_stop(&t->fd);
	if (t->reaped)
		own_close(&t->pty); /* hangs up on what still runs there */
	buf_fini(&t->replay);
	buf_fini(&t->input);
	ev_timer_stop(&t->timer);
	list_del(&t->node);
	t->all->n--;
	list_push(&t->all->dying, &t->node);
	if (is_over(t)) {
		terms_forget(t);
		return;
	}
	t->kill_step = 0;
	ev_timer_start(t->all->a->ev, &t->timer, 0, on_ladder);
	agent_evidence_changed(t->all->a);
}

static void say_end(struct term *t, int code, int status)
{
	char text[160];
	int n;

	if (code == CLD_EXITED && status == 0)
		return;
	if (code == CLD_EXITED)
		n = snprintf(text, sizeof(text), "\r\n[the shell ended with status %d]\r\n",
		             status);
	else
		n = snprintf(text, sizeof(text), "\r\n[the shell was ended by signal %d%s]\r\n",
		             status, status == SIGKILL ? ": out of memory?" : "");
	broadcast(t, (struct str){ text, (size_t)n });
}

static void on_child(struct ev_child *c, int code, int status)
{
	struct term *t = CONTAINER_OF(c, struct term, child);

	t->reaped = true;
	if (t->closing) {
		own_close(&t->pty);
		if (is_over(t))
			terms_forget(t);
		return;
	}
	/* What it wrote last may still be in the pty. */
	for (int i = 0; i < 16 && read_some(t); i++)
		continue;
	say_end(t, code, status);
	term_close(t);
}

/* The smallest window of all who look. */
static void fit(struct term *t)
{
	struct winsize ws = { 0 };

	list_for_each (it, &t->clients) {
		struct term_client *cl = LIST_ENTRY(it, struct term_client, node);

		if (cl->rows && (!ws.ws_row || cl->rows < ws.ws_row))
			ws.ws_row = cl->rows;
		if (cl->cols && (!ws.ws_col || cl->cols < ws.ws_col))
			ws.ws_col = cl->cols;
	}
	if (ws.ws_row && ws.ws_col && t->pty >= 0)
		(void)ioctl(t->pty, TIOCSWINSZ, &ws);
}

static uint16_t dimension(const struct json *v)
{
	uint64_t n = 0;
	struct str s = v && v->type == JSON_NUMBER ? v->text : STR("0");

	/* "24.0" comes from some clients. */
	if (str_to_u64(str_sub(s, 0, str_chr(s, '.', 0)), 0, 2000, &n) < 0)
		return 0;
	return (uint16_t)n;
}

static void typed(struct term_client *cl, struct str text)
{
	struct term *t = cl->t;

	/* Never too much but while the browsers are sent away, who are heard to their end. */
	if (text.len > buf_room(&t->input))
		return;
	buf_put_str(&t->input, text);
	t->last_activity = time_wall_us();
	agent_touch_by(cl->a, cl->account, ACT_TYPE);
	write_some(t);
	hold_back(t);
	want(t);
}

static void on_message(struct ws *w, enum ws_op op, struct str data, void *arg)
{
	struct json_limits lim = { .depth = 4, .values = 64, .lax_surrogates = true };
	struct term_client *cl = arg;
	struct arena arena = ARENA(4U << 20);
	const struct json *kind;
	struct json *j;

	(void)w;
	(void)op;
	if (!cl->t || json_parse(&arena, data, &lim, &j, NULL) < 0) {
		arena_fini(&arena);
		return;
	}
	kind = json_at(j, 0);
	if (kind && kind->type == JSON_STRING && str_is(kind->text, "stdin")) {
		const struct json *text = json_at(j, 1);

		if (text && text->type == JSON_STRING)
			typed(cl, text->text);
	} else if (kind && kind->type == JSON_STRING && str_is(kind->text, "set_size")) {
		cl->rows = dimension(json_at(j, 1));
		cl->cols = dimension(json_at(j, 2));
		fit(cl->t);
	}
	arena_fini(&arena);
}

static void client_free(struct ev_later *l)
{
	free(CONTAINER_OF(l, struct term_client, gone));
}

static void on_close(struct ws *w, unsigned code, void *arg)
{
	struct term_client *cl = arg;
	struct term *t = cl->t;

	(void)w;
	(void)code;
	detach(cl);
	if (t) {
		fit(t);
		unstall(t);
	}
	ev_at_turn_end(cl->a->ev, &cl->gone, client_free);
}

static void on_drain(struct ws *w, void *arg)
{
	struct term_client *cl = arg;

	(void)w;
	if (cl->t)
		unstall(cl->t);
}

void term_attach(struct term *t, struct call *c)
{
	struct ws_cfg cfg = { .message_max = TERM_MESSAGE_MAX,
		              .out_max = 8U << 20,
		              .deflate = &c->a->deflate,
		              .on_message = on_message,
		              .on_close = on_close,
		              .on_drain = on_drain };
	struct term_client *cl = xcalloc(1, sizeof(*cl));

	cl->a = c->a;
	call_account(c, cl->account);
	cfg.arg = cl;
	cl->ws = ws_accept(c->r, &cfg);
	if (!cl->ws) {
		free(cl);
		return;
	}
	cl->t = t;
	list_push(&t->clients, &cl->node);
	t->nclients++;
	if (t->full)
		ws_pause(cl->ws);
	t->last_activity = t->all->last_activity = time_wall_us();
	if (ws_send(cl->ws, WS_TEXT, STR("[\"setup\",{}]")) == 0 && buf_len(&t->replay))
		send_pair(cl, "stdout", buf_str(&t->replay));
}

static void term_free(struct ev_later *l)
{
	free(CONTAINER_OF(l, struct term, gone));
}

void terms_forget(struct term *t)
{
	struct terms *all = t->all;

	ev_timer_stop(&t->timer);
	ev_child_stop(&t->child);
	own_close(&t->pty);
	list_del(&t->node);
	ev_at_turn_end(all->a->ev, &t->gone, term_free);
	if (all->done && list_empty(&all->list) && list_empty(&all->dying)) {
		void (*done)(struct agent *) = all->done;

		all->done = NULL;
		done(all->a);
	}
}

struct term *term_blank(struct terms *all)
{
	struct term *t = xcalloc(1, sizeof(*t));

	t->all = all;
	t->pty = -1;
	list_init(&t->clients);
	buf_init(&t->replay, TERM_REPLAY_MAX * 2);
	buf_init(&t->input, TERM_INPUT_MAX + TERM_MESSAGE_MAX); /* one message too many */
	return t;
}

int term_watch(struct term *t, pid_t shell, struct err *err)
{
	struct ev *ev = t->all->a->ev;
	int r = ev_fd_start(ev, &t->fd, t->pty, EPOLLIN, on_pty, err);

	if (r == 0)
		r = ev_child_start(ev, &t->child, shell, on_child, err);
	if (r < 0) {
		ev_fd_stop(&t->fd);
		return r;
	}
	hold_back(t); /* after an exec there may be much to be read already */
	want(t);
	return 0;
}

int term_open(struct terms *all, const char *name, const char *cwd, struct term **ret,
              struct err *err)
{
	struct term *t = term_blank(all);
	autoclose int tty = -1;
	pid_t pid;
	int r;

	(void)snprintf(t->name, sizeof(t->name), "%s", name);
	t->last_activity = all->last_activity = time_wall_us();
	r = term_open_pty(&t->pty, &tty, err);
	if (r == 0)
		r = term_spawn(all->a, tty, cwd, &pid, err);
	if (r == 0) {
		r = term_watch(t, pid, err);
		if (r < 0)
			(void)kill(-pid, SIGKILL);
	}
	if (r < 0) {
		own_close(&t->pty);
		ev_at_turn_end(all->a->ev, &t->gone, term_free);
		return r;
	}
	list_push(&all->list, &t->node);
	all->n++;
	*ret = t;
	return 0;
}
