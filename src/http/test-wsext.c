/* SPDX-License-Identifier: Apache-2.0 */
#include "http/wsext.h"

#include "test.h"

/* A head with the field in one or more lines, "|" between them. */
static void head(struct http_head *h, const char *fields)
{
	struct str v = str_of(fields), part;

	*h = (struct http_head){ 0 };
	h->fields[h->n++] = (struct http_field){ STR("Host"), STR("a") };
	while (v.len && str_split(&v, '|', &part))
		h->fields[h->n++] =
		    (struct http_field){ STR("sec-websocket-Extensions"), part };
}

static void check_put(struct wsext x, const char *want)
{
	struct buf b = BUF(1000);

	wsext_put(&b, x);
	T_STR(buf_str(&b), str_of(want));
	buf_fini(&b);
}

static void offers(void)
{
	static const struct {
		const char *in, *out;
	} cases[] = {
		{ "", "" },
		{ "permessage-deflate", "permessage-deflate" },
		/* Chromium's and Firefox's. */
		{ "permessage-deflate; client_max_window_bits",
		  "permessage-deflate; client_max_window_bits" },
		{ "permessage-deflate;server_no_context_takeover ;\tclient_no_context_takeover",
		  "permessage-deflate; server_no_context_takeover; "
		  "client_no_context_takeover" },
		{ "permessage-deflate; server_max_window_bits=8; client_max_window_bits=15",
		  "permessage-deflate; server_max_window_bits=8; "
		  "client_max_window_bits=15" },
		{ "permessage-deflate; server_max_window_bits=\"10\"",
		  "permessage-deflate; server_max_window_bits=10" },
		/* The first that can be taken. */
		{ "x-webkit-deflate-frame; a=\"b\"; c, permessage-deflate; "
		  "server_max_window_bits=99, permessage-deflate; client_max_window_bits",
		  "permessage-deflate; client_max_window_bits" },
		{ "foo|bar , permessage-deflate ", "permessage-deflate" },
		{ "not a list|permessage-deflate", "permessage-deflate" },
		/* What the RFC doesn't know or doesn't allow. */
		{ "permessage-deflate; unknown", "" },
		{ "permessage-deflate; server_no_context_takeover=1", "" },
		{ "permessage-deflate; server_no_context_takeover; "
		  "server_no_context_takeover",
		  "" },
		{ "permessage-deflate; server_max_window_bits", "" },
		{ "permessage-deflate; server_max_window_bits=7", "" },
		{ "permessage-deflate; server_max_window_bits=16", "" },
		{ "permessage-deflate; server_max_window_bits=08", "" },
		{ "permessage-deflate; server_max_window_bits=+9", "" },
		{ "permessage-deflate; server_max_window_bits=9; server_max_window_bits=9",
		  "" },
		{ "permessage-deflate; client_max_window_bits; client_max_window_bits=9", "" },
		{ "permessage-deflate; client_max_window_bits=0", "" },
		{ "PERMESSAGE-DEFLATE", "" },
		/* Not of the grammar. */
		{ "permessage-deflate;", "" },
		{ "permessage-deflate; ;", "" },
		{ "permessage-deflate; server_max_window_bits=", "" },
		{ "permessage-deflate; server_max_window_bits=\"10", "" },
		{ "permessage-deflate; server_max_window_bits=\"\"", "" },
		{ "permessage-deflate; server_max_window_bits=\"10 \"", "" },
		{ "permessage-deflate; server_max_window_bits=\" 10\"", "" },
		{ "permessage-deflate x", "" },
		{ "permessage-deflate=1", "" },
		{ ",permessage-deflate", "" },
		{ "\"permessage-deflate\"", "" },
	};

	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		struct http_head h;
		struct wsext x;

		head(&h, cases[i].in);
		x = wsext_offer(&h);
		T_EQ(x.deflate, cases[i].out[0] != 0);
		check_put(x, cases[i].out);
	}
}

#define D "permessage-deflate"

static void answers(void)
{
	static const struct {
		const char *offer, *answer;
		bool fine;
	} cases[] = {
		{ D, "", true },
		{ "", "", true },
		{ "", D, false },
		{ D, D, true },
		{ D, "foo", false },
		{ D, D ", " D, false },
		{ D, D "|" D, false },
		{ D, D "; client_no_context_takeover; server_no_context_takeover", true },
		{ D "; server_no_context_takeover", D, false },
		{ D "; server_no_context_takeover", D "; server_no_context_takeover", true },
		{ D "; client_no_context_takeover", D, true },
		{ D, D "; server_max_window_bits=9", true },
		{ D "; server_max_window_bits=9", D, false },
		{ D "; server_max_window_bits=9", D "; server_max_window_bits=10", false },
		{ D "; server_max_window_bits=9", D "; server_max_window_bits=8", true },
		{ D, D "; client_max_window_bits=9", false },
		{ D "; client_max_window_bits", D "; client_max_window_bits", false },
		{ D "; client_max_window_bits", D "; client_max_window_bits=9", true },
		{ D "; client_max_window_bits=9", D "; client_max_window_bits=9", true },
		{ D "; client_max_window_bits=9", D "; client_max_window_bits=10", false },
		{ D "; client_max_window_bits", D, true },
		{ D, D "; x", false },
		{ D, D ";", false },
	};

	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		struct wsext offer, x = { .server_bits = 99 };
		struct http_head h;
		bool fine;

		head(&h, cases[i].offer);
		offer = wsext_offer(&h);
		head(&h, cases[i].answer);
		fine = wsext_answer(&h, offer, &x);
		if (fine != cases[i].fine)
			printf("# \"%s\" to \"%s\"\n", cases[i].answer, cases[i].offer);
		T_EQ(fine, cases[i].fine);
		if (fine)
			T_EQ(x.deflate, cases[i].answer[0] != 0);
		else
			T_EQ(x.server_bits, 99);
	}
}

TEST_MAIN({ "the first offer that can be taken is", offers },
          { "an answer must fit what was offered", answers })
