/* SPDX-License-Identifier: Apache-2.0 */

/* Every word of what was typed stands somewhere in the text. */
export function matches(text: string, typed: string): boolean {
  const low = text.toLowerCase();
  return typed.toLowerCase().split(/\s+/).every((word) => low.includes(word));
}
