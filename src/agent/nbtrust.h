/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Which notebooks the user trusts. A signature is the HMAC of what stands on
 * disk, under a secret in the user's data directory; the known ones are lines
 * of a file beside it. Nothing is trusted that the user did not run or bless.
 */
#pragma once

#include "agent/nbformat.h"

#define NBTRUST_HEX 64

struct agent;

/* The notebook must be in its disk form (nb_for_disk). */
MUST_CHECK int nbtrust_digest(const struct agent *a, const struct nb *nb,
                              char ret[NBTRUST_HEX + 1]);
bool nbtrust_known(const struct agent *a, const char hex[NBTRUST_HEX + 1]);
/* Best effort: a full disk loses the signature, not the notebook. */
void nbtrust_remember(const struct agent *a, const char hex[NBTRUST_HEX + 1]);
