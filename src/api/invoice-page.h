/* SPDX-License-Identifier: Apache-2.0 */
/*
 * An invoice as a page of its own, to keep and to print on A4: no script, no
 * address that it would load anything from, and whatever a person wrote is
 * escaped. It leaves as a download only (call.h, CONTENT_PAGE).
 */
#pragma once

#include "store/invoices.h"

MUST_CHECK int invoice_page(struct db *db, const struct invoice *i, const char *zone,
                            struct buf *b);
/* s for the text of an element or of an attribute in double quotes. */
void html_text(struct buf *b, const char *s);
