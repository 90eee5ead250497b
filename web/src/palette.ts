/* SPDX-License-Identifier: Apache-2.0 */
/* What the palette offers for what was typed: matched and in order, without any drawing. */
import type { Part } from "./desk";

export interface Offer {
  id: string;
  group: "recent" | "files" | "workspaces" | "commands" | "pages";
  text: string;
  also?: string; /* lighter, beside it */
  end?: string; /* at the right */
  words?: string; /* what it is found by too */
  parts?: Part[]; /* found by the server: marked there */
}

/* Where q stands in text: as a whole, else letter by letter at the starts of words; null when it does not. */
export function matchOf(text: string, q: string): { score: number; parts: Part[] } | null {
  const needle = q.trim().toLowerCase();
  if (!needle) return { score: 0, parts: [{ text, match: false }] };
  const low = text.toLowerCase();
  const at = low.indexOf(needle);
  if (at >= 0 && low.length === text.length) {
    const start = at === 0 || /[\s\-_./]/.test(low[at - 1]!);
    return {
      score: at === 0 ? 0 : start ? 1 : 2,
      parts: [
        { text: text.slice(0, at), match: false },
        { text: text.slice(at, at + needle.length), match: true },
        { text: text.slice(at + needle.length), match: false },
      ].filter((p) => p.text),
    };
  }
  const words = needle.split(/\s+/);
  if (words.length > 1 && words.every((w) => low.includes(w))) return { score: 3, parts: [{ text, match: false }] };
  return null;
}

export interface Ranked<T extends Offer> {
  offer: T;
  parts: Part[];
}

const ORDER = ["recent", "files", "workspaces", "commands", "pages"] as const;
const ROOM: Record<Offer["group"], number> = { recent: 5, files: 6, workspaces: 5, commands: 6, pages: 8 };

/* Groups in their order, the best first in each, no thing twice. Without words: what was used last, then the pages. */
export function rank<T extends Offer>(all: T[], q: string, recent: string[]): { group: Offer["group"]; items: Ranked<T>[] }[] {
  const hits: { offer: T; parts: Part[]; score: number }[] = [];
  for (const offer of all) {
    if (offer.parts) {
      hits.push({ offer, parts: offer.parts, score: 0 });
      continue;
    }
    const m = matchOf(offer.text, q) ?? (offer.words && matchOf(offer.words, q) ? { score: 4, parts: [{ text: offer.text, match: false }] } : null);
    if (m) hits.push({ offer, ...m });
  }
  const used = new Map(recent.map((id, i) => [id, i]));
  const groupOf = (o: T): Offer["group"] => (!q.trim() && used.has(o.id) ? "recent" : o.group);
  return ORDER.map((group) => ({
    group,
    items: hits
      .filter((h) => groupOf(h.offer) === group)
      .sort((a, b) => a.score - b.score || (used.get(a.offer.id) ?? 99) - (used.get(b.offer.id) ?? 99))
      .slice(0, ROOM[group])
      .map(({ offer, parts }) => ({ offer, parts })),
  })).filter((g) => g.items.length);
}
