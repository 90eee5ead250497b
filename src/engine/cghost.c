/* SPDX-License-Identifier: Apache-2.0 */
#define _GNU_SOURCE
#include "engine/cghost.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/stat.h>
#include <time.h>

#include "base/file.h"
#include "base/log.h"

#define HOST_LEAF     "/carrel-host" /* below ours: the processes that are not of a session */
#define PROC_MAX      (1U << 20)
#define CLOSE_TRIES   25
#define CLOSE_WAIT_NS 20000000

static const char *const wanted_v1[] = { "memory", "cpu", "cpuacct", "pids", "freezer" };

static bool in_list(struct str list, const char *name)
{
	struct str one;

	while (str_split(&list, ',', &one))
		if (str_is(one, name))
			return true;
	return false;
}

/* Our cgroup in the v1 hierarchy with this controller, from lines
 * `id:controllers:/path`. */
static struct str own_path(struct str self, const char *controller)
{
	struct str line, id, list;

	while (str_split(&self, '\n', &line))
		if (str_split(&line, ':', &id) && str_split(&line, ':', &list) &&
		    in_list(list, controller))
			return line.len ? line : STR("/");
	return STR("/");
}

/* Fields of a mountinfo line (proc(5)): root, mount point, type, options of
 * the file system. */
struct mount_line {
	struct str root, point, type, options;
};

static bool parse_mount(struct str line, struct mount_line *ret)
{
	size_t dash = str_find(line, STR(" - "));
	struct str head = str_sub(line, 0, dash), tail = str_sub(line, dash + 3, line.len),
	           skip;

	if (dash == line.len)
		return false;
	for (unsigned i = 0; i < 3; i++) /* its id, its parent's, the device */
		if (!str_split(&head, ' ', &skip))
			return false;
	return str_split(&head, ' ', &ret->root) && str_split(&head, ' ', &ret->point) &&
	       str_split(&tail, ' ', &ret->type) && str_split(&tail, ' ', &skip) &&
	       str_split(&tail, ' ', &ret->options);
}

static bool is_taken(const struct cghost *h, const char *controller)
{
	for (size_t i = 0; i < h->n; i++)
		if (in_list(str_of(h->base[i].controllers), controller))
			return true;
	return false;
}

/* `own` seen from a mount whose root may be a cgroup below the hierarchy's. */
static struct str below(struct str own, struct str root)
{
	if (!str_is(root, "/") && str_starts(own, root))
		own = str_sub(own, root.len, own.len);
	return str_is(own, "/") ? STR("") : own;
}

/* Whose cgroups are looked for, in which own cgroup we are. */
struct search {
	struct cghost *h;
	struct str self;
	const char *instance;
};

static int add(struct search *s, unsigned version, const char *controllers, struct str point,
               struct str own, struct err *err)
{
	struct cghost *h = s->h;
	struct shim_cgroup *g = &h->base[h->n];
	int n;

	if (h->n == SHIM_CGROUPS_MAX)
		return ERR(err, -E2BIG, "this host has too many cgroup hierarchies");
	g->version = version;
	(void)snprintf(g->controllers, sizeof(g->controllers), "%s", controllers);
	n = snprintf(g->path, sizeof(g->path), "%.*s%.*s/carrel-%s", STR_ARG(point),
	             STR_ARG(own), s->instance);
	if ((size_t)n + 64 >= sizeof(g->path))
		return ERR(err, -ENAMETOOLONG, "the cgroup path %.*s is too long",
		           STR_ARG(point));
	h->n++;
	return 0;
}

static int add_v1(struct search *s, const struct mount_line *m, struct err *err)
{
	const char *first = NULL;
	char list[64] = "";

	for (size_t i = 0; i < ARRAY_LEN(wanted_v1); i++) {
		size_t len = strlen(list);

		if (!in_list(m->options, wanted_v1[i]) || is_taken(s->h, wanted_v1[i]))
			continue;
		(void)snprintf(list + len, sizeof(list) - len, "%s%s", len ? "," : "",
		               wanted_v1[i]);
		first = first ? first : wanted_v1[i];
	}
	return first ? add(s, 1, list, m->point, below(own_path(s->self, first), m->root), err)
	             : 0;
}

int cghost_parse(struct str mountinfo, struct str self, const char *instance,
                 struct cghost *ret, struct err *err)
{
	static const char *const v2[] = { "cpu", "memory", "pids" };
	struct cghost *h = xcalloc(1, sizeof(*h));
	struct search s = { h, self, instance };
	struct str unified = STR_NONE;
	struct mount_line m;
	char list[64] = "";
	struct str line;
	int r = 0;

	while (r == 0 && str_split(&mountinfo, '\n', &line)) {
		if (!parse_mount(line, &m))
			continue;
		if (str_is(m.type, "cgroup"))
			r = add_v1(&s, &m, err);
		else if (str_is(m.type, "cgroup2") && !unified.ptr)
			unified = m.point;
	}
	/* v2 has what no v1 hierarchy took; on a hybrid host that may be nothing. */
	for (size_t i = 0; i < ARRAY_LEN(v2); i++) {
		size_t len = strlen(list);

		if (!is_taken(h, v2[i]))
			(void)snprintf(list + len, sizeof(list) - len, "%s%s", len ? "," : "",
			               v2[i]);
	}
	if (r == 0 && unified.ptr && list[0])
		r = add(&s, 2, list, unified, STR(""), err);
	if (r == 0 && h->n == 0)
		r = ERR(err, -ENOENT,
		        "no cgroup hierarchy is mounted: mount cgroup2 at "
		        "/sys/fs/cgroup");
	if (r == 0)
		*ret = *h;
	free(h);
	return r;
}

static int write_file(const char *dir, const char *name, struct str text)
{
	char path[SHIM_PATH_MAX + 64];
	autoclose int fd = -1;

	(void)snprintf(path, sizeof(path), "%s/%s", dir, name);
	fd = open(path, O_WRONLY | O_CLOEXEC);
	return fd < 0 || write(fd, text.ptr, text.len) < 0 ? -errno : 0;
}

/* v2 allows no processes in a group with controllers for its children. Where
 * the mount's root is not the host's (the hub runs in a container), what
 * stands there goes one level down. */
static int make_room(const char *parent, struct err *err)
{
	char leaf[SHIM_PATH_MAX + 32], path[SHIM_PATH_MAX + 64];
	struct buf b = BUF(PROC_MAX);
	struct str rest, pid;
	int r;

	(void)snprintf(leaf, sizeof(leaf), "%s" HOST_LEAF, parent);
	(void)snprintf(path, sizeof(path), "%s/cgroup.procs", parent);
	if (mkdir(leaf, 0755) < 0 && errno != EEXIST)
		return ERR(err, -errno, "can't make the cgroup %s: %m", leaf);
	r = file_read(AT_FDCWD, path, &b, err);
	rest = buf_str(&b);
	while (r == 0 && str_split(&rest, '\n', &pid))
		(void)write_file(leaf, "cgroup.procs", pid);
	buf_fini(&b);
	return r;
}

/* In one write: `+cpu` alone would make a group with processes the root of a
 * threaded subtree, which takes no other controller. */
static int enable(const struct shim_cgroup *g, const char *dir, struct err *err)
{
	struct str list = str_of(g->controllers), one;
	struct buf b = BUF(PROC_MAX);
	int r;

	while (str_split(&list, ',', &one))
		buf_printf(&b, "+%.*s ", STR_ARG(one));
	r = write_file(dir, "cgroup.subtree_control", buf_str(&b));
	buf_fini(&b);
	return r < 0 ? ERR(err, r, "can't turn on the controllers %s in %s: %s", g->controllers,
	                   dir, strerror(-r))
	             : 0;
}

static int make_base(const struct shim_cgroup *g, struct err *err)
{
	char parent[SHIM_PATH_MAX];
	int r = 0;

	if (g->version == 2) {
		(void)snprintf(parent, sizeof(parent), "%s", g->path);
		*strrchr(parent, '/') = '\0';
		r = enable(g, parent, err);
		if (r == -EBUSY) {
			r = make_room(parent, err);
			r = r < 0 ? r : enable(g, parent, err);
		}
	}
	if (r == 0 && mkdir(g->path, 0755) < 0 && errno != EEXIST)
		r = ERR(err, -errno, "can't make the cgroup %s: %m", g->path);
	return r == 0 && g->version == 2 ? enable(g, g->path, err) : r;
}

int cghost_open(const char *instance, struct cghost *ret, struct err *err)
{
	struct buf mounts = BUF(PROC_MAX), self = BUF(PROC_MAX);
	int r = file_read(AT_FDCWD, "/proc/self/mountinfo", &mounts, err);

	if (r == 0)
		r = file_read(AT_FDCWD, "/proc/self/cgroup", &self, err);
	if (r == 0)
		r = cghost_parse(buf_str(&mounts), buf_str(&self), instance, ret, err);
	for (size_t i = 0; r == 0 && i < ret->n; i++)
		r = make_base(&ret->base[i], err);
	buf_fini(&mounts);
	buf_fini(&self);
	return r;
}

void cghost_session(const struct cghost *h, const char *key, struct shim_conf *c)
{
	c->ncgroups = h->n;
	for (size_t i = 0; i < h->n; i++) {
		c->cgroup[i] = h->base[i];
		(void)snprintf(c->cgroup[i].path, sizeof(c->cgroup[i].path), "%s/%s",
		               h->base[i].path, key);
	}
}

static void kill_in(const char *dir)
{
	char path[SHIM_PATH_MAX + 256 + 32];
	struct buf b = BUF(PROC_MAX);
	struct str rest, line;
	uint64_t pid;

	(void)write_file(dir, "freezer.state", STR("THAWED"));
	(void)write_file(dir, "cgroup.freeze", STR("0"));
	(void)snprintf(path, sizeof(path), "%s/cgroup.procs", dir);
	if (file_read(AT_FDCWD, path, &b, NULL) == 0) {
		rest = buf_str(&b);
		while (str_split(&rest, '\n', &line))
			if (str_to_u64(line, 2, INT32_MAX, &pid) == 0)
				(void)kill((pid_t)pid, SIGKILL);
	}
	buf_fini(&b);
}

static int limit_memory(const struct shim_cgroup *g, uint64_t bytes, struct err *err)
{
	char text[32];
	int r;

	(void)snprintf(text, sizeof(text), "%llu", (unsigned long long)bytes);
	if (g->version == 1) /* so by itself since Linux 5.11 */
		(void)write_file(g->path, "memory.use_hierarchy", STR("1"));
	r = write_file(g->path, g->version == 2 ? "memory.max" : "memory.limit_in_bytes",
	               str_of(text));
	return r < 0 ? ERR(err, r, "can't limit the memory of %s: %s", g->path, strerror(-r))
	             : 0;
}

/* Joining one takes some milliseconds on v1: only where there is a limit. */
int cghost_share(const struct cghost *h, const char *name, uint64_t memory_bytes,
                 struct cghost *ret, struct err *err)
{
	int r = 0;

	ret->n = 0;
	for (size_t i = 0; r == 0 && i < h->n; i++) {
		struct str list = str_of(h->base[i].controllers);
		bool memory = in_list(list, "memory");
		struct shim_cgroup *g = &ret->base[ret->n];

		if (!memory && !in_list(list, "pids"))
			continue;
		*g = h->base[i];
		if ((size_t)snprintf(g->path, sizeof(g->path), "%s/%s", h->base[i].path, name) +
		        64 >=
		    sizeof(g->path))
			return ERR(err, -ENAMETOOLONG, "the cgroup path %s is too long",
			           h->base[i].path);
		if (mkdir(g->path, 0755) < 0 && errno != EEXIST)
			return ERR(err, -errno, "can't make the cgroup %s: %m", g->path);
		if (g->version == 2)
			r = enable(g, g->path, err);
		if (r == 0 && memory)
			r = limit_memory(g, memory_bytes, err);
		ret->n++;
	}
	return r;
}

void cghost_remove(const struct cghost *h, const char *key)
{
	for (size_t i = 0; i < h->n; i++) {
		char dir[SHIM_PATH_MAX + 256];

		(void)snprintf(dir, sizeof(dir), "%s/%s", h->base[i].path, key);
		if (access(dir, F_OK) < 0)
			continue;
		kill_in(dir);
		(void)rmdir(dir); /* what is not empty yet, the sweep takes */
	}
}

void cghost_sweep(const struct cghost *h, bool (*wanted)(const char *key, void *arg), void *arg)
{
	for (size_t i = 0; i < h->n; i++) {
		DIR *d = opendir(h->base[i].path);

		if (!d)
			continue;
		for (struct dirent *e; (e = readdir(d));) {
			char dir[SHIM_PATH_MAX + 256];

			if (e->d_type != DT_DIR || e->d_name[0] == '.' ||
			    wanted(e->d_name, arg))
				continue;
			(void)snprintf(dir, sizeof(dir), "%s/%s", h->base[i].path, e->d_name);
			kill_in(dir);
			if (rmdir(dir) == 0)
				log_event(LOG_WARN, "cgroup_swept", LZ("path", dir));
		}
		(void)closedir(d);
	}
}

static bool nobody_wants(const char *key, void *arg)
{
	return false;
}

/* The last files process may just be dying: its group can be removed a moment later. */
void cghost_close(const struct cghost *h)
{
	struct timespec moment = { .tv_nsec = CLOSE_WAIT_NS };

	for (size_t i = 0; i < h->n; i++)
		for (unsigned n = 0; n < CLOSE_TRIES; n++) {
			const struct cghost one = { .base = { h->base[i] }, .n = 1 };

			if (rmdir(h->base[i].path) == 0 || errno == ENOENT)
				break;
			cghost_sweep(&one, nobody_wants, NULL);
			(void)nanosleep(&moment, NULL);
		}
}
