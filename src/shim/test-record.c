/* SPDX-License-Identifier: Apache-2.0 */
#define _GNU_SOURCE
#include "shim/shim.h"

#include "test.h"

static void test_evidence(void)
{
	char out[64];

	record_evidence("", out, sizeof(out));
	T_STREQ(out, "");
	record_evidence("{\"busy\":[]}", out, sizeof(out));
	T_STREQ(out, "{\"busy\":[]}");
	record_evidence("{\"busy\":[{\"kernel\":\"0123456789012345678901234567890123456789\"}],"
	                "\"last\":{\"what\":\"save\"}}",
	                out, sizeof(out));
	T_STREQ(out, "{\"last\":{\"what\":\"save\"}}");
	record_evidence(
	    "{\"last\":{\"what\":\"0123456789012345678901234567890123456789012345678\"}}", out,
	    sizeof(out));
	T_STREQ(out, "");
}

TEST_MAIN({ "evidence is cut at a whole value", test_evidence })
