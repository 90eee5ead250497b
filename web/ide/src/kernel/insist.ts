/* SPDX-License-Identifier: Apache-2.0 */
/* A question that is asked until there is an answer, with growing pauses. */
const FIRST_MS = 1000;
const LONGEST_MS = 15_000;

/* false: it does not matter any more. */
export async function insist(ask: () => Promise<boolean>, matters: () => boolean): Promise<boolean> {
  for (let pause = FIRST_MS; !(await ask()); pause = Math.min(2 * pause, LONGEST_MS)) {
    await new Promise((resolve) => setTimeout(resolve, pause));
    if (!matters()) return false;
  }
  return matters();
}
