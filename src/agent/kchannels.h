/* SPDX-License-Identifier: Apache-2.0 */
/* GET /api/kernels/<id>/channels: the browser's side of a kernel. */
#pragma once

#include "agent/call.h"

void kchannels_open(struct call *c);
