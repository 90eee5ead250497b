/* SPDX-License-Identifier: Apache-2.0 */
/* Closing a month: storage to its end, then an invoice for each owner. */
#pragma once

#include "api/call.h"
#include "core/month.h"

/* Takes the call over and answers it. The month is over. One is closed at a
 * time: while that goes on, 409. */
void closing_begin(struct call *c, const struct month *m);
