/* SPDX-License-Identifier: Apache-2.0 */
#include "proto/zmtp.h"

#include <errno.h>

#include "test.h"

#define GREETING(minor)                                                             \
	"\xFF\0\0\0\0\0\0\0\1\x7F\3" minor "NULL\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0" \
	"\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0"
#define READY_PUB    "\x04\x19\x05READY\x0bSocket-Type\0\0\0\3PUB"
#define READY_ROUTER "\x04\x29\x05READY\x0bSocket-Type\0\0\0\6ROUTER\x08Identity\0\0\0\0"

/* What came out of a conversation, as text: "R" ready, "M(a|b)" a message. */
static int drive(struct zmtp *z, struct str in, size_t piece, struct buf *out, struct buf *log,
                 struct err *err)
{
	while (in.len) {
		size_t n = piece && piece < in.len ? piece : in.len;
		char *copy = malloc(n);
		struct str some = { copy, n };

		T_OK(copy);
		memcpy(copy, in.ptr, n);
		in = str_sub(in, n, in.len);
		for (;;) {
			int r = zmtp_feed(z, &some, out, err);

			if (r < 0) {
				free(copy);
				return r;
			}
			if (r == ZMTP_MORE)
				break;
			if (r == ZMTP_READY) {
				buf_put_c(log, 'R');
				continue;
			}
			buf_put_z(log, "M(");
			for (size_t i = 0; i < zmtp_parts(z); i++) {
				uint64_t dropped;
				struct str p = zmtp_part(z, i, &dropped);

				buf_printf(log, "%s%.*s", i ? "|" : "", STR_ARG(p));
				if (dropped)
					buf_printf(log, "<%llu>", (unsigned long long)dropped);
			}
			buf_put_c(log, ')');
		}
		T_EQ(some.len, 0);
		free(copy);
	}
	return 0;
}

static void greeting_is_64_bytes(void)
{
	T_EQ(sizeof(GREETING("\1")) - 1, 64);
}

static void a_subscriber_talks_to_a_publisher(void)
{
	static const char in[] =
	    GREETING("\1") READY_PUB "\x01\x05topic\x01\x00\x00\x03"
	                             "abc" /* three parts, one empty */
	                             "\x04\x09\x04PING\0\x0a"
	                             "hi"               /* with a context */
	                             "\x04\x05\x04NOPE" /* of another socket type */
	                             "\x02\0\0\0\0\0\0\0\x04long";
	/* Every split, and each size of piece. */
	for (size_t piece = 0; piece < sizeof(in); piece++) {
		struct zmtp z;
		struct buf out = BUF(4096), log = BUF(4096);
		struct err err = ERR_NONE;

		zmtp_init(&z, ZMTP_SUB, STR_NONE, 1024);
		zmtp_start(&z, &out);
		T_STR(buf_str(&out), STR(GREETING("\1")));
		buf_clear(&out);
		if (piece & 1) {
			T_EQ(drive(&z, STR(in), piece / 2 + 1, &out, &log, &err), 0);
		} else {
			T_EQ(drive(&z, str_sub(STR(in), 0, piece), 0, &out, &log, &err), 0);
			T_EQ(drive(&z, str_sub(STR(in), piece, SIZE_MAX), 0, &out, &log, &err),
			     0);
		}
		T_STR(buf_str(&log), STR("RM(topic||abc)M(long)"));
		T_STR(buf_str(&out), STR("\x04\x19\x05READY\x0bSocket-Type\0\0\0\3SUB"
		                         "\x04\x07\x04PONGhi"));
		zmtp_fini(&z);
		buf_fini(&out);
		buf_fini(&log);
	}
}

/* At any byte after READY another decoder goes on with the state. */
static void a_decoder_can_be_handed_over(void)
{
	static const char in[] = GREETING("\1") READY_PUB "\x01\x05topic\x01\x00\x00\x03"
	                                                  "abc"
	                                                  "\x04\x09\x04PING\0\x0a"
	                                                  "hi"
	                                                  "\x01\x02"
	                                                  "hm"
	                                                  "\x04\x05\x04NOPE"
	                                                  "\x02\0\0\0\0\0\0\1\x2c";
	static const size_t shaken = sizeof(GREETING("\1") READY_PUB) - 1;
	struct buf all = BUF(4096);

	buf_put(&all, in, sizeof(in) - 1);
	for (int i = 0; i < 300; i++)
		buf_put_c(&all, 'x');
	for (size_t at = shaken; at <= buf_len(&all); at++) {
		struct zmtp a, b;
		struct buf out = BUF(4096), log = BUF(4096), state = BUF(4096);
		struct cur c;

		/* Too small for the long frame, which comes cut. */
		zmtp_init(&a, ZMTP_SUB, STR_NONE, 200);
		zmtp_init(&b, ZMTP_SUB, STR_NONE, 200);
		zmtp_start(&a, &out);
		T_EQ(drive(&a, str_sub(buf_str(&all), 0, at), 0, &out, &log, NULL), 0);
		zmtp_save(&a, &state);
		c = cur_of(buf_str(&state));
		T_EQ(zmtp_load(&b, &c, NULL), 0);
		T_OK(cur_done(&c));
		T_EQ(drive(&b, str_sub(buf_str(&all), at, SIZE_MAX), 0, &out, &log, NULL), 0);
		T_EQ(str_find(buf_str(&log), STR("RM(topic||abc)M(hm|xxxx")), 0);
		T_OK(str_find(buf_str(&out), STR("\x04\x07\x04PONGhi")) < buf_len(&out));
		for (size_t n = 0; n < buf_len(&state); n++) { /* cut anywhere, it is none */
			c = cur_of(str_sub(buf_str(&state), 0, n));
			T_EQ(zmtp_load(&b, &c, NULL), -EPROTO);
		}
		zmtp_fini(&a);
		zmtp_fini(&b);
		buf_fini(&out);
		buf_fini(&log);
		buf_fini(&state);
	}
	buf_fini(&all);
}

static void a_dealer_shows_its_identity(void)
{
	struct zmtp z;
	struct buf out = BUF(4096), log = BUF(4096);

	zmtp_init(&z, ZMTP_DEALER, STR("me"), 1024);
	zmtp_start(&z, &out);
	buf_clear(&out);
	T_EQ(drive(&z, STR(GREETING("\0") READY_ROUTER), 1, &out, &log, NULL), 0);
	T_STR(buf_str(&log), STR("R"));
	T_STR(buf_str(&out), STR("\x04\x2b\x05READY\x0bSocket-Type\0\0\0\6DEALER"
	                         "\x08Identity\0\0\0\2me"));
	zmtp_fini(&z);
	buf_fini(&out);
	buf_fini(&log);
}

static void subscriptions_follow_the_peers_version(void)
{
	for (int minor = 0; minor < 2; minor++) {
		struct zmtp z;
		struct buf out = BUF(4096), log = BUF(4096);
		struct str in =
		    minor ? STR(GREETING("\1") READY_PUB) : STR(GREETING("\0") READY_PUB);

		zmtp_init(&z, ZMTP_SUB, STR_NONE, 1024);
		zmtp_start(&z, &out);
		T_EQ(drive(&z, in, 0, &out, &log, NULL), 0);
		buf_clear(&out);
		zmtp_subscribe(&z, &out, STR("ab"));
		if (minor)
			T_STR(buf_str(&out), STR("\x04\x0c\x09SUBSCRIBE"
			                         "ab"));
		else
			T_STR(buf_str(&out), STR("\0\3\1ab"));
		zmtp_fini(&z);
		buf_fini(&out);
		buf_fini(&log);
	}
}

static void what_is_sent_reads_back(void)
{
	static char big[300];
	struct str parts[] = { STR("a"), STR(""), { big, sizeof(big) } };
	struct zmtp z;
	struct buf out = BUF(4096), log = BUF(4096), none = BUF(4096);

	memset(big, 'x', sizeof(big));
	buf_put_str(&out, STR(GREETING("\1") READY_ROUTER));
	zmtp_send(&out, parts, 3);
	T_OK(str_ends(str_sub(buf_str(&out), 0, buf_len(&out) - 300), STR("\0\0\0\0\0\1\x2c")));
	zmtp_init(&z, ZMTP_DEALER, STR_NONE, 1024);
	zmtp_start(&z, &none);
	T_EQ(drive(&z, buf_str(&out), 7, &none, &log, NULL), 0);
	T_OK(str_starts(buf_str(&log), STR("RM(a||xxxx")));
	T_EQ(buf_len(&log), 1 + 2 + 3 + 300 + 1);
	zmtp_fini(&z);
	buf_fini(&out);
	buf_fini(&log);
	buf_fini(&none);
}

static void parts_that_are_too_large_come_out_cut_and_marked(void)
{
	static char big[5000];
	struct str parts[] = { STR("head"), { big, 5000 }, STR("tail") };
	struct str next[] = { { big, 1000 } };
	struct buf in = BUF(65536);

	memset(big, 'x', sizeof(big));
	buf_put_str(&in, STR(GREETING("\1") READY_PUB));
	zmtp_send(&in, parts, 3);
	zmtp_send(&in, next, 1);
	for (size_t piece = 1; piece < 6000; piece += 37) {
		struct zmtp z;
		struct buf out = BUF(4096), log = BUF(4096);

		zmtp_init(&z, ZMTP_SUB, STR_NONE, 1000);
		zmtp_start(&z, &out);
		T_EQ(drive(&z, buf_str(&in), piece, &out, &log, NULL), 0);
		T_OK(str_starts(buf_str(&log), STR("RM(head|xxx")));
		T_OK(str_find(buf_str(&log), STR("xxx<4004>|<4>)M(xxx")) < buf_len(&log));
		T_EQ(buf_len(&log), 1 + 7 + 996 + 6 + 4 + 1 + 2 + 1000 + 1);
		zmtp_fini(&z);
		buf_fini(&out);
		buf_fini(&log);
	}
	buf_fini(&in);
}

static void peers_that_are_none_are_refused(void)
{
	static const struct {
		struct str in;
		const char *msg;
	} cases[] = {
		{ STR("HTTP/1.1 400 Bad Request\r\nContent-Length: "
		      "0\r\n\r\n--------------------"),
		  "the peer does not speak ZMTP" },
		{ STR("\xFF\0\0\0\0\0\0\0\1\x7F\2\0NULL\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0"
		      "\0\0\0\0\0"
		      "\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0"),
		  "the peer speaks ZMTP 2, at least 3 is needed" },
		{ STR("\xFF\0\0\0\0\0\0\0\1\x7F\3\0PLAIN\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0"
		      "\0\0\0\0\0"
		      "\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0"),
		  "the peer wants the security mechanism PLAIN, only NULL is known" },
		{ STR(GREETING("\1") "\x04\x1a\x05READY\x0bSocket-Type\0\0\0\4PULL"),
		  "a SUB socket can't talk to a PULL socket" },
		{ STR(GREETING("\1") "\x04\x06\x05READY"),
		  "the peer's READY does not name its socket type" },
		{ STR(GREETING("\1") "\x04\x19\x05READY\x0bSocket-Type\0\0\0\4PUB"),
		  "the peer's READY does not name its socket type" },
		{ STR(GREETING("\1") "\x04\x0b\x05"
		                     "ERROR\x04none"),
		  "the peer refuses: none" },
		{ STR(GREETING("\1") "\x04\x06\x05HELLO"),
		  "the peer sent HELLO instead of READY" },
		{ STR(GREETING("\1") "\x00\x01x"), "the peer sent a message before READY" },
		{ STR(GREETING("\1") "\x04\x00"), "the peer sent a command without a name" },
		{ STR(GREETING("\1") READY_PUB "\x08\x00"),
		  "the peer sent a frame that is none" },
		{ STR(GREETING("\1") READY_PUB "\x05\x05\x04PING"),
		  "the peer sent a command that is none" },
		{ STR(GREETING("\1") READY_PUB "\x06\0\0\0\0\0\0\x10\x01"),
		  "the peer sent a command that is none" },
		{ STR(GREETING("\1") READY_PUB "\x02\x80\0\0\0\0\0\0\0"),
		  "the peer sent a frame that is none" },
		{ STR(GREETING("\1") READY_PUB "\x04\x05\x04PING"),
		  "the peer sent a PING that is none" },
	};

	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		for (size_t piece = 0; piece < 3; piece++) {
			struct zmtp z;
			struct buf out = BUF(4096), log = BUF(4096);
			struct err err = ERR_NONE;

			zmtp_init(&z, ZMTP_SUB, STR_NONE, 1000);
			zmtp_start(&z, &out);
			T_EQ(drive(&z, cases[i].in, piece, &out, &log, &err), -EPROTO);
			T_STREQ(err.msg, cases[i].msg);
			zmtp_fini(&z);
			buf_fini(&out);
			buf_fini(&log);
		}
	}
}

static void too_many_parts_are_refused(void)
{
	struct zmtp z;
	struct buf in = BUF(65536), out = BUF(4096), log = BUF(65536);

	buf_put_str(&in, STR(GREETING("\1") READY_PUB));
	for (size_t i = 0; i < ZMTP_PARTS_MAX + 1; i++)
		buf_put(&in, "\1\0", 2);
	zmtp_init(&z, ZMTP_SUB, STR_NONE, 1000);
	zmtp_start(&z, &out);
	T_EQ(drive(&z, buf_str(&in), 0, &out, &log, NULL), -EPROTO);
	zmtp_fini(&z);
	buf_fini(&in);
	buf_fini(&out);
	buf_fini(&log);
}

TEST_MAIN({ "the greeting in this test has 64 bytes", greeting_is_64_bytes },
          { "a subscriber talks to a publisher, at every split",
            a_subscriber_talks_to_a_publisher },
          { "a decoder can be handed over at any byte", a_decoder_can_be_handed_over },
          { "a dealer shows its identity", a_dealer_shows_its_identity },
          { "subscriptions follow the peer's version", subscriptions_follow_the_peers_version },
          { "what is sent reads back", what_is_sent_reads_back },
          { "parts that are too large come out cut and marked",
            parts_that_are_too_large_come_out_cut_and_marked },
          { "peers that are none are refused", peers_that_are_none_are_refused },
          { "too many parts are refused", too_many_parts_are_refused })
