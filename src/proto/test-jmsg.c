/* SPDX-License-Identifier: Apache-2.0 */
#include "proto/jmsg.h"

#include <errno.h>

#include "base/buf.h"
#include "test.h"

#define HEADER \
	"{\"msg_id\":\"m1\",\"msg_type\":\"execute_request\",\"session\":\"s1\",\"x\":1.50}"
#define PARENT "{\"msg_id\":\"p1\", \"msg_type\":\"kernel_info_request\", \"session\":\"s0\"}"
#define CONTENT \
	"{\"code\":\"1 + 1 # \xc3\xa9 \\\"}\\\\\",\"n\":12345678901234567890,\"l\":[{},[1]]}"

static struct str joined(const struct jmsg_frame *f, struct buf *b)
{
	buf_clear(b);
	for (size_t i = 0; i < f->n; i++)
		buf_put_str(b, f->part[i]);
	return buf_str(b);
}

static struct jmsg sample(const struct str *buffers, size_t n)
{
	return (struct jmsg){ .channel = JMSG_CONTROL,
		              .header = STR(HEADER),
		              .parent = STR(PARENT),
		              .metadata = STR("{ }"),
		              .content = STR(CONTENT),
		              .buffers = buffers,
		              .nbuffers = n,
		              .head = { STR("execute_request"), STR("m1"), STR("s1") } };
}

static void same(const struct jmsg *m, size_t nbuffers)
{
	T_EQ(m->channel, JMSG_CONTROL);
	T_STR(m->header, STR(HEADER));
	T_STR(m->parent, STR(PARENT));
	T_STR(m->metadata, STR("{ }"));
	T_STR(m->content, STR(CONTENT));
	T_STR(m->head.type, STR("execute_request"));
	T_STR(m->head.id, STR("m1"));
	T_STR(m->head.session, STR("s1"));
	T_STR(m->up.id, STR("p1"));
	T_STR(m->up.type, STR("kernel_info_request"));
	T_STR(m->up.session, STR("s0"));
	T_EQ(m->nbuffers, nbuffers);
	if (nbuffers == 2) {
		T_STR(m->buffers[0], STR("\0\1\2"));
		T_STR(m->buffers[1], STR(""));
	}
}

static const struct str two[] = { STR("\0\1\2"), STR("") };

static void the_v1_form_comes_back_byte_for_byte(void)
{
	for (size_t n = 0; n <= 2; n += 2) {
		struct arena a = ARENA(1 << 20);
		struct buf b = BUF(4096);
		struct jmsg m = sample(two, n), back = { 0 };
		struct jmsg_frame f;
		struct err err = ERR_NONE;

		T_EQ(jmsg_to_ws_v1(&a, &m, &f), 0);
		T_OK(!f.text);
		struct str whole = joined(&f, &b);
		T_EQ((uint8_t)whole.ptr[0], 6 + n);
		T_EQ((uint8_t)whole.ptr[8], 8 * (7 + n));
		T_EQ(jmsg_from_ws_v1(&a, whole, &back, &err), 0);
		same(&back, n);
		/* No cut of it is a message. */
		for (size_t cut = 0; cut < whole.len; cut++) {
			char *copy = malloc(cut ? cut : 1);

			memcpy(copy, whole.ptr, cut);
			T_EQ(jmsg_from_ws_v1(&a, (struct str){ copy, cut }, &back, NULL),
			     -EBADMSG);
			free(copy);
		}
		buf_fini(&b);
		arena_fini(&a);
	}
}

static void the_v1_offsets_are_checked(void)
{
	struct arena a = ARENA(1 << 20);
	struct buf b = BUF(4096);
	struct jmsg m = sample(two, 2), back;
	struct jmsg_frame f;

	T_EQ(jmsg_to_ws_v1(&a, &m, &f), 0);
	struct str whole = joined(&f, &b);
	for (size_t i = 0; i < 9; i++) {
		for (size_t k = 0; k < 8; k += 7) {
			char *copy = malloc(whole.len);

			memcpy(copy, whole.ptr, whole.len);
			copy[8 * i + k] = (char)(copy[8 * i + k] + 101);
			T_EQ(jmsg_from_ws_v1(&a, (struct str){ copy, whole.len }, &back, NULL),
			     -EBADMSG);
			free(copy);
		}
	}
	buf_fini(&b);
	arena_fini(&a);
}

static void the_legacy_form_keeps_the_source_text(void)
{
	for (size_t n = 0; n <= 2; n += 2) {
		struct arena a = ARENA(1 << 20);
		struct buf b = BUF(4096);
		struct jmsg m = sample(two, n), back = { 0 };
		struct jmsg_frame f;

		T_EQ(jmsg_to_ws_legacy(&a, &m, &f), 0);
		T_EQ(f.text, n == 0);
		struct str whole = joined(&f, &b);
		if (n == 0)
			T_STR(whole,
			      STR("{\"header\":" HEADER ",\"msg_id\":\"m1\",\"msg_type\":"
			          "\"execute_request\",\"parent_header\":" PARENT
			          ",\"metadata\":{ },\"content\":" CONTENT
			          ",\"buffers\":[],\"channel\":\"control\"}"));
		else
			T_STR(str_sub(whole, 0, 8), STR("\0\0\0\3\0\0\0\x10"));
		T_EQ(jmsg_from_ws_legacy(&a, whole, n != 0, &back, NULL), 0);
		same(&back, n);
		for (size_t cut = 0; cut < whole.len - (n ? 3 : 0); cut++) {
			char *copy = malloc(cut ? cut : 1);

			memcpy(copy, whole.ptr, cut);
			T_EQ(jmsg_from_ws_legacy(&a, (struct str){ copy, cut }, n != 0, &back,
			                         NULL),
			     -EBADMSG);
			free(copy);
		}
		buf_fini(&b);
		arena_fini(&a);
	}
}

static void legacy_messages_of_all_sorts(void)
{
	static const struct {
		const char *in;
		int r;
		enum jmsg_channel channel;
		const char *content;
	} cases[] = {
		{ "{\"header\":" HEADER "}", 0, JMSG_SHELL, "{}" },
		{ " { \"channel\" : \"stdin\" , \"content\" : { \"value\" : \"}]\" } , "
		  "\"header\" : " HEADER " } \n",
		  0, JMSG_STDIN, "{ \"value\" : \"}]\" }" },
		{ "{\"header\":" HEADER
		  ",\"content\":null,\"metadata\":null,\"parent_header\":null,"
		  "\"channel\":null}",
		  0, JMSG_SHELL, "{}" },
		{ "{\"header\":" HEADER ",\"content\":{\"a\":\"\\\\\\\"\\\\\"}}", 0, JMSG_SHELL,
		  "{\"a\":\"\\\\\\\"\\\\\"}" },
		{ "{\"header\":" HEADER ",\"header\":" HEADER "}", -EBADMSG, 0, NULL },
		{ "{\"header\":" HEADER ",\"channel\":\"heartbeat\"}", -EBADMSG, 0, NULL },
		{ "{\"header\":" HEADER "}x", -EBADMSG, 0, NULL },
		{ "{\"header\":" HEADER ",}", -EBADMSG, 0, NULL },
		{ "{\"header\":" HEADER "]}", -EBADMSG, 0, NULL },
		{ "{\"header\":{\"msg_id\":\"m\"}}", -EBADMSG, 0, NULL },
		{ "{\"header\":[]}", -EBADMSG, 0, NULL },
		{ "{\"header\":" HEADER ",\"parent_header\":5}", -EBADMSG, 0, NULL },
		{ "{}", -EBADMSG, 0, NULL },
		{ "[]", -EBADMSG, 0, NULL },
		{ "", -EBADMSG, 0, NULL },
	};

	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		struct arena a = ARENA(1 << 20);
		struct jmsg m = { 0 };
		struct err err = ERR_NONE;

		T_EQ(jmsg_from_ws_legacy(&a, str_of(cases[i].in), false, &m, &err), cases[i].r);
		if (cases[i].r == 0) {
			T_EQ(m.channel, cases[i].channel);
			T_STR(m.content, str_of(cases[i].content));
			T_STR(m.parent, STR("{}"));
		} else {
			T_OK(err.msg[0]);
		}
		arena_fini(&a);
	}
}

#define PARTS(...) ((struct jmsg_parts){ __VA_ARGS__ })

static int from_zmq(struct arena *a, enum jmsg_channel c, struct jmsg_parts p, struct str key,
                    struct jmsg *ret, struct err *err)
{
	return jmsg_from_zmq(a, c, &p, key, ret, err);
}

/* The signature was made with Python's hmac module. */
static void signatures_agree_with_python(void)
{
	struct arena a = ARENA(1 << 20);
	struct jmsg m = sample(two, 2), back = { 0 };
	struct jmsg_frame f;
	struct str parts[9] = { STR("id") };
	struct err err = ERR_NONE;

	T_EQ(jmsg_to_zmq(&a, &m, STR("a-key"), &f), 0);
	T_EQ(f.n, 8);
	T_STR(f.part[0], STR("<IDS|MSG>"));
	T_STR(f.part[1],
	      STR("1d2bf81f8ea843d71e93328e3686d58420d33cb9b8dea925bbb5e108e9edd51f"));
	for (size_t i = 0; i < 8; i++)
		parts[1 + i] = f.part[i];
	T_EQ(from_zmq(&a, JMSG_CONTROL, PARTS(parts, NULL, 9), STR("a-key"), &back, &err), 0);
	same(&back, 2);
	T_EQ(from_zmq(&a, JMSG_CONTROL, PARTS(parts, NULL, 9), STR("b-key"), &back, &err),
	     -EBADMSG);
	T_STREQ(err.msg, "the message's signature is wrong");
	T_EQ(from_zmq(&a, JMSG_CONTROL, PARTS(parts, NULL, 9), STR(""), &back, NULL), 0);
	parts[5] = STR("{}");
	T_EQ(from_zmq(&a, JMSG_CONTROL, PARTS(parts, NULL, 9), STR("a-key"), &back, NULL),
	     -EBADMSG);
	T_EQ(from_zmq(&a, JMSG_CONTROL, PARTS(parts, NULL, 6), STR(""), &back, NULL), -EBADMSG);
	T_EQ(from_zmq(&a, JMSG_CONTROL, PARTS(parts + 2, NULL, 7), STR(""), &back, NULL),
	     -EBADMSG);
	T_EQ(jmsg_to_zmq(&a, &m, STR(""), &f), 0);
	T_STR(f.part[1], STR(""));
	arena_fini(&a);
}

static void a_message_whose_content_was_too_large_still_says_what_it_is(void)
{
	const struct str parts[] = { STR("<IDS|MSG>"), STR("sig"),   STR(HEADER), STR(PARENT),
		                     STR("{}"),        STR("{\"na"), STR("") };
	const uint64_t dropped[] = { 0, 0, 0, 0, 0, 5000, 7 };
	struct arena a = ARENA(1 << 20);
	struct jmsg m = { 0 };

	T_EQ(from_zmq(&a, JMSG_IOPUB, PARTS(parts, dropped, 7), STR("k"), &m, NULL), 0);
	T_EQ(m.dropped, 5007);
	T_EQ(m.nbuffers, 0);
	T_STR(m.content, STR("{\"na"));
	T_STR(m.up.id, STR("p1"));
	arena_fini(&a);
}

static void a_stream_is_cut_between_characters(void)
{
	static const struct {
		const char *content;
		size_t max;
		const char *want; /* with "|" for the notice */
	} cases[] = {
		{ "{\"name\":\"stderr\",\"text\":\"abcdef\"}", 4,
		  "{\"name\":\"stderr\",\"text\":\"abcd|\"}" },
		{ "{\"name\":\"stderr\",\"text\":\"abcdef\"}", 100,
		  "{\"name\":\"stderr\",\"text\":\"abcdef|\"}" },
		{ "{\"text\":\"ab\\n\\ncd\",\"name\":\"x\"}", 3,
		  "{\"name\":\"x\",\"text\":\"ab|\"}" },
		{ "{\"text\":\"ab\\u00e9cd\",\"name\":\"x\"}", 7,
		  "{\"name\":\"x\",\"text\":\"ab|\"}" },
		{ "{\"text\":\"ab\\u00e9cd\",\"name\":\"x\"}", 8,
		  "{\"name\":\"x\",\"text\":\"ab\\u00e9|\"}" },
		{ "{\"text\":\"\\\\\\\\\\\\\",\"name\":\"x\"}", 3,
		  "{\"name\":\"x\",\"text\":\"\\\\|\"}" },
		{ "{\"text\":\"\xe2\x82\xac\xe2\x82\xac\"}", 5,
		  "{\"name\":\"stdout\",\"text\":\"\xe2\x82\xac|\"}" },
		{ "{\"name\": \"x\", \"text\": \"abc", 100,
		  "{\"name\":\"x\",\"text\":\"abc|\"}" },
		{ "{\"name\": \"x\", \"text\": \"abc\\u00", 100,
		  "{\"name\":\"x\",\"text\":\"abc|\"}" },
		{ "{\"name\": \"x\", \"te", 100, "{\"name\":\"x\",\"text\":\"|\"}" },
		{ "", 100, "{\"name\":\"stdout\",\"text\":\"|\"}" },
	};

	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		struct arena a = ARENA(1 << 16);
		struct jmsg m = { .content = str_of(cases[i].content) }, cut = { 0 };

		T_EQ(jmsg_cut_stream(&a, &m, cases[i].max, STR("|"), &cut), 0);
		T_STR(cut.content, str_of(cases[i].want));
		arena_fini(&a);
	}
}

static void our_own_messages_are_messages(void)
{
	struct arena a = ARENA(1 << 20);
	struct jmsg m = { 0 };

	T_EQ(jmsg_make(&a,
	               &(struct jmsg_new){
	                   .channel = JMSG_IOPUB,
	                   .type = "status",
	                   .session = STR("ses\"sion"),
	                   .parent = STR(HEADER),
	                   .content = STR("{\"execution_state\":\"restarting\",\"n\":1}") },
	               &m),
	     0);
	T_STR(m.head.type, STR("status"));
	T_STR(m.head.session, STR("ses\"sion"));
	T_EQ(m.head.id.len, 36);
	T_STR(m.up.id, STR("m1"));
	T_STR(jmsg_content_str(&a, &m, "execution_state"), STR("restarting"));
	T_STR(jmsg_content_str(&a, &m, "n"), STR(""));
	T_STR(jmsg_content_str(&a, &m, "none"), STR(""));
	T_OK(str_find(m.header, STR("\"date\":\"1970-01-01T00:00:00.000000Z\"")) <
	     m.header.len);
	arena_fini(&a);
}

TEST_MAIN({ "the v1 form comes back byte for byte", the_v1_form_comes_back_byte_for_byte },
          { "the v1 offsets are checked", the_v1_offsets_are_checked },
          { "the legacy form keeps the source text", the_legacy_form_keeps_the_source_text },
          { "legacy messages of all sorts", legacy_messages_of_all_sorts },
          { "signatures agree with Python", signatures_agree_with_python },
          { "a message whose content was too large still says what it is",
            a_message_whose_content_was_too_large_still_says_what_it_is },
          { "a stream is cut between characters", a_stream_is_cut_between_characters },
          { "our own messages are messages", our_own_messages_are_messages })
