/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/cred.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>

#include "base/file.h"
#include "test.h"

static void addresses_have_one_form(void)
{
	static const char *const good[][2] = {
		{ "http://localhost:8888/", "http://localhost:8888" },
		{ "localhost:8888", "http://localhost:8888" },
		{ "127.0.0.1:9", "http://127.0.0.1:9" },
		{ "[::1]:80", "http://[::1]:80" },
		{ "carrel.example.org", "https://carrel.example.org" },
		{ "https://carrel.example.org//", "https://carrel.example.org" },
	};
	static const char *const bad[] = { "",
		                           "http://",
		                           "ftp://x",
		                           "http://a b",
		                           "http://user@host",
		                           "http://host/path",
		                           "http://host:0",
		                           "http://host:99999",
		                           "http://host:",
		                           "http://[::1",
		                           "http://h?x",
		                           "http://h#x",
		                           "http://h\\x" };
	struct arena a = ARENA(10000);
	struct err err = ERR_NONE;
	const char *url;

	for (size_t i = 0; i < ARRAY_LEN(good); i++) {
		T_EQ(cred_url(&a, str_of(good[i][0]), &url, &err), 0);
		T_STREQ(url, good[i][1]);
	}
	for (size_t i = 0; i < ARRAY_LEN(bad); i++)
		T_EQ(cred_url(&a, str_of(bad[i]), &url, &err), -EINVAL);
	T_OK(cred_url_is_local("http://localhost:8888") &&
	     cred_url_is_local("http://127.0.0.1"));
	T_OK(!cred_url_is_local("http://127.evil.example") &&
	     !cred_url_is_local("https://localhost.example"));
	arena_fini(&a);
}

static void what_is_kept_is_private_and_comes_back(void)
{
	struct cred in = { "http://localhost:1", "carrel_pat_\"x" }, out = { 0 };
	char dir[] = "/tmp/carrel-test-cred-XXXXXX", path[128];
	struct arena a = ARENA(100000);
	struct err err = ERR_NONE;
	struct stat st;

	T_OK(mkdtemp(dir));
	T_EQ(setenv("XDG_CONFIG_HOME", dir, 1), 0);
	T_EQ(cred_load(&a, &out, &err), -ENOENT);
	T_EQ(cred_save(&a, &in, &err), 0);
	(void)snprintf(path, sizeof(path), "%s/carrel/credentials", dir);
	T_EQ(stat(path, &st), 0);
	T_EQ(st.st_mode & 0777, 0600);
	T_EQ(cred_load(&a, &out, &err), 0);
	T_STREQ(out.url, in.url);
	T_STREQ(out.token, in.token);
	T_EQ(chmod(path, 0640), 0);
	T_EQ(cred_load(&a, &out, &err), -EPERM);
	T_OK(strstr(err.msg, "chmod 600"));
	T_EQ(file_write_atomic(AT_FDCWD, path, STR("{}"), 0600, &err), 0);
	T_EQ(cred_load(&a, &out, &err), -EINVAL);
	T_EQ(cred_remove(&a, &err), 0);
	T_EQ(cred_remove(&a, &err), 0);
	T_EQ(cred_load(&a, &out, &err), -ENOENT);
	T_EQ(file_remove_tree(AT_FDCWD, dir, &err), 0);
	arena_fini(&a);
}

TEST_MAIN({ "addresses have one form", addresses_have_one_form },
          { "what is kept is private and comes back", what_is_kept_is_private_and_comes_back })
