# SPDX-License-Identifier: Apache-2.0
"""How many times longer than by itself a test waits for what has to come: `make test` runs three at once on shared CPUs. Only for
the ends of waits: how late something was is asserted by the records of it, which no patience changes."""

import os

PATIENCE = float(os.environ.get("CARREL_PATIENCE", "1"))
