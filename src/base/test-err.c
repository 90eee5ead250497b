/* SPDX-License-Identifier: Apache-2.0 */
#include "base/err.h"

#include <errno.h>

#include "base/encode.h"
#include "test.h"

static void context_goes_in_front(void)
{
	struct err err = ERR_NONE;

	errno = ENOENT;
	T_EQ(ERR(&err, -errno, "open %s: %m", "x"), -ENOENT);
	T_EQ(errno, ENOENT);
	T_STREQ(err.msg, "open x: No such file or directory");
	T_EQ(err.code, -ENOENT);
	T_OK(strstr(err.file, "test-err.c") && err.line > 0);
	T_EQ(err_wrap(&err, err.code, "start %d", 7), -ENOENT);
	T_STREQ(err.msg, "start 7: open x: No such file or directory");
}

static void no_error_wanted_is_fine(void)
{
	T_EQ(ERR(NULL, -EINVAL, "x"), -EINVAL);
	T_EQ(err_wrap(NULL, -EINVAL, "x"), -EINVAL);
}

static void wrapping_nothing_leaves_no_colon(void)
{
	struct err err = ERR_NONE;

	T_EQ(err_wrap(&err, -EIO, "outer %% %s", "x"), -EIO);
	T_STREQ(err.msg, "outer % x");
	T_EQ(err.code, -EIO);
}

static void long_messages_are_cut_between_characters(void)
{
	struct err err = ERR_NONE;

	for (int pad = 0; pad < 4; pad++) {
		char text[400] = { 0 };

		for (size_t i = 0; i < 100; i++)
			memcpy(text + pad + 3 * i, "\xe2\x82\xac", 3);
		memset(text, 'x', (size_t)pad);
		(void)ERR(&err, -EIO, "%s", text);
		T_OK(strlen(err.msg) > sizeof(err.msg) - 5 && utf8_valid(str_of(err.msg)));
		(void)err_wrap(&err, -EIO, "more %d", pad);
		T_OK(strlen(err.msg) > sizeof(err.msg) - 5 && utf8_valid(str_of(err.msg)));
		(void)err_wrap(&err, -EIO, "%s", text);
		T_OK(utf8_valid(str_of(err.msg)));
	}
}

TEST_MAIN({ "context goes in front", context_goes_in_front },
          { "no error wanted is fine", no_error_wanted_is_fine },
          { "wrapping nothing leaves no colon", wrapping_nothing_leaves_no_colon },
          { "long messages are cut between characters",
            long_messages_are_cut_between_characters })
