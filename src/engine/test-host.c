/* SPDX-License-Identifier: Apache-2.0 */
#include "engine/host.h"

#include <errno.h>

#include "test.h"

static void test_resolv(void)
{
	static const struct {
		const char *text, *servers;
	} cases[] = {
		{ "", "" },
		{ "# x\nsearch a.b\nnameserver 10.0.0.1\n", "10.0.0.1" },
		{ "nameserver\t1.1.1.1 # main\nnameserver  9.9.9.9", "1.1.1.1 9.9.9.9" },
		{ "nameserver 127.0.0.53\nnameserver ::1\nnameserverx 1.2.3.4\n", "" },
		{ "nameserver 1.0.0.1\nnameserver 1.0.0.2\nnameserver 1.0.0.3\n"
		  "nameserver 1.0.0.4\n",
		  "1.0.0.1 1.0.0.2 1.0.0.3" },
	};

	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		struct buf b = BUF(256);

		host_parse_resolv(str_of(cases[i].text), &b);
		T_STR(buf_str(&b), str_of(cases[i].servers));
		buf_fini(&b);
	}
}

static void test_programs(void)
{
	char path[256];

	T_EQ(host_find_program("sh", path, sizeof(path), NULL), 0);
	T_OK(path[0] == '/');
	T_EQ(host_find_program("/bin/sh", path, sizeof(path), NULL), 0);
	T_EQ(host_find_program("no-such-program-here", path, sizeof(path), NULL), -ENOENT);
	T_OK(host_cpu_milli() >= 1000);
	T_OK(host_memory_bytes() > 1 << 20);
}

static void test_gpus(void)
{
	struct gpu g[GPU_CLASSES_MAX];
	struct buf b = BUF(256);
	struct jsonw w = JSONW(&b);

	T_EQ(
	    host_parse_gpus(STR("GPU 0: Tesla T4 (UUID: GPU-1-2)\nGPU 1: NVIDIA A100-SXM4-80GB "
	                        "(UUID: GPU-3)\nGPU 2: Tesla T4 (UUID: GPU-4)\nnoise\n"
	                        "GPU 3: NVIDIA GeForce RTX 3090 (UUID: x)\nGPU 4: (UUID: y)"),
	                    g),
	    3);
	T_STREQ(g[0].class, "t4");
	T_EQ(g[0].count, 2);
	T_STREQ(g[1].class, "a100-sxm4-80gb");
	T_STREQ(g[2].class, "rtx-3090");
	T_EQ(host_parse_gpus(STR("No devices were found\n"), g), 0);
	T_EQ(host_gpus("t4:2 l4:1", g), 2);
	host_put_gpus(&w, g, 2);
	T_STR(buf_str(&b),
	      STR("[{\"class\":\"t4\",\"count\":2},{\"class\":\"l4\",\"count\":1}]"));
	buf_fini(&b);
}

TEST_MAIN({ "GPUs are counted by class", test_gpus },
          { "name servers that a session can reach are taken over", test_resolv },
          { "programs are found, or it is said that they are not", test_programs })
