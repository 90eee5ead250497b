/* SPDX-License-Identifier: Apache-2.0 */
/* Takes real slots in /run/carrel, for state directories of its own; root only. */
#include "daemon/runtime.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/file.h"
#include "test.h"

static char base[] = "/tmp/carrel-runtime-XXXXXX";
static char one[64], two[64];
static bool made; /* the random name may hold an X too */

static bool begin(void)
{
	if (getuid() != 0)
		return false;
	if (!made)
		T_OK(mkdtemp(base) != NULL);
	made = true;
	(void)snprintf(one, sizeof(one), "%s/one", base);
	(void)snprintf(two, sizeof(two), "%s/two", base);
	return true;
}

static bool exists(const char *dir, const char *sub)
{
	char path[128];

	(void)snprintf(path, sizeof(path), "%s%s", dir, sub);
	return access(path, F_OK) == 0;
}

static void two_states_get_two_slots_and_one_state_keeps_its_own(void)
{
	struct runtime a, b, again;
	struct err err = ERR_NONE;
	unsigned slot;
	int before;

	if (!begin())
		return;
	before = open_fds();
	T_EQ(runtime_take(one, &a, &err), 0);
	T_EQ(runtime_take(two, &b, &err), 0);
	T_OK(a.slot != b.slot);
	T_OK(strcmp(a.instance, b.instance) != 0);
	T_EQ(runtime_take(one, &again, &err), -EALREADY);
	T_OK(strstr(err.msg, one));
	slot = a.slot;
	runtime_fini(&a); /* a parent that died: the slot stays the state's */
	T_EQ(runtime_take(one, &a, &err), 0);
	T_EQ(a.slot, slot);
	T_EQ(runtime_find(one, &again, &err), 0);
	T_EQ(again.slot, slot);
	runtime_leave(&a);
	runtime_leave(&b);
	runtime_fini(&a);
	runtime_fini(&b);
	T_EQ(open_fds(), before);
}

static void directories_have_their_owners_and_modes(void)
{
	struct runtime rt;
	struct err err = ERR_NONE;
	struct stat st;
	char path[128];

	if (!begin())
		return;
	T_EQ(runtime_take(one, &rt, &err), 0);
	T_EQ(runtime_dirs(&rt, &err), 0);
	(void)snprintf(path, sizeof(path), "%s/db", one);
	T_EQ(stat(path, &st), 0);
	T_EQ(st.st_uid, runtime_core_uid(rt.slot));
	T_EQ(st.st_mode & 07777, 0700);
	(void)snprintf(path, sizeof(path), "%s/journal", one);
	T_EQ(stat(path, &st), 0);
	T_EQ(st.st_uid, 0);
	T_EQ(st.st_mode & 07777, 0700);
	T_EQ(stat(rt.dir, &st), 0);
	T_EQ(st.st_mode & 07777, 0711);
	runtime_leave(&rt);
	T_OK(!exists(rt.dir, ""));
	runtime_fini(&rt);
}

static void with_a_session_left_nothing_is_taken_away(void)
{
	struct runtime rt;
	struct err err = ERR_NONE;
	char path[128];

	if (!begin())
		return;
	T_EQ(runtime_take(one, &rt, &err), 0);
	T_EQ(runtime_dirs(&rt, &err), 0);
	(void)snprintf(path, sizeof(path), "%s/sessions/s_x-1", rt.dir);
	T_EQ(mkdir(path, 0700), 0);
	runtime_leave(&rt);
	T_OK(exists(rt.dir, "/sessions/s_x-1"));
	T_EQ(rmdir(path), 0);
	runtime_leave(&rt);
	T_OK(!exists(rt.dir, ""));
	runtime_fini(&rt);
}

static void files_of_another_slot_change_hands_but_links_do_not(void)
{
	struct runtime rt;
	struct err err = ERR_NONE;
	struct stat st;
	char file[128], second[128];

	if (!begin())
		return;
	T_EQ(runtime_take(one, &rt, &err), 0);
	T_EQ(runtime_dirs(&rt, &err), 0);
	(void)snprintf(file, sizeof(file), "%s/db/carrel.db", one);
	(void)snprintf(second, sizeof(second), "%s/db/second", one);
	T_EQ(file_write_atomic(AT_FDCWD, file, STR("x"), 0600, &err), 0);
	T_EQ(chown(file, 64253, 64253), 0);
	T_EQ(runtime_dirs(&rt, &err), 0);
	T_EQ(stat(file, &st), 0);
	T_EQ(st.st_uid, runtime_core_uid(rt.slot));
	T_EQ(chown(file, 0, 0), 0);
	T_EQ(link(file, second), 0);
	T_EQ(runtime_dirs(&rt, &err), -EPERM);
	T_EQ(stat(file, &st), 0);
	T_EQ(st.st_uid, 0);
	T_EQ(unlink(second), 0);
	runtime_leave(&rt);
	runtime_fini(&rt);
}

static void its_own_files_are_gone(void)
{
	if (begin())
		T_EQ(file_remove_tree(AT_FDCWD, base, NULL), 0);
}

TEST_MAIN({ "two states get two slots, and one state keeps its own",
            two_states_get_two_slots_and_one_state_keeps_its_own },
          { "directories have their owners and modes",
            directories_have_their_owners_and_modes },
          { "with a session left nothing is taken away",
            with_a_session_left_nothing_is_taken_away },
          { "files of another slot change hands, but links do not",
            files_of_another_slot_change_hands_but_links_do_not },
          { "its own files are gone", its_own_files_are_gone })
