/* SPDX-License-Identifier: Apache-2.0 */
/* Which cells are selected: all from the anchor to the active one, in the order of the document. */

export function selected(ids: readonly string[], active: string | null, anchor: string | null): string[] {
  const a = active === null ? -1 : ids.indexOf(active);
  if (a < 0) return [];
  const b = anchor === null ? a : ids.indexOf(anchor);
  return b < 0 ? [ids[a]!] : ids.slice(Math.min(a, b), Math.max(a, b) + 1);
}

/* The cell so many further down among those that are shown; stays at the ends. */
export function step(shown: readonly string[], active: string | null, by: number): string | null {
  if (!shown.length) return null;
  const at = active === null ? -1 : shown.indexOf(active);
  if (at < 0) return by > 0 ? shown[0]! : shown[shown.length - 1]!;
  return shown[Math.min(shown.length - 1, Math.max(0, at + by))]!;
}

/* Where one is when these are gone: at the cell after them, else at the one before. */
export function afterRemoval(ids: readonly string[], gone: ReadonlySet<string>): string | null {
  let last = -1;
  ids.forEach((id, i) => {
    if (gone.has(id)) last = i;
  });
  for (let i = last + 1; i < ids.length; i++) if (!gone.has(ids[i]!)) return ids[i]!;
  for (let i = last - 1; i >= 0; i--) if (!gone.has(ids[i]!)) return ids[i]!;
  return null;
}
