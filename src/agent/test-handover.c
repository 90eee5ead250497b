/* SPDX-License-Identifier: Apache-2.0 */
#define _GNU_SOURCE
#include "agent/handover.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <sys/mman.h>
#include <sys/wait.h>

#include "agent/contents.h"
#include "agent/kclient.h"
#include "agent/run.h"
#include "agent/term.h"
#include "base/file.h"
#include "test.h"

#define WHEN_AT 12U /* of the state's head: the time, which differs */

static char root[64], runtime[64];

static void config(struct agent_cfg *c)
{
	static char *const env[] = { NULL };

	(void)snprintf(root, sizeof(root), "/tmp/.carrel-hand-XXXXXX");
	T_OK(mkdtemp(root));
	T_EQ(agent_runtime_dir(runtime, sizeof(runtime), NULL), 0);
	*c = (struct agent_cfg){ .root = root,
		                 .home = root,
		                 .base_url = "/",
		                 .token = "t",
		                 .ip = "127.0.0.1",
		                 .path = "/usr/bin:/bin",
		                 .python = "python3",
		                 .data_dir = root,
		                 .config_dir = root,
		                 .user_settings_dir = root,
		                 .workspaces_dir = root,
		                 .runtime_dir = runtime,
		                 .env = env };
}

static void text(struct buf *b, const char *z)
{
	buf_put_z(b, z);
	T_EQ(buf_error(b), 0);
}

/* A kernel whose process only sleeps, and a browser of it that is away. */
static void add_kernel(struct agent *a)
{
	struct kernel *k = kernel_blank(a);
	struct str record = STR("a record");
	struct kclient *c;
	pid_t pid = fork();

	T_OK(k && pid >= 0);
	if (pid == 0) {
		(void)pause();
		_exit(0);
	}
	(void)snprintf(k->id, sizeof(k->id), "k1");
	(void)snprintf(k->ip, sizeof(k->ip), "%s/kx", runtime);
	(void)snprintf(k->key, sizeof(k->key), "secret");
	(void)snprintf(k->session, sizeof(k->session), "s");
	k->name = xstrdup("python3");
	k->cwd = xstrdup(root);
	k->path = xstrdup("/x/a.ipynb");
	k->reason = "killed";
	k->state = KERNEL_READY;
	k->exec = EXEC_BUSY;
	memcpy(k->tail, "words", 5);
	k->tail_len = 5;
	text(&k->info, "{}");
	text(&k->run.parent, "{\"msg_id\":\"m\"}");
	(void)snprintf(k->run.id, sizeof(k->run.id), "m");
	k->sub[k->nsub++] = 77;
	kernel_prepare_conns(k);
	T_EQ(kernel_adopt(k, pid, -1, NULL), 0);
	list_push(&a->kernels->all, &k->node);
	a->kernels->n++;
	c = kclient_new(k, STR("browser"));
	T_OK(c);
	c->v1 = true;
	c->away_ms = 5;
	kspool_put(&c->spool, &record, 1, true);
}

static void fill(struct agent *a)
{
	struct err err = ERR_NONE;
	struct term *t;
	bool existed;

	add_kernel(a);
	T_EQ(term_open(a->terms, "7", root, &t, &err), 0);
	text(&t->input, "typed");
	T_EQ(upload_chunk(a, STR("up.bin"), 1, STR("one"), &existed, &err), 0);
	a->activity.at[ACT_RUN] = 99;
}

static struct str save(struct agent *a, struct hand_out *out, struct buf *b, int *ret_fd)
{
	struct err err = ERR_NONE;

	T_EQ(handover_save(a, out, ret_fd, &err), 0);
	T_EQ(lseek(*ret_fd, 0, SEEK_SET), 0);
	T_EQ(file_read_fd(*ret_fd, b, &err), 0);
	return buf_str(b);
}

static int check(struct str state, struct err *err)
{
	struct handover *h = NULL;
	int r = handover_parse(state, &h, err);

	if (r == 0)
		r = handover_load(h, NULL, err);
	handover_free(h);
	return r;
}

/* In a process of its own: it has the same descriptors, and may close them. */
static int take_over(const struct agent_cfg *cfg, int fd, struct str before)
{
	static struct agent b;
	struct hand_out out;
	struct buf again = BUF(1U << 22);
	struct handover *h = NULL;
	struct str after;
	int second = -1;

	if (handover_open(fd, &h, NULL) < 0 || strcmp(handover_token(h), "t") != 0 ||
	    strcmp(handover_root(h), root) != 0 || agent_start(&b, cfg, NULL) < 0 ||
	    handover_load(h, &b, NULL) < 0)
		return 2;
	after = save(&b, &out, &again, &second);
	return before.len == after.len &&
	               memcmp(before.ptr + WHEN_AT + 8, after.ptr + WHEN_AT + 8,
	                      after.len - WHEN_AT - 8) == 0
	           ? 0
	           : 3;
}

static void damage(struct str state)
{
	char *copy = malloc(state.len + 1);

	T_OK(copy);
	for (size_t n = 0; n < state.len; n++)
		T_OK(check(str_sub(state, 0, n), NULL) < 0);
	memcpy(copy, state.ptr, state.len);
	copy[state.len] = 0;
	T_OK(check((struct str){ copy, state.len + 1 }, NULL) < 0);
	copy[8] = 2; /* a version to come */
	T_EQ(check((struct str){ copy, state.len }, NULL), -EPROTO);
	/* Whatever a byte becomes, nothing worse than a refusal comes of it. */
	for (size_t i = 0; i < state.len; i++) {
		memcpy(copy, state.ptr, state.len);
		copy[i] = (char)(copy[i] ^ 0x81);
		(void)!check((struct str){ copy, state.len }, NULL);
	}
	free(copy);
}

static void a_state_goes_over_whole_or_not_at_all(void)
{
	static struct agent a;
	struct agent_cfg cfg;
	struct hand_out out;
	struct buf b = BUF(1U << 22);
	struct err err = ERR_NONE;
	struct str state;
	int fd = -1, status = 0;
	pid_t pid;

	config(&cfg);
	T_EQ(agent_start(&a, &cfg, &err), 0);
	fill(&a);
	T_OK(handover_settled(&a));
	state = save(&a, &out, &b, &fd);
	T_EQ(check(state, &err), 0);
	pid = fork();
	T_OK(pid >= 0);
	if (pid == 0)
		_exit(take_over(&cfg, fd, state));
	T_EQ(waitpid(pid, &status, 0), pid);
	T_EQ(status, 0);
	damage(state);
	hand_out_fini(&out);
	buf_fini(&b);
	(void)close(fd);
	agent_fini(&a);
	T_EQ(file_remove_tree(AT_FDCWD, root, NULL), 0);
}

static void what_is_no_state_is_refused(void)
{
	struct handover *h = NULL;
	int fd = open("/dev/null", O_RDONLY | O_CLOEXEC);

	T_EQ(check(STR(""), NULL), -EPROTO);
	T_EQ(check(STR("CRLSTATE"), NULL), -EPROTO);
	T_EQ(handover_open(fd, &h, NULL), -EBADF);
	T_EQ(handover_open(9999, &h, NULL), -EBADF);
	(void)close(fd);
}

/* What comes of a memory file with these seals, and no state in it. */
static int open_sealed(int seals)
{
	struct handover *h = NULL;
	int fd = memfd_create("state", MFD_CLOEXEC | MFD_ALLOW_SEALING), r;

	T_EQ(write(fd, "x", 1), 1);
	if (fcntl(fd, F_ADD_SEALS, seals) < 0 && errno == EINVAL)
		r = -ENOSYS; /* this kernel does not know them */
	else
		r = handover_open(fd, &h, NULL);
	(void)close(fd);
	return r;
}

static void a_state_has_its_seals_and_may_have_more(void)
{
	int all = F_SEAL_SEAL | F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE, r;

	T_EQ(open_sealed(all), -EPROTO); /* read, and found to be none */
	T_EQ(open_sealed(all & ~F_SEAL_WRITE), -EBADF);
	T_EQ(open_sealed(all & ~F_SEAL_SEAL), -EBADF);
	r = open_sealed(all | 0x20); /* F_SEAL_EXEC, as with vm.memfd_noexec */
	T_OK(r == -EPROTO || r == -ENOSYS);
}

TEST_MAIN({ "a state goes over whole or not at all", a_state_goes_over_whole_or_not_at_all },
          { "what is no state is refused", what_is_no_state_is_refused },
          { "a state has its seals and may have more",
            a_state_has_its_seals_and_may_have_more })
