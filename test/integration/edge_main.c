/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The edge by itself, for tests and benches:
 * edge-main LISTEN CONSOLE_URL SESSION_DOMAIN CORE [SOCKET_ROOT [TRUSTED_PROXIES]]
 */
#include <stdio.h>
#include <sys/socket.h>

#include "base/log.h"
#include "edge/edge.h"
#include "net/sock.h"

int main(int argc, char **argv)
{
	struct err err = ERR_NONE;
	struct addr a;
	int fd, r;

	log_init("edge-main", LOG_INFO);
	if (argc < 5) {
		(void)fprintf(stderr, "usage: edge-main LISTEN CONSOLE_URL SESSION_DOMAIN CORE "
		                      "[SOCKET_ROOT [TRUSTED_PROXIES]]\n");
		return 2;
	}
	r = addr_parse(str_of(argv[1]), &a, &err);
	if (r == 0)
		r = sock_listen(&a, 1024, 0, &fd, &err);
	if (r == 0) {
		printf("listening\n");
		(void)fflush(stdout);
		r = edge_run(&(struct edge_cfg){ .console_url = argv[2],
		                                 .session_domain = argv[3],
		                                 .core = argv[4],
		                                 .socket_root = argc > 5 ? argv[5] : "",
		                                 .trusted_proxies = argc > 6 ? argv[6] : "" },
		             fd, &err);
	}
	if (r < 0)
		log_err(LOG_ERROR, "edge", &err);
	return r < 0;
}
