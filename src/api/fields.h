/* SPDX-License-Identifier: Apache-2.0 */
/* Bodies and query strings against a route's list of fields. */
#pragma once

#include "api/call.h"

/* False: the problem was sent. */
bool fields_body(struct call *c, struct str body);
bool fields_query(struct call *c);
