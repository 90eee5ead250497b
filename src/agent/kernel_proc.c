/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A kernel's process and its files: the connection file, which it reads, and
 * the sockets, which it binds. What it writes outside of Jupyter's channels is
 * read away; its end is kept, to say why a kernel did not start.
 */
#define _GNU_SOURCE
#include "agent/kernel.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <signal.h>
#include <sys/socket.h>

#include "agent/kernelspec.h"
#include "agent/spawn.h"
#include "base/encode.h"
#include "base/file.h"
#include "base/log.h"
#include "base/rand.h"

#define SUN_PATH_MAX   107U
#define PORT_TRIES_MAX 3U
#define LAST_READS     32

enum { PORT_SHELL, PORT_IOPUB, PORT_STDIN, PORT_CONTROL, PORT_HB };

static const unsigned port_of[JMSG_CHANNEL_MAX_] = {
	[JMSG_SHELL] = PORT_SHELL,
	[JMSG_CONTROL] = PORT_CONTROL,
	[JMSG_STDIN] = PORT_STDIN,
	[JMSG_IOPUB] = PORT_IOPUB,
};

/* Only for specs that ask for tcp: five ports that are free now. Somebody may
 * take one before the kernel does; then it ends, and gets others. */
static int find_ports(struct kernel *k, struct err *err)
{
	int fds[ARRAY_LEN(k->ports)], r = 0;

	for (size_t i = 0; i < ARRAY_LEN(fds); i++) {
		struct sockaddr_in sin = { .sin_family = AF_INET,
			                   .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
		socklen_t len = sizeof(sin);

		fds[i] = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
		if (fds[i] < 0 || bind(fds[i], (struct sockaddr *)&sin, sizeof(sin)) < 0 ||
		    getsockname(fds[i], (struct sockaddr *)&sin, &len) < 0)
			r = ERR(err, -errno, "no port for the kernel: %m");
		k->ports[i] = ntohs(sin.sin_port);
	}
	for (size_t i = 0; i < ARRAY_LEN(fds); i++)
		own_close(&fds[i]);
	return r;
}

static void set_addresses(struct kernel *k)
{
	for (int c = 0; c < JMSG_CHANNEL_MAX_; c++) {
		unsigned port = k->ports[port_of[c]];

		if (k->tcp)
			(void)snprintf(k->conn[c].addr, KCONN_ADDR_MAX, "tcp:127.0.0.1:%u",
			               port);
		else
			(void)snprintf(k->conn[c].addr, KCONN_ADDR_MAX, "unix:%s-%u", k->ip,
			               port);
	}
}

static int write_connection_file(struct kernel *k, struct err *err)
{
	struct buf b = BUF(4096);
	struct jsonw w = JSONW(&b);
	autoclose int fd = -1;
	int r;

	jw_obj(&w);
	jw_kv_u64(&w, "shell_port", k->ports[PORT_SHELL]);
	jw_kv_u64(&w, "iopub_port", k->ports[PORT_IOPUB]);
	jw_kv_u64(&w, "stdin_port", k->ports[PORT_STDIN]);
	jw_kv_u64(&w, "control_port", k->ports[PORT_CONTROL]);
	jw_kv_u64(&w, "hb_port", k->ports[PORT_HB]);
	jw_kv_z(&w, "ip", k->tcp ? "127.0.0.1" : k->ip);
	jw_kv_z(&w, "key", k->key);
	jw_kv_z(&w, "transport", k->tcp ? "tcp" : "ipc");
	jw_kv_z(&w, "signature_scheme", "hmac-sha256");
	jw_kv_z(&w, "kernel_name", k->name);
	if (k->path)
		jw_kv_z(&w, "jupyter_session", k->path);
	jw_obj_end(&w);
	fd = open(k->file, O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW | O_CLOEXEC, 0600);
	if (fd < 0)
		r = ERR(err, -errno, "can't write the kernel's connection file %s: %m",
		        k->file);
	else
		r = buf_error(&b) ? buf_error(&b) : file_write_all(fd, buf_str(&b), err);
	buf_fini(&b);
	return r;
}

int kernel_prepare_files(struct kernel *k, struct err *err)
{
	const char *dir = k->a->cfg->runtime_dir;
	uint8_t secret[32];
	struct buf hex = BUF(sizeof(k->key));
	int r = 0;

	rand_bytes(secret, sizeof(secret));
	hex_put(&hex, (struct str){ (char *)secret, sizeof(secret) });
	(void)snprintf(k->key, sizeof(k->key), "%s", buf_cstr(&hex));
	buf_fini(&hex);
	/* Short: a unix socket's path has 107 bytes. "-5" follows. */
	if (snprintf(k->ip, sizeof(k->ip), "%s/k%.12s", dir, k->key) + 2 > (int)SUN_PATH_MAX)
		return ERR(err, -ENAMETOOLONG,
		           "The folder for kernel sockets has too long a path: %s", dir);
	(void)snprintf(k->file, sizeof(k->file), "%s.json", k->ip);
	for (unsigned i = 0; i < ARRAY_LEN(k->ports); i++)
		k->ports[i] = i + 1;
	/* The key in the socket's name must not be the one that signs. */
	rand_bytes(secret, sizeof(secret));
	for (size_t i = 0; i < sizeof(secret); i++)
		(void)snprintf(k->key + 2 * i, 3, "%02x", secret[i]);
	if (k->tcp)
		r = find_ports(k, err);
	if (r == 0)
		r = write_connection_file(k, err);
	return r;
}

bool kernel_change_ports(struct kernel *k)
{
	static const char *const words[] = { "already in use", "in use", "AddrInUse",
		                             "EADDRINUSE" };
	struct str tail = { k->tail, k->tail_len };
	bool taken = false;

	for (size_t i = 0; i < ARRAY_LEN(words); i++)
		taken = taken || str_find(tail, str_of(words[i])) < tail.len;
	if (!k->tcp || !taken || k->port_tries >= PORT_TRIES_MAX)
		return false;
	k->port_tries++;
	log_event(LOG_INFO, "kernel_ports_taken", LZ("kernel", k->id),
	          LI("try", k->port_tries));
	return find_ports(k, NULL) == 0 && write_connection_file(k, NULL) == 0;
}

static void unlink_sockets(const struct kernel *k)
{
	char path[KCONN_ADDR_MAX + 16];

	for (unsigned i = 0; !k->tcp && i < ARRAY_LEN(k->ports); i++) {
		(void)snprintf(path, sizeof(path), "%s-%u", k->ip, k->ports[i]);
		(void)unlink(path);
		(void)snprintf(path, sizeof(path), "%s:%u", k->ip, k->ports[i]);
		(void)unlink(path);
	}
}

void kernel_unlink_files(struct kernel *k)
{
	if (!k->file[0])
		return;
	(void)unlink(k->file);
	unlink_sockets(k);
}

/* Some kernels put a colon between path and port, as in a tcp address. */
void kernel_look_for_colons(struct kernel *k)
{
	char path[KCONN_ADDR_MAX + 16];

	for (int c = 0; !k->tcp && c < JMSG_CHANNEL_MAX_; c++) {
		unsigned port = k->ports[port_of[c]];

		(void)snprintf(path, sizeof(path), "%s:%u", k->ip, port);
		if (!k->conn[c].ready && access(path, F_OK) == 0)
			(void)snprintf(k->conn[c].addr, KCONN_ADDR_MAX, "unix:%s", path);
	}
}

/* False: there is no more now. */
static bool read_output(struct kernel *k)
{
	char text[4096];
	ssize_t n = read(k->output.fd, text, sizeof(text));

	if (n < 0 && (errno == EAGAIN || errno == EINTR))
		return false;
	if (n <= 0) {
		ev_fd_stop(&k->output);
		own_close(&k->output.fd);
		return false;
	}
	for (ssize_t i = 0; i < n; i++) {
		if (k->tail_len == KERNEL_TAIL) {
			memmove(k->tail, k->tail + KERNEL_TAIL / 2, KERNEL_TAIL / 2);
			k->tail_len = KERNEL_TAIL / 2;
		}
		k->tail[k->tail_len++] = text[i];
	}
	return true;
}

static void on_output(struct ev_fd *f, uint32_t events)
{
	(void)events;
	(void)read_output(CONTAINER_OF(f, struct kernel, output));
}

static void on_exit_of_child(struct ev_child *c, int code, int status)
{
	struct kernel *k = CONTAINER_OF(c, struct kernel, child);

	/* Its last words: all that a pipe holds, but not what a child of it goes on writing. */
	for (int i = 0; i < LAST_READS && k->output.fd >= 0 && read_output(k); i++)
		continue;
	k->pid = 0;
	kernel_on_exit(k, code, status);
}

static int start_process(struct kernel *k, const struct kspec *spec, struct arena *m, int out,
                         struct err *err)
{
	const struct kspec_vars vars = { .connection_file = k->file, .session_name = k->path };
	struct spawn s = SPAWN_NONE;
	pid_t pid;
	int r;

	r = kspec_argv(k->a, m, spec, &vars, &s.argv, err);
	if (r == 0)
		r = kspec_env(k->a, m, spec, &vars, &s.env, err);
	if (r < 0)
		return r;
	s.cwd = k->cwd;
	s.out = s.err = out;
	r = spawn_start(k->a, &s, &pid, err);
	if (r < 0)
		return r;
	r = ev_child_start(k->a->ev, &k->child, pid, on_exit_of_child, err);
	if (r < 0) {
		(void)kill(-pid, SIGKILL);
		return r;
	}
	k->pid = pid;
	return 0;
}

int kernel_launch(struct kernel *k, struct err *err)
{
	struct arena m = ARENA(2U << 20);
	struct kspec *spec;
	int fds[2] = { -1, -1 }, r;

	kernel_close_process(k);
	/* A child that the last process forked may live, and listen there still. */
	unlink_sockets(k);
	k->tail_len = 0;
	k->sent_signal = 0;
	r = kspec_find(k->a, &m, str_of(k->name), &spec, err);
	if (r == 0 && pipe2(fds, O_CLOEXEC) < 0)
		r = ERR(err, -errno, "pipe: %m");
	if (r == 0) {
		k->interrupt_by_message = spec->interrupt_by_message;
		k->cull_seconds =
		    spec->has_cull ? spec->cull_seconds : k->a->cfg->cull_idle_seconds;
		if (k->cull_seconds)
			kernels_cull_start(k->a->kernels);
		r = start_process(k, spec, &m, fds[1], err);
	}
	if (r == 0) {
		(void)fcntl(fds[0], F_SETFL, O_NONBLOCK);
		if (ev_fd_start(k->a->ev, &k->output, fds[0], EPOLLIN, on_output, NULL) == 0)
			k->output.fd = steal_fd(&fds[0]);
		set_addresses(k);
		kernel_listen(k);
	}
	own_close(&fds[0]);
	own_close(&fds[1]);
	arena_fini(&m);
	/* -ENOENT is for specs that are not there, not for their programs. */
	if (r == -ENOENT)
		r = -ENOEXEC;
	return r < 0 ? err_wrap(err, r, "Kernel %s did not start", k->name) : 0;
}

int kernel_adopt(struct kernel *k, pid_t pid, int output, struct err *err)
{
	int r;

	k->output.fd = output;
	if (output >= 0 &&
	    ev_fd_start(k->a->ev, &k->output, output, EPOLLIN, on_output, NULL) < 0)
		own_close(&k->output.fd);
	r = ev_child_start(k->a->ev, &k->child, pid, on_exit_of_child, err);
	if (r < 0)
		return r;
	k->pid = pid;
	set_addresses(k);
	return 0;
}

void kernel_close_process(struct kernel *k)
{
	ev_child_stop(&k->child);
	ev_fd_stop(&k->output);
	own_close(&k->output.fd);
}

void kernel_signal(struct kernel *k, int signo)
{
	if (!k->pid)
		return;
	if (signo != SIGINT && k->sent_signal != SIGKILL)
		k->sent_signal = signo;
	if (kill(-k->pid, signo) < 0)
		(void)kill(k->pid, signo);
}

int kernel_interrupt(struct kernel *k, struct err *err)
{
	/* While it starts there is nothing to interrupt but its imports, which
	 * would be its end. */
	if (k->state == KERNEL_STARTING || k->state == KERNEL_RESTARTING)
		return 0;
	if (k->state != KERNEL_READY)
		return ERR(err, -EAGAIN, "The kernel is %s and can't be interrupted now",
		           kernel_state_name(k->state));
	if (k->interrupt_by_message)
		return kernel_ask(k, JMSG_CONTROL, "interrupt_request", STR(""));
	kernel_signal(k, SIGINT);
	return 0;
}
