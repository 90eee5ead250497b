/* SPDX-License-Identifier: Apache-2.0 */
#include "edge/site.h"

#include "test.h"

static void hosts(void)
{
	static const struct {
		const char *url, *domain, *host;
		enum site_kind kind;
		const char *label;
	} c[] = {
		{ "http://localhost:8888/", "", "localhost:8888", SITE_CONSOLE, "" },
		{ "http://localhost:8888", "localhost", "LocalHost:8888", SITE_CONSOLE, "" },
		{ "http://localhost:8888/", "", "abc.localhost:8888", SITE_SESSION, "abc" },
		{ "http://localhost:8888/", "", "ABC.LOCALHOST:8888", SITE_SESSION, "abc" },
		{ "http://localhost:8888/", "", "localhost", SITE_UNKNOWN, "" },
		{ "http://localhost:8888/", "", "localhost:88888", SITE_UNKNOWN, "" },
		{ "http://localhost:8888/", "", "localhost.:8888", SITE_UNKNOWN, "" },
		{ "http://localhost:8888/", "", "a.b.localhost:8888", SITE_UNKNOWN, "" },
		{ "http://localhost:8888/", "", ".localhost:8888", SITE_UNKNOWN, "" },
		{ "http://localhost:8888/", "", "a_b.localhost:8888", SITE_UNKNOWN, "" },
		{ "http://localhost:8888/", "", "xlocalhost:8888", SITE_UNKNOWN, "" },
		{ "http://localhost:8888/", "", "127.0.0.1:8888", SITE_UNKNOWN, "" },
		{ "https://c.example.org/", "user.example.net", "c.example.org", SITE_CONSOLE,
		  "" },
		{ "https://c.example.org/", "user.example.net", "c.example.org:443",
		  SITE_CONSOLE, "" },
		{ "https://c.example.org/", "user.example.net", "c.example.org:80",
		  SITE_UNKNOWN, "" },
		{ "https://c.example.org/", "user.example.net", "x.user.example.net",
		  SITE_SESSION, "x" },
		{ "https://c.example.org/", "user.example.net", "x.user.example.net:443",
		  SITE_SESSION, "x" },
		{ "https://c.example.org/", "user.example.net", "x.c.example.org", SITE_UNKNOWN,
		  "" },
		{ "https://c.example.org/", "user.example.net", "user.example.net",
		  SITE_UNKNOWN, "" },
		{ "http://c.example.org:80/", "", "c.example.org", SITE_CONSOLE, "" },
	};

	for (size_t i = 0; i < ARRAY_LEN(c); i++) {
		char label[SITE_LABEL_MAX + 1] = "";
		struct err e = ERR_NONE;
		struct site s = { 0 };
		enum site_kind kind;

		T_EQ(site_init(&s, c[i].url, c[i].domain, &e), 0);
		kind = site_host(&s, str_of(c[i].host), label);
		if (kind != c[i].kind)
			printf("# %s at %s\n", c[i].host, c[i].url);
		T_EQ(kind, c[i].kind);
		if (kind == SITE_SESSION)
			T_STREQ(label, c[i].label);
	}
}

static void labels(void)
{
	char host[100], label[SITE_LABEL_MAX + 1];
	struct err e = ERR_NONE;
	struct site s = { 0 };

	T_EQ(site_init(&s, "http://h:1/", "", &e), 0);
	memset(host, 'a', sizeof(host));
	memcpy(host + 63, ".h:1", 4);
	T_EQ(site_host(&s, (struct str){ host, 67 }, label), SITE_SESSION);
	memcpy(host + 63, "a.h:1", 5);
	T_EQ(site_host(&s, (struct str){ host, 68 }, label), SITE_UNKNOWN);
}

static void configurations(void)
{
	static const char *const bad[][2] = {
		{ "localhost:8888", "" }, { "ftp://x/", "" },        { "http:///", "" },
		{ "http://x:0/", "" },    { "http://x:99999/", "" }, { "http://x/y", "" },
		{ "http://X/", "" },      { "http://x", "a:80" },    { "http://x", "http://y" },
		{ "http://a@b/", "" },
	};

	for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
		struct err e = ERR_NONE;
		struct site s = { 0 };

		T_OK(site_init(&s, bad[i][0], bad[i][1], &e) < 0);
		T_OK(e.msg[0]);
	}
}

static void origins(void)
{
	struct err e = ERR_NONE;
	struct site s = { 0 };

	T_EQ(site_init(&s, "http://localhost:8888/", "", &e), 0);
	T_STREQ(s.origin, "http://localhost:8888");
	T_OK(site_is_origin(&s, STR("http://a.localhost:8888"), STR("a.localhost:8888")));
	T_OK(site_is_origin(&s, STR("http://A.localhost:8888"), STR("a.localhost:8888")));
	T_OK(!site_is_origin(&s, STR("https://a.localhost:8888"), STR("a.localhost:8888")));
	T_OK(!site_is_origin(&s, STR("http://b.localhost:8888"), STR("a.localhost:8888")));
	T_OK(!site_is_origin(&s, STR("http://localhost:8888"), STR("a.localhost:8888")));
	T_OK(!site_is_origin(&s, STR("null"), STR("a.localhost:8888")));
	T_OK(!site_is_origin(&s, STR(""), STR("a.localhost:8888")));
	T_EQ(site_init(&s, "https://c.org", "", &e), 0);
	T_OK(site_is_origin(&s, STR("https://a.c.org"), STR("a.c.org:443")));
}

TEST_MAIN({ "a Host means the console, a session or nothing", hosts },
          { "labels have a maximum", labels },
          { "bad configurations are refused with a sentence", configurations },
          { "origins", origins })
