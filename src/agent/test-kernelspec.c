/* SPDX-License-Identifier: Apache-2.0 */
#define _GNU_SOURCE
#include "agent/kernelspec.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>

#include "agent/kernels.h"
#include "base/file.h"
#include "test.h"

static char base[PATH_MAX];
static char path_env[PATH_MAX + 16], *env[] = { path_env, (char *)(uintptr_t) "WHO=Ada", NULL };
static struct agent_cfg cfg;
static struct agent agent = { .cfg = &cfg };

static void put(const char *path, const char *text)
{
	char full[PATH_MAX], *slash;

	(void)snprintf(full, sizeof(full), "%s/%s", base, path);
	slash = strrchr(full, '/');
	*slash = '\0';
	T_EQ(file_mkdirs(full, 0755, NULL), 0);
	*slash = '/';
	T_EQ(file_write_atomic(AT_FDCWD, full, str_of(text), 0755, NULL), 0);
}

static void setup(void)
{
	static char data[PATH_MAX + 8], python[PATH_MAX + 32], home[PATH_MAX + 8];

	(void)snprintf(base, sizeof(base), "/tmp/test-kernelspec-XXXXXX");
	T_OK(mkdtemp(base));
	(void)snprintf(data, sizeof(data), "%s/data", base);
	(void)snprintf(home, sizeof(home), "%s/home", base);
	(void)snprintf(python, sizeof(python), "%s/venv/bin/python3", base);
	(void)snprintf(path_env, sizeof(path_env), "JUPYTER_PATH=%s/extra", base);
	put("venv/bin/python3", "");
	cfg = (struct agent_cfg){
		.data_dir = data, .python = python, .home = home, .env = env, .path = "/usr/bin"
	};
}

static void cleanup(void)
{
	T_EQ(file_remove_tree(AT_FDCWD, base, NULL), 0);
}

static void specs_are_found_in_the_standard_places(void)
{
	struct arena m = ARENA(8U << 20);
	struct kspec **list = NULL, *s = NULL;
	struct err err = ERR_NONE;
	size_t n = 0, mine = 0;

	setup();
	put("extra/kernels/First/kernel.json",
	    "{\"argv\":[\"x\"],\"display_name\":\"one\",\"language\":\"l\"}");
	put("data/kernels/first/kernel.json", "{\"argv\":[\"y\"],\"display_name\":\"two\"}");
	put("data/kernels/second/kernel.json",
	    "{\"argv\":[\"/bin/k\",\"{connection_file}\",\"--at={resource_dir}\",\"{prefix}/"
	    "x{y}\"],"
	    "\"interrupt_mode\":\"message\",\"metadata\":{\"carrel\":{\"transport\":\"tcp\"}},"
	    "\"env\":{\"A\":\"${WHO} $WHO $$ ${NOBODY} $\",\"WHO\":\"Eve\",\"N\":5}}");
	put("venv/share/jupyter/kernels/third/kernel.json",
	    "{\"argv\":[\"python3.11\",\"-m\",\"k\"]}");
	put("data/kernels/broken/kernel.json", "{\"argv\":[");
	put("data/kernels/no-argv/kernel.json", "{\"argv\":[]}");
	put("data/kernels/bad name/kernel.json", "{\"argv\":[\"x\"]}");
	T_EQ(kspec_list(&agent, &m, &list, &n, &err), 0);
	for (size_t i = 0; i < n; i++)
		mine += str_is(list[i]->name, "first") || str_is(list[i]->name, "second") ||
		        str_is(list[i]->name, "third");
	T_EQ(mine, 3);
	T_EQ(kspec_find(&agent, &m, STR("FIRST"), &s, &err), 0);
	T_STR(s->display_name, STR("one"));
	T_EQ(kspec_find(&agent, &m, STR("second"), &s, &err), 0);
	T_OK(s->interrupt_by_message && s->tcp);
	T_EQ(kspec_find(&agent, &m, STR("broken"), &s, &err), -EINVAL);
	T_EQ(kspec_find(&agent, &m, STR("none"), &s, &err), -ENOENT);
	T_EQ(kspec_find(&agent, &m, STR("../data/kernels/second"), &s, &err), -ENOENT);
	T_EQ(kspec_find(&agent, &m, STR(".."), &s, &err), -ENOENT);
	arena_fini(&m);
	cleanup();
}

/* Only of Python and R is it known that their ZeroMQ has ipc. */
static void the_transport_follows_the_program_unless_told(void)
{
	static const struct {
		const char *argv, *metadata;
		bool tcp;
	} cases[] = {
		{ "python3", "{}", false },
		{ "/opt/venv/bin/python3.12", "{}", false },
		{ "R", "{}", false },
		{ "/usr/bin/deno", "{}", true },
		{ "java", "{\"carrel\":{}}", true },
		{ "java", "{\"carrel\":{\"transport\":\"ipc\"}}", false },
		{ "python3", "{\"carrel\":{\"transport\":\"tcp\"}}", true },
	};
	struct arena m = ARENA(8U << 20);
	struct kspec *s = NULL;
	char text[512];

	setup();
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		(void)snprintf(text, sizeof(text), "{\"argv\":[\"%s\"],\"metadata\":%s}",
		               cases[i].argv, cases[i].metadata);
		put("data/kernels/t/kernel.json", text);
		T_EQ(kspec_find(&agent, &m, STR("t"), &s, NULL), 0);
		T_EQ(s->tcp, cases[i].tcp);
		T_OK(!s->has_cull);
	}
	put("data/kernels/t/kernel.json",
	    "{\"argv\":[\"x\"],\"metadata\":{\"cull_idle_timeout\":90}}");
	T_EQ(kspec_find(&agent, &m, STR("t"), &s, NULL), 0);
	T_OK(s->has_cull && s->cull_seconds == 90);
	arena_fini(&m);
	cleanup();
}

static const char *value(const char *const *e, const char *name)
{
	size_t n = strlen(name);

	for (; *e; e++) {
		if (strncmp(*e, name, n) == 0 && (*e)[n] == '=')
			return *e + n + 1;
	}
	return NULL;
}

static void argv_and_environment_are_filled_in(void)
{
	struct arena m = ARENA(8U << 20);
	struct kspec_vars vars = { .connection_file = "/run/c.json",
		                   .session_name = "/w/a.ipynb" };
	const char *const *argv = NULL, *const *e = NULL;
	struct kspec *s = NULL;
	char want[PATH_MAX + 64];

	setup();
	put("data/kernels/k/kernel.json",
	    "{\"argv\":[\"/bin/k\",\"{connection_file}\",\"--at={resource_dir}\",\"{prefix}/"
	    "x{y}\"],"
	    "\"env\":{\"A\":\"${WHO} $WHO $$ ${NOBODY} "
	    "$\",\"WHO\":\"Eve\",\"N\":5,\"B=C\":\"x\"}}");
	put("data/kernels/p/kernel.json", "{\"argv\":[\"python3.11\",\"-m\",\"python\"]}");
	T_EQ(kspec_find(&agent, &m, STR("k"), &s, NULL), 0);
	T_EQ(kspec_argv(&agent, &m, s, &vars, &argv, NULL), 0);
	T_STREQ(argv[0], "/bin/k");
	T_STREQ(argv[1], "/run/c.json");
	(void)snprintf(want, sizeof(want), "--at=%s/data/kernels/k", base);
	T_STREQ(argv[2], want);
	(void)snprintf(want, sizeof(want), "%s/venv/x{y}", base);
	T_STREQ(argv[3], want);
	T_OK(!argv[4]);
	T_EQ(kspec_env(&agent, &m, s, &vars, &e, NULL), 0);
	T_STREQ(value(e, "A"), "Ada Ada $ ${NOBODY} $");
	T_STREQ(value(e, "WHO"), "Eve");
	T_STREQ(value(e, "PATH"), "/usr/bin");
	T_STREQ(value(e, "JPY_PARENT_PID"), "1");
	T_STREQ(value(e, "JPY_SESSION_NAME"), "/w/a.ipynb");
	T_OK(!value(e, "N") && !value(e, "B"));
	T_EQ(kspec_find(&agent, &m, STR("p"), &s, NULL), 0);
	T_EQ(kspec_argv(&agent, &m, s, &vars, &argv, NULL), 0);
	T_STREQ(argv[0], cfg.python);
	T_STREQ(argv[2], "python");
	arena_fini(&m);
	cleanup();
}

static void python3_is_made_up_where_ipykernel_is(void)
{
	struct arena m = ARENA(8U << 20);
	struct kspec *s = NULL;
	struct buf b = BUF(65536);
	struct jsonw w = JSONW(&b);
	char file[PATH_MAX];

	setup();
	if (kspec_find(&agent, &m, STR("python3"), &s, NULL) == 0)
		printf("# this machine has a python3 spec of its own\n");
	put("venv/lib/python3.12/site-packages/ipykernel/__init__.py", "");
	put("venv/lib/python3.12/site-packages/ipykernel/resources/logo-64x64.png", "");
	T_EQ(kspec_find(&agent, &m, STR(""), &s, NULL), 0);
	T_STR(s->name, STR("python3"));
	T_STR(kspec_default(&agent, &m), STR("python3"));
	kspec_put(s, STR("/x/"), &w);
	T_OK(str_find(buf_str(&b),
	              STR("\"logo-64x64\":\"/x/kernelspecs/python3/logo-64x64.png\"")) <
	     buf_len(&b));
	T_EQ(kernelspec_file(&agent, STR("python3"), STR("logo-64x64.png"), file, sizeof(file)),
	     0);
	T_EQ(access(file, R_OK), 0);
	T_EQ(kernelspec_file(&agent, STR("python3"), STR("../__init__.py"), file, sizeof(file)),
	     -ENOENT);
	T_EQ(kernelspec_file(&agent, STR("python3"), STR(".."), file, sizeof(file)), -ENOENT);
	T_EQ(kernelspec_file(&agent, STR("python3"), STR("none"), file, sizeof(file)), -ENOENT);
	buf_fini(&b);
	arena_fini(&m);
	cleanup();
}

TEST_MAIN({ "specs are found in the standard places", specs_are_found_in_the_standard_places },
          { "the transport follows the program, unless told",
            the_transport_follows_the_program_unless_told },
          { "argv and environment are filled in", argv_and_environment_are_filled_in },
          { "python3 is made up where ipykernel is", python3_is_made_up_where_ipykernel_is })
