/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "agent/call.h"

/* /api/config/<section>: small JSON objects of the front end. */
call_fn config_get, config_put, config_patch;
