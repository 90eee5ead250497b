/* SPDX-License-Identifier: Apache-2.0 */
#define _GNU_SOURCE
#include "engine/stale.h"

#include <dirent.h>
#include <fcntl.h>
#include <linux/rtnetlink.h>
#include <net/if.h>
#include <sys/socket.h>
#include <sys/stat.h>

#include "base/file.h"
#include "base/log.h"
#include "base/time.h"
#include "engine/slot.h"

static void delete_link(unsigned index)
{
	struct {
		struct nlmsghdr head;
		struct ifinfomsg info;
	} q = {
		.head = { .nlmsg_len = sizeof(q),
		          .nlmsg_type = RTM_DELLINK,
		          .nlmsg_flags = NLM_F_REQUEST | NLM_F_ACK },
		.info = { .ifi_index = (int)index },
	};
	autoclose int fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_ROUTE);
	char ack[1024];

	if (fd >= 0 && send(fd, &q, sizeof(q), 0) == (ssize_t)sizeof(q))
		(void)!recv(fd, ack, sizeof(ack), 0);
}

void stale_links(unsigned slot, stale_fn *wanted, void *arg)
{
	struct if_nameindex *list = if_nameindex();
	unsigned index;

	for (struct if_nameindex *i = list; i && i->if_index; i++) {
		if (!slot_of_ifname(str_of(i->if_name), slot, &index) ||
		    wanted(i->if_name, arg))
			continue;
		log_event(LOG_WARN, "interface_swept", LZ("name", i->if_name));
		delete_link(i->if_index);
	}
	if (list)
		if_freenameindex(list);
}

void stale_folders(const char *dir, stale_fn *wanted, void *arg)
{
	DIR *d = opendir(dir);

	for (struct dirent *e; d && (e = readdir(d));) {
		struct err err = ERR_NONE;

		if (e->d_name[0] == '.' || wanted(e->d_name, arg))
			continue;
		if (file_remove_tree(dirfd(d), e->d_name, &err) < 0)
			log_err(LOG_WARN, "folder_not_swept", &err);
		else
			log_event(LOG_WARN, "folder_swept", LZ("in", dir),
			          LZ("name", e->d_name));
	}
	if (d)
		(void)closedir(d);
}

void stale_files(const char *dir, const char *suffix, unsigned days)
{
	int64_t before = time_wall_us() / 1000000 - (int64_t)days * 86400;
	DIR *d = opendir(dir);

	for (struct dirent *e; d && (e = readdir(d));) {
		struct stat st;

		if (str_ends(str_of(e->d_name), str_of(suffix)) &&
		    fstatat(dirfd(d), e->d_name, &st, AT_SYMLINK_NOFOLLOW) == 0 &&
		    S_ISREG(st.st_mode) && st.st_mtime < before)
			(void)unlinkat(dirfd(d), e->d_name, 0);
	}
	if (d)
		(void)closedir(d);
}
