/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/csv.h"

#include "test.h"

static void cells_are_quoted_when_needed(void)
{
	struct buf b = BUF(1000);

	csv_cell(&b, STR("plain"), false);
	csv_cell(&b, STR("a,b"), false);
	csv_cell(&b, STR("say \"hi\"\n"), false);
	csv_cell(&b, STR(""), true);
	T_STR(buf_str(&b), STR("plain,\"a,b\",\"say \"\"hi\"\"\n\",\r\n"));
	buf_fini(&b);
}

static void a_name_is_no_formula(void)
{
	struct buf b = BUF(1000);

	csv_cell(&b, STR("=1+1"), false);
	csv_cell(&b, STR("@x"), false);
	csv_cell(&b, STR("-5.25"), false);
	csv_cell(&b, STR("-5+1"), true);
	T_STR(buf_str(&b), STR("\"'=1+1\",\"'@x\",-5.25,\"'-5+1\"\r\n"));
	buf_fini(&b);
}

TEST_MAIN({ "cells are quoted when needed", cells_are_quoted_when_needed },
          { "a name is no formula", a_name_is_no_formula })
