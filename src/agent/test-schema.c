/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/schema.h"

#include <errno.h>

#include "test.h"

static void check(void)
{
	static const struct {
		const char *schema, *value;
		bool fits;
	} cases[] = {
		{ "{}", "1", true },
		{ "{\"type\":\"string\"}", "\"x\"", true },
		{ "{\"type\":\"string\"}", "1", false },
		{ "{\"type\":\"integer\"}", "1", true },
		{ "{\"type\":\"integer\"}", "1.5", false },
		{ "{\"type\":[\"string\",\"null\"]}", "null", true },
		{ "{\"type\":[\"string\",\"null\"]}", "true", false },
		{ "{\"enum\":[\"a\",\"b\"]}", "\"b\"", true },
		{ "{\"enum\":[\"a\",\"b\"]}", "\"c\"", false },
		{ "{\"const\":{\"a\":[1]}}", "{\"a\":[1]}", true },
		{ "{\"properties\":{\"a\":{\"type\":\"number\"}}}", "{\"a\":\"x\"}", false },
		{ "{\"properties\":{\"a\":{}},\"additionalProperties\":false}", "{\"b\":1}",
		  false },
		{ "{\"additionalProperties\":{\"type\":\"boolean\"}}", "{\"b\":1}", false },
		{ "{\"required\":[\"a\"]}", "{}", false },
		{ "{\"items\":{\"type\":\"string\"}}", "[\"a\",2]", false },
		{ "{\"items\":[{\"type\":\"string\"},{\"type\":\"number\"}]}", "[\"a\",2]",
		  true },
		{ "{\"minimum\":3}", "2", false },
		{ "{\"maximum\":3}", "3", true },
		{ "{\"exclusiveMaximum\":3}", "3", false },
		{ "{\"minLength\":2}", "\"\xC3\xA9\"", false },
		{ "{\"maxItems\":1}", "[1,2]", false },
		{ "{\"anyOf\":[{\"type\":\"string\"},{\"minimum\":5}]}", "7", true },
		{ "{\"anyOf\":[{\"type\":\"string\"},{\"minimum\":5}]}", "3", false },
		{ "{\"oneOf\":[{\"type\":\"number\"},{\"minimum\":5}]}", "7", false },
		{ "{\"allOf\":[{\"type\":\"number\"},{\"minimum\":5}]}", "7", true },
		{ "{\"not\":{\"type\":\"null\"}}", "null", false },
		{ "{\"definitions\":{\"k\":{\"type\":\"string\"}},\"properties\":{\"a\":{\"$"
		  "ref\":"
		  "\"#/definitions/k\"}}}",
		  "{\"a\":1}", false },
		{ "{\"$ref\":\"#\"}", "1", false },
		{ "{\"properties\":{\"a\":false}}", "{\"a\":1}", false },
		{ "{\"type\":\"integer\"}", "1.0", true },
		{ "{\"type\":\"integer\"}", "1E2", true },
		{ "{\"pattern\":\"^a+$\"}", "\"aaa\"", true },
		{ "{\"pattern\":\"^a+$\"}", "\"ab\"", false },
		{ "{\"pattern\":\"^a+$\"}", "7", true },
		{ "{\"pattern\":\"(?<=x)not known here\"}", "\"ab\"", true },
		{ "{\"format\":\"email\"}", "\"nobody\"", true },
		{ "{\"patternProperties\":{\"^x\":{\"type\":\"number\"}},"
		  "\"additionalProperties\":"
		  "false}",
		  "{\"x1\":1}", true },
		{ "{\"patternProperties\":{\"^x\":{\"type\":\"number\"}},"
		  "\"additionalProperties\":"
		  "false}",
		  "{\"x1\":\"a\"}", false },
		{ "{\"patternProperties\":{\"^x\":{}},\"additionalProperties\":false}",
		  "{\"y\":1}", false },
		{ "{\"patternProperties\":{\"^x\":{}},\"additionalProperties\":{\"type\":"
		  "\"null\"}}",
		  "{\"x\":1,\"y\":null}", true },
		{ "{\"propertyNames\":{\"pattern\":\"^[a-z]+$\"}}", "{\"A\":1}", false },
		{ "{\"dependencies\":{\"a\":[\"b\"]}}", "{\"a\":1}", false },
		{ "{\"dependencies\":{\"a\":[\"b\"]}}", "{\"b\":1}", true },
		{ "{\"dependencies\":{\"a\":{\"required\":[\"c\"]}}}", "{\"a\":1}", false },
		{ "{\"uniqueItems\":true}", "[1,2,1.0]", false },
		{ "{\"uniqueItems\":true}", "[1,\"1\",[1]]", true },
		{ "{\"contains\":{\"type\":\"string\"}}", "[1,\"a\"]", true },
		{ "{\"contains\":{\"type\":\"string\"}}", "[1]", false },
		{ "{\"multipleOf\":0.1}", "0.3", true },
		{ "{\"multipleOf\":2}", "3", false },
		{ "{\"if\":{\"type\":\"string\"},\"then\":{\"minLength\":2},\"else\":{"
		  "\"minimum\":2}}",
		  "\"a\"", false },
		{ "{\"if\":{\"type\":\"string\"},\"then\":{\"minLength\":2},\"else\":{"
		  "\"minimum\":2}}",
		  "3", true },
	};

	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		struct arena a = ARENA(1U << 20);
		struct err err = ERR_NONE;
		struct json *s, *v;

		T_EQ(json_parse(&a, str_of(cases[i].schema), NULL, &s, NULL), 0);
		T_EQ(json_parse(&a, str_of(cases[i].value), NULL, &v, NULL), 0);
		T_EQ(schema_check(s, v, &err), cases[i].fits ? 0 : -EINVAL);
		T_EQ(err.code, cases[i].fits ? 0 : -EINVAL);
		arena_fini(&a);
	}
}

TEST_MAIN({ "values fit their schema or are refused with a sentence", check })
