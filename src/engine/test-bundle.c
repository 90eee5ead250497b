/* SPDX-License-Identifier: Apache-2.0 */
#include "engine/bundle.h"

#include <errno.h>

#include "base/json.h"
#include "engine/filter.h"
#include "test.h"

static struct bundle sample(void)
{
	return (struct bundle){
		.session = STR("s_1"),
		.hostname = STR("my-work"),
		.userns_base = 0x200000,
		.memory_bytes = 1 << 30,
		.pids = 64,
		.dir = "/run/carrel/x/sessions/s_1-1",
		.socket_dir = "/run/carrel/x/edge/s/s_1-1",
		.path = STR("/opt/venv/bin:/usr/bin"),
		.env = STR("{\"A_1\":\"x \\\"y\\\"\"}"),
		.http_proxy = "",
		.https_proxy = "http://proxy:3128",
		.no_proxy = "",
		.pip_index_url = "https://pypi.example/simple",
		.pip_extra_index_url = "",
		.npm_registry = "",
		.dns = STR("1.1.1.1  9.9.9.9"),
		.nofile_hard = 1024,
	};
}

static void test_config(void)
{
	struct buf b = BUF(1 << 20);
	struct bundle p = sample();
	struct arena a = ARENA(4 << 20);
	const struct json *caps;
	struct json *tree;
	struct str s;
	uint64_t n;

	T_EQ(bundle_config(&p, &b, NULL), 0);
	T_EQ(json_parse(&a, buf_str(&b), NULL, &tree, NULL), 0);
	T_OK(json_get(json_get(tree, "linux"), "seccomp"));
	T_OK(!json_get(tree, "annotations"));
	caps = json_get(json_get(tree, "process"), "capabilities");
	T_EQ(json_get(caps, "bounding")->n, 3);
	T_EQ(json_get(caps, "effective")->n, 3);
	T_EQ(json_get(caps, "ambient")->n, 0);
	T_EQ(json_get(caps, "inheritable")->n, 0);
	T_EQ(json_get_u64(json_at(json_get(json_get(tree, "linux"), "uidMappings"), 0),
	                  "hostID", UINT32_MAX, &n),
	     0);
	T_EQ(n, 0x200000);
	/* never more than this process has itself */
	T_EQ(json_get_u64(json_at(json_get(json_get(tree, "process"), "rlimits"), 0), "soft",
	                  1 << 20, &n),
	     0);
	T_EQ(n, 1024);
	T_EQ(json_get_str(tree, "hostname", &s), 0);
	T_STR(s, STR("my-work"));

	p.seccomp_bpf = STR("12345678");
	buf_clear(&b);
	T_EQ(bundle_config(&p, &b, NULL), 0);
	T_EQ(json_parse(&a, buf_str(&b), NULL, &tree, NULL), 0);
	T_OK(!json_get(json_get(tree, "linux"), "seccomp"));
	T_EQ(json_get_str(json_get(tree, "annotations"), "run.oci.seccomp_bpf_data", &s), 0);
	T_STR(s, STR("MTIzNDU2Nzg="));
	arena_fini(&a);
	buf_fini(&b);
}

static void test_agent(void)
{
	struct buf b = BUF(1 << 20);
	struct bundle p = sample();
	struct arena a = ARENA(1 << 20);
	const struct json *env;
	struct json *tree;
	struct str s;

	p.ca_file = "/x/ca.crt";
	T_EQ(bundle_agent_config(&p, &b, NULL), 0);
	T_EQ(json_parse(&a, buf_str(&b), NULL, &tree, NULL), 0);
	env = json_get(tree, "env");
	T_EQ(json_get_str(env, "A_1", &s), 0);
	T_STR(s, STR("x \"y\""));
	T_EQ(json_get_str(env, "PIP_INDEX_URL", &s), 0);
	T_EQ(json_get_str(env, "https_proxy", &s), 0);
	T_EQ(json_get_str(env, "http_proxy", &s), -ENOENT);
	T_EQ(json_get_str(env, "PIP_CERT", &s), 0);
	T_EQ(json_get_str(tree, "workspace", &s), 0);
	T_STR(s, STR("my-work"));
	arena_fini(&a);
	buf_fini(&b);
}

static void test_env(void)
{
	static const char *const bad[] = { "[]",
		                           "{\"a\":\"x\"}",
		                           "{\"A\":1}",
		                           "{\"A B\":\"x\"}",
		                           "{\"A\":\"x\\u0000\"}",
		                           "{",
		                           "{\"\":\"x\"}",
		                           "{\"1A\":\"x\"}",
		                           "{\"A\":\"x\",\"A\":\"y\"}" };

	for (size_t i = 0; i < ARRAY_LEN(bad); i++)
		T_EQ(bundle_check_env(str_of(bad[i]), NULL), -EINVAL);
	T_EQ(bundle_check_env(STR(""), NULL), 0);
	T_EQ(bundle_check_env(STR("{\"PIP_X\":\"\"}"), NULL), 0);
}

static void test_files(void)
{
	struct buf b = BUF(4096);
	struct bundle p = sample();

	bundle_resolv_conf(&p, &b);
	T_STR(buf_str(&b), STR("nameserver 1.1.1.1\nnameserver 9.9.9.9\n"));
	buf_clear(&b);
	bundle_hosts(&p, &b);
	T_STR(buf_str(&b), STR("127.0.0.1\tlocalhost\n127.0.1.1\tmy-work\n"));
	buf_fini(&b);
}

static void test_seccomp(void)
{
	struct buf b = BUF(1 << 20);

	T_EQ(filter_compile(&b, NULL), 0);
	T_OK(buf_len(&b) > 800);
	T_EQ(buf_len(&b) % 8, 0); /* struct sock_filter */
	buf_fini(&b);
}

TEST_MAIN({ "a bundle gives the agent three capabilities and what this process has",
            test_config },
          { "the agent learns the user's environment", test_agent },
          { "an environment has upper-case names and string values", test_env },
          { "hosts and resolv.conf", test_files },
          { "the seccomp filter compiles", test_seccomp })
