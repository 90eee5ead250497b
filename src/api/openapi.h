/* SPDX-License-Identifier: Apache-2.0 */
/* The OpenAPI 3.1 document, made from the route table. */
#pragma once

#include "base/buf.h"

void openapi_put(struct buf *b);
