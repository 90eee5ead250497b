/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "agent/nbformat.h"

/* Formats 1 to 3 → 4.5, in place. */
MUST_CHECK int nb_upgrade(struct arena *a, struct nb *nb);
