/* SPDX-License-Identifier: Apache-2.0 */
/* Why a file is not open: each has its own page, and a way on. */

export type Trouble =
  | { kind: "missing" }
  | { kind: "offline" }
  | { kind: "large"; bytes: number }
  | { kind: "binary" } /* not UTF-8 */
  | { kind: "json"; why: string } /* a notebook that is no JSON */
  | { kind: "shape"; why: string } /* JSON that is no notebook */
  | { kind: "old"; version: string } /* nbformat 1 to 3 */
  | { kind: "new"; version: string } /* later than 4 */
  | { kind: "other"; why: string };

export class TroubleError extends Error {
  constructor(readonly trouble: Trouble) {
    super(trouble.kind);
  }
}
