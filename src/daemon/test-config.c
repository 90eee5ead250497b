/* SPDX-License-Identifier: Apache-2.0 */
#include "daemon/config.h"

#include <errno.h>

#include "daemon/config-table.h"
#include "test.h"

static int parse(struct config *c, const char *text, struct err *err)
{
	*err = ERR_NONE;
	T_EQ(config_init(c, err), 0);
	return config_parse(c, str_of(text), "x.conf", CONFIG_FROM_USER, err);
}

/* The message of a text that must be refused. */
static void refused(const char *text, const char *part)
{
	struct config c;
	struct err err;
	int r = parse(&c, text, &err);

	if (r == 0)
		r = config_finish(&c, &err);
	config_fini(&c);
	T_EQ(r, -EINVAL);
	if (!strstr(err.msg, part))
		T_STREQ(err.msg, part);
}

static void defaults_are_complete_and_valid(void)
{
	struct config c;
	struct err err;

	T_EQ(parse(&c, "", &err), 0);
	T_EQ(config_finish(&c, &err), 0);
	T_EQ(c.port, 8888);
	T_STREQ(c.console_url, "http://localhost:8888");
	T_STREQ(c.session_domain, "localhost");
	T_STREQ(c.image_dir, "/var/lib/carrel/images");
	T_EQ(c.auto_stop_default_s, 3600);
	T_EQ(c.storage_default_bytes, 5ULL << 30);
	T_EQ(c.cpu_overcommit_pct, 800);
	T_EQ(c.memory_overcommit_pct, 150);
	T_EQ(c.memory_reserve_bytes, 512 << 20);
	T_EQ(c.ntypes, 4);
	T_STREQ(c.types[1].id, "small");
	T_EQ(c.types[1].cpu_milli, 1000);
	T_EQ(c.types[1].price_micro_hour, 60000);
	T_EQ(c.nimages, 1);
	config_fini(&c);
}

static void a_file_sets_values_in_their_units(void)
{
	struct config c;
	struct err err;

	T_EQ(parse(&c,
	           "# comment\r\n\n[server]\nport = 9000\n  state=/srv/x \n"
	           "[sessions]\nauto_stop_min = 90s\nsession_max = 2d\nstorage_default=10GB\n"
	           "default_type = gpu-less\n"
	           "[instance_type gpu-less]\ncpu = 0.25\nmemory = 512MiB\nprice_per_hour = "
	           "1.234567\n",
	           &err),
	     0);
	T_EQ(config_finish(&c, &err), 0);
	T_EQ(c.port, 9000);
	T_STREQ(c.state, "/srv/x");
	T_STREQ(c.console_url, "http://localhost:9000");
	T_EQ(c.auto_stop_min_s, 90);
	T_EQ(c.session_max_s, 172800);
	T_EQ(c.storage_default_bytes, 10000000000);
	T_EQ(c.ntypes, 1);
	T_STREQ(c.types[0].title, "gpu-less");
	T_EQ(c.types[0].cpu_milli, 250);
	T_EQ(c.types[0].memory_bytes, 512 << 20);
	T_EQ(c.types[0].price_micro_hour, 1234567);
	T_EQ(c.types[0].pids, 1024);
	config_fini(&c);
}

static void arguments_win_over_the_file(void)
{
	struct config c;
	struct err err;

	T_EQ(parse(&c, "[server]\nport = 9000\n", &err), 0);
	T_EQ(config_arg(&c, "port=9001", &err), 0);
	T_EQ(c.port, 9001);
	T_EQ(config_arg(&c, "console_url=https://c.example.org", &err), 0);
	T_EQ(config_finish(&c, &err), 0);
	T_STREQ(c.session_domain, "c.example.org");
	T_EQ(config_arg(&c, "prot=1", &err), -EINVAL);
	T_OK(strstr(err.msg, "did you mean port?"));
	T_EQ(config_arg(&c, "slot=1", &err), -EINVAL);
	T_EQ(config_arg(&c, "cpu=1", &err), -EINVAL);
	config_fini(&c);
}

static void errors_say_file_line_key_and_the_nearest_known_key(void)
{
	refused("[server]\n\nprot = 1\n",
	        "x.conf line 3: unknown key prot: did you mean port?");
	refused("[server]\nauto_stop_min = 1m\n",
	        "x.conf line 2: auto_stop_min belongs in section [sessions]");
	refused("[server]\nport = 70000\n",
	        "x.conf line 2: port must be 1 to 65535, not \"70000\"");
	refused("[server]\nport = 0x10\n", "port must be 1 to 65535");
	refused("[sessions]\nauto_stop_max = 5w\n", "auto_stop_max must be 1m to 7d");
	refused("[server]\nlog_level = loud\n",
	        "log_level must be one of debug info warn error");
	refused("[server]\nstate = here\n", "state must be a path that begins with /");
	refused("port = 1\n", "a key before the first [section]");
	refused("[sever]\n", "unknown section [sever]");
	refused("[runtime]\nslot = 1\n", "unknown section [runtime]");
	refused("[server]\nport\n", "expected key = value");
	refused("[server\n", "a section is written [name]");
	refused("[instance_type]\n", "wants a name");
	refused("[instance_type A]\n", "wants a name");
	refused("[instance_type a]\n[instance_type a]\n", "a second [instance_type a]");
	refused("[server]\nconsole_url = carrel.org\n", "console_url must begin with http://");
	refused("[server]\nconsole_url = http://a/b\n", "scheme and host only");
	refused("[server]\nconsole_url = https:// = x\n", "scheme and host only");
	refused("[server]\nconsole_url = http://a..b\n", "scheme and host only");
	refused("[server]\nconsole_url = http://a:\n", "scheme and host only");
	refused("[server]\nconsole_url = http://a:99999\n", "scheme and host only");
	refused("[server]\nsession_domain = a b\n", "session_domain is a host name");
	refused("[server]\nsession_domain = a.org:80\n", "session_domain is a host name");
	refused("[engine]\nnetwork = 10.86.1.0/24\n", "network must be a /16");
	refused("[engine]\nnetwork = 10.86.1.0/16\n", "network must end in .0.0/16");
	refused("[server]\naddress = localhost\n", "address must be numeric");
	refused("[server]\ntrusted_proxies = 10.0.0.0/8 proxy.example.org\n",
	        "trusted_proxies: \"proxy.example.org\" is neither an address nor a network");
	refused("[server]\ntrusted_proxies = 10.1.0.0/8\n", "is it an address?");
	refused("[server]\ncurrency = usd\n", "three capital letters");
	refused("[server]\ntime_zone = Mars/Olympus\n", "Mars/Olympus");
	refused("[sessions]\nauto_stop_default = 59s\n", "auto_stop_default must lie between");
	refused("[instance_type only]\n", "default_type is \"small\"");
}

static void what_the_parent_prints_a_role_reads_back_the_same(void)
{
	struct buf one = BUF(1 << 20), two = BUF(1 << 20);
	struct config c, d;
	struct err err;

	T_EQ(parse(&c,
	           "[server]\nport = 1234\n[sessions]\nwarn_before = 90\nstorage_max = "
	           "123456789012\n",
	           &err),
	     0);
	T_EQ(config_finish(&c, &err), 0);
	c.slot = 7;
	c.instance = "01234567";
	config_print(&c, CONFIG_FROM_PARENT, &one);
	T_EQ(config_init(&d, &err), 0);
	T_EQ(config_parse(&d, buf_str(&one), "memfd", CONFIG_FROM_PARENT, &err), 0);
	T_EQ(config_finish(&d, &err), 0);
	T_EQ(d.slot, 7);
	config_print(&d, CONFIG_FROM_PARENT, &two);
	T_STR(buf_str(&one), buf_str(&two));
	config_fini(&c);
	config_fini(&d);
	buf_fini(&one);
	buf_fini(&two);
}

/* Uncommented, the example is a configuration and equals the defaults. */
static void the_example_file_is_valid_and_says_the_defaults(void)
{
	struct buf example = BUF(1 << 20), plain = BUF(1 << 20), a = BUF(1 << 20),
	           b = BUF(1 << 20);
	struct config c, d;
	struct str rest, line;
	struct err err;

	config_example(&example);
	rest = buf_str(&example);
	while (str_split(&rest, '\n', &line)) {
		if (line.len > 1 && line.ptr[0] == '#' && line.ptr[1] != ' ')
			line = str_sub(line, 1, line.len);
		buf_printf(&plain, "%.*s\n", STR_ARG(line));
	}
	T_EQ(parse(&c, buf_cstr(&plain), &err), 0);
	T_EQ(config_finish(&c, &err), 0);
	T_EQ(parse(&d, "", &err), 0);
	T_EQ(config_finish(&d, &err), 0);
	config_print(&c, CONFIG_FROM_USER, &a);
	config_print(&d, CONFIG_FROM_USER, &b);
	T_STR(buf_str(&a), buf_str(&b));
	config_fini(&c);
	config_fini(&d);
	buf_fini(&example);
	buf_fini(&plain);
	buf_fini(&a);
	buf_fini(&b);
}

static void help_and_manual_name_every_key(void)
{
	struct buf help = BUF(1 << 20), man = BUF(1 << 20);

	config_help(&help);
	config_man(&man);
	for (size_t i = 0; i < config_nkeys; i++) {
		bool hidden = strcmp(config_keys[i].section, "runtime") == 0;
		bool in_help =
		    str_find(buf_str(&help), str_of(config_keys[i].key)) < buf_len(&help);

		if (!hidden) {
			T_OK(in_help);
			T_OK(str_find(buf_str(&man), str_of(config_keys[i].key)) <
			     buf_len(&man));
			T_OK(config_keys[i].text[0]);
		}
	}
	buf_fini(&help);
	buf_fini(&man);
}

static void numbers_are_printed_so_that_they_read_back_exactly(void)
{
	static const struct {
		enum config_kind kind;
		uint64_t v;
		const char *text;
	} cases[] = {
		{ CONFIG_SIZE, 0, "0B" },        { CONFIG_SIZE, 5ULL << 30, "5GiB" },
		{ CONFIG_SIZE, 1025, "1025B" },  { CONFIG_SECONDS, 3600, "1h" },
		{ CONFIG_SECONDS, 90, "90s" },   { CONFIG_SECONDS, 86400, "1d" },
		{ CONFIG_CPU, 500, "0.5" },      { CONFIG_CPU, 2000, "2" },
		{ CONFIG_MONEY, 1, "0.000001" }, { CONFIG_MONEY, 1200000, "1.2" },
	};

	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		struct buf b = BUF(64);
		uint64_t v;

		config_put_number(&b, cases[i].kind, cases[i].v);
		T_STREQ(buf_cstr(&b), cases[i].text);
		T_EQ(config_get_number(cases[i].kind, buf_str(&b), &v), 0);
		T_EQ(v, cases[i].v);
		buf_fini(&b);
	}
}

TEST_MAIN({ "defaults are complete and valid", defaults_are_complete_and_valid },
          { "a file sets values in their units", a_file_sets_values_in_their_units },
          { "arguments win over the file", arguments_win_over_the_file },
          { "errors say file, line, key and the nearest known key",
            errors_say_file_line_key_and_the_nearest_known_key },
          { "what the parent prints a role reads back the same",
            what_the_parent_prints_a_role_reads_back_the_same },
          { "the example file is valid and says the defaults",
            the_example_file_is_valid_and_says_the_defaults },
          { "help and manual name every key", help_and_manual_name_every_key },
          { "numbers are printed so that they read back exactly",
            numbers_are_printed_so_that_they_read_back_exactly })
