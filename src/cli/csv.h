/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "base/buf.h"

/* One cell of RFC 4180, with its comma or (last) CRLF. A text that a
 * spreadsheet would run as a formula gets an apostrophe in front. */
void csv_cell(struct buf *b, struct str s, bool last);
