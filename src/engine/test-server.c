/* SPDX-License-Identifier: Apache-2.0 */
#include "engine/server.h"

#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "net/sock.h"
#include "test.h"

static unsigned asked;
static char path[64];

static void host_facts(struct engine *e, struct engine_call *c)
{
	asked++;
	engine_ok(c);
}

static const struct engine_ops ops = { .host_facts = host_facts };
static struct engine engine = { .ops = &ops };

static void turns(struct ev *ev)
{
	struct err err = ERR_NONE;

	for (int i = 0; i < 4; i++)
		T_EQ(ev_turn(ev, 0, &err), 0);
}

static struct server *serve(struct ev *ev)
{
	struct server *s = NULL;
	struct err err = ERR_NONE;
	struct addr a;
	char text[80];
	int fd = -1;

	(void)snprintf(path, sizeof(path), "/tmp/test-server-%d.sock", (int)getpid());
	(void)snprintf(text, sizeof(text), "unix:%s", path);
	T_EQ(addr_parse(str_of(text), &a, &err), 0);
	T_EQ(sock_listen(&a, 4, 0600, &fd, &err), 0);
	T_EQ(server_new(ev, &engine, fd, geteuid(), &s, &err), 0);
	return s;
}

/* A client with so many requests on their way. */
static int client(struct ev *ev, unsigned n)
{
	struct sockaddr_un sa = { .sun_family = AF_UNIX };
	struct buf b = BUF(4096);
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	(void)snprintf(sa.sun_path, sizeof(sa.sun_path), "%s", path);
	T_EQ(connect(fd, (struct sockaddr *)&sa, sizeof(sa)), 0);
	turns(ev);
	for (unsigned i = 0; i < n; i++)
		T_EQ(wire_put(&b, &(struct wire_msg){ .type = WIRE_HOST_FACTS, .seq = i + 1 },
		              NULL),
		     0);
	T_EQ(write(fd, buf_str(&b).ptr, buf_len(&b)), buf_len(&b));
	buf_fini(&b);
	return fd;
}

/* The simulator's seed 114 (--days 2 --people 10): the engine read on from a
 * connection that was cut, and aborted. */
static void dies_in_the_moment_of_an_answer(void)
{
	int fd, before = open_fds();
	struct server *s;
	struct ev *ev;
	char answer[64];

	T_EQ(ev_new(&ev, NULL), 0);
	s = serve(ev);
	asked = 0;
	fd = client(ev, 3);
	(void)close(fd);
	turns(ev);
	T_EQ(asked, 1); /* the answer to it could not be written: that was the end */
	fd = client(ev, 2);
	turns(ev);
	T_EQ(asked, 3);
	T_EQ(read(fd, answer, sizeof(answer)), 24);
	(void)close(fd);
	turns(ev);
	server_free(s);
	ev_free(ev);
	(void)unlink(path);
	T_EQ(open_fds(), before);
}

TEST_MAIN({ "a core that dies in the moment of an answer does not take the engine along",
            dies_in_the_moment_of_an_answer })
