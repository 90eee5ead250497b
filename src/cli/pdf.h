/* SPDX-License-Identifier: Apache-2.0 */
/* A page becomes a PDF by a Chromium that is found on this machine. */
#pragma once

#include "cli/cli.h"

/* Says why it failed; the exit code. */
int pdf_print(struct cli *c, struct str html, const char *path);
