/* SPDX-License-Identifier: Apache-2.0 */
#define _GNU_SOURCE
#include "engine/filter.h"

#include <errno.h>
#include <seccomp.h>
#include <sys/mman.h>
#include <sys/socket.h>

#include "base/file.h"
#include "engine/filter-table.h"

/* CLONE_NEW{NS,CGROUP,UTS,IPC,USER,PID,NET}; clone3 hides its flags in memory
 * and so is absent: libraries then use clone. */
#define CLONE_NAMESPACES 0x7E020000U

/* Calls that are allowed for some arguments: value and (op) of at most two. */
struct arg {
	unsigned index;
	enum scmp_compare op;
	uint64_t value, value_two;
};
struct special {
	const char *name;
	struct arg arg[2];
	unsigned nargs;
};

static const struct special specials[] = {
	{ "clone", { { 0, SCMP_CMP_MASKED_EQ, CLONE_NAMESPACES, 0 } }, 1 },
	{ "personality", { { 0, SCMP_CMP_EQ, 0, 0 } }, 1 },
	{ "personality", { { 0, SCMP_CMP_EQ, 8, 0 } }, 1 },
	{ "personality", { { 0, SCMP_CMP_EQ, 0x20000, 0 } }, 1 },
	{ "personality", { { 0, SCMP_CMP_EQ, 0x20008, 0 } }, 1 },
	{ "personality", { { 0, SCMP_CMP_EQ, 0xffffffff, 0 } }, 1 },
	{ "socket", { { 0, SCMP_CMP_EQ, AF_UNIX, 0 } }, 1 },
	{ "socket", { { 0, SCMP_CMP_EQ, AF_INET, 0 } }, 1 },
	{ "socket", { { 0, SCMP_CMP_EQ, AF_INET6, 0 } }, 1 },
	{ "socket",
	  { { 0, SCMP_CMP_EQ, AF_NETLINK, 0 }, { 2, SCMP_CMP_EQ, 0 /* NETLINK_ROUTE */, 0 } },
	  2 },
};

static int add(scmp_filter_ctx ctx, uint32_t action, const char *name, const struct special *s)
{
	struct scmp_arg_cmp cmp[2];
	int nr = seccomp_syscall_resolve_name(name);

	if (nr == __NR_SCMP_ERROR || nr < 0) /* not on this machine */
		return 0;
	for (unsigned i = 0; s && i < s->nargs; i++)
		cmp[i] = (struct scmp_arg_cmp){ s->arg[i].index, s->arg[i].op, s->arg[i].value,
			                        s->arg[i].value_two };
	return seccomp_rule_add_array(ctx, action, nr, s ? s->nargs : 0, s ? cmp : NULL);
}

/* What a server of files has no use for: it makes no process and no socket, and
 * becomes the agent by execveat. */
static const char *const not_for_files[] = {
	"clone",
	"execve",
	"fork",
	"vfork",
	"socket",
	"socketpair",
	"connect",
	"bind",
	"listen",
	"ptrace",
	"msgget",
	"semget",
	"shmget",
	"shmat",
	"setuid",
	"setgid",
	"setresuid",
	"setresgid",
	"setreuid",
	"setregid",
	"setgroups",
	"setfsuid",
	"setfsgid",
	"capset",
	"mknod",
	"mknodat",
	"mq_open",
	"personality",
	"process_vm_readv",
	"process_vm_writev",
	"pidfd_getfd",
	"sched_setscheduler",
	"tkill",
	"tgkill",
};

static bool is_allowed(const char *name, bool files)
{
	for (size_t i = 0; files && i < ARRAY_LEN(not_for_files); i++)
		if (strcmp(name, not_for_files[i]) == 0)
			return false;
	return true;
}

static int fill(scmp_filter_ctx ctx, bool files)
{
	int r = seccomp_attr_set(ctx, SCMP_FLTATR_ACT_BADARCH, SCMP_ACT_ERRNO(ENOSYS));

	/* A tree instead of a list: few comparisons for every call. */
	if (r == 0)
		(void)seccomp_attr_set(ctx, SCMP_FLTATR_CTL_OPTIMIZE, 2);
	for (size_t i = 0; r == 0 && i < ARRAY_LEN(seccomp_allowed); i++)
		if (is_allowed(seccomp_allowed[i], files))
			r = add(ctx, SCMP_ACT_ALLOW, seccomp_allowed[i], NULL);
	for (size_t i = 0; r == 0 && !files && i < ARRAY_LEN(specials); i++)
		r = add(ctx, SCMP_ACT_ALLOW, specials[i].name, &specials[i]);
	for (size_t i = 0; r == 0 && i < ARRAY_LEN(seccomp_forbidden); i++)
		r = add(ctx, SCMP_ACT_ERRNO(EPERM), seccomp_forbidden[i], NULL);
	return r;
}

static int compile(struct buf *b, bool files, struct err *err)
{
	autoclose int fd = memfd_create("seccomp", MFD_CLOEXEC);
	scmp_filter_ctx ctx = seccomp_init(SCMP_ACT_ERRNO(ENOSYS));
	int r = ctx && fd >= 0 ? fill(ctx, files) : -ENOMEM;

	if (r == 0)
		r = seccomp_export_bpf(ctx, fd);
	if (r == 0)
		r = lseek(fd, 0, SEEK_SET) < 0 ? -errno : file_read_fd(fd, b, err);
	seccomp_release(ctx);
	return r < 0 ? ERR(err, r, "can't compile the seccomp filter: %s", strerror(-r)) : 0;
}

int filter_compile(struct buf *b, struct err *err)
{
	return compile(b, false, err);
}

int filter_compile_files(struct buf *b, struct err *err)
{
	return compile(b, true, err);
}

static void rule(struct jsonw *w, const char *const *names, size_t n, const char *action,
                 int error, const struct special *s)
{
	jw_obj(w);
	jw_key(w, "names");
	jw_arr(w);
	for (size_t i = 0; i < n; i++)
		jw_z(w, names[i]);
	jw_arr_end(w);
	jw_kv_z(w, "action", action);
	if (error)
		jw_kv_i64(w, "errnoRet", error);
	if (s) {
		jw_key(w, "args");
		jw_arr(w);
		for (unsigned i = 0; i < s->nargs; i++) {
			jw_obj(w);
			jw_kv_u64(w, "index", s->arg[i].index);
			jw_kv_u64(w, "value", s->arg[i].value);
			jw_kv_u64(w, "valueTwo", s->arg[i].value_two);
			jw_kv_z(w, "op",
			        s->arg[i].op == SCMP_CMP_EQ ? "SCMP_CMP_EQ"
			                                    : "SCMP_CMP_MASKED_EQ");
			jw_obj_end(w);
		}
		jw_arr_end(w);
	}
	jw_obj_end(w);
}

void filter_json(struct jsonw *w)
{
	jw_obj(w);
	jw_kv_z(w, "defaultAction", "SCMP_ACT_ERRNO");
	jw_kv_i64(w, "defaultErrnoRet", ENOSYS);
	jw_key(w, "syscalls");
	jw_arr(w);
	rule(w, seccomp_allowed, ARRAY_LEN(seccomp_allowed), "SCMP_ACT_ALLOW", 0, NULL);
	for (size_t i = 0; i < ARRAY_LEN(specials); i++)
		rule(w, &specials[i].name, 1, "SCMP_ACT_ALLOW", 0, &specials[i]);
	rule(w, seccomp_forbidden, ARRAY_LEN(seccomp_forbidden), "SCMP_ACT_ERRNO", EPERM, NULL);
	jw_arr_end(w);
	jw_obj_end(w);
}
