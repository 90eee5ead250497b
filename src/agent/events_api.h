/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "agent/call.h"

call_fn events_subscribe, events_post;
