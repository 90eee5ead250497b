/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/csv.h"

static bool is_number(struct str s)
{
	size_t i = s.len && s.ptr[0] == '-';

	if (i == s.len)
		return false;
	for (; i < s.len; i++) {
		if ((s.ptr[i] < '0' || s.ptr[i] > '9') && s.ptr[i] != '.')
			return false;
	}
	return true;
}

void csv_cell(struct buf *b, struct str s, bool last)
{
	bool formula = s.len && strchr("=+-@\t\r", s.ptr[0]) && s.ptr[0] && !is_number(s);
	bool quote = formula;

	for (size_t i = 0; i < s.len; i++)
		quote |=
		    s.ptr[i] == ',' || s.ptr[i] == '"' || s.ptr[i] == '\n' || s.ptr[i] == '\r';
	if (quote)
		buf_put_c(b, '"');
	if (formula)
		buf_put_c(b, '\'');
	for (size_t i = 0; i < s.len; i++) {
		if (s.ptr[i] == '"')
			buf_put_c(b, '"');
		buf_put_c(b, s.ptr[i]);
	}
	if (quote)
		buf_put_c(b, '"');
	buf_put_z(b, last ? "\r\n" : ",");
}
