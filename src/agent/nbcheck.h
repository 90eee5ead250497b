/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "agent/nbformat.h"

/* Sets nb->problem to the first thing that nbformat's schema would refuse, or
 * "". The notebook is shown all the same. */
void nb_check(struct nb *nb);
