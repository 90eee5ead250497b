/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "base/str.h"

/* Media type by file name, as Python's mimetypes with Debian's table would
 * say for the names that notebooks meet; NULL when it can't be told. */
const char *mime_guess(struct str name);
bool mime_is_text(const char *mime); /* text/plain: gets a charset */
