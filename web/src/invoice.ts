/* SPDX-License-Identifier: Apache-2.0 */
/* An invoice's lines under the headings of its page. */
import { parseMicro, sum } from "./lib/money";

export interface Charge {
  id: string;
  kind: "compute" | "storage" | "correction";
  workspace_name: string | null;
  workspace_id: string | null;
  resource: string | null;
  from: string;
  to: string;
  seconds: number;
  bytes: number;
  rate: string;
  free: boolean;
  amount: string;
  estimated: boolean;
  reason: string | null;
}

export interface Invoice {
  id: string;
  number: number;
  label: string;
  month: string;
  from: string;
  to: string;
  time_zone: string;
  account: { id: string; name: string; email: string };
  closed_at: string;
  usage: string;
  credit: string;
  due: string;
  currency: string;
  line_count: number;
  lines?: Charge[];
}

export interface Heading {
  key: string;
  kind: Charge["kind"];
  name: string;
  resource: string;
  seconds: number;
  micro: bigint;
  lines: Charge[];
}

/* Sessions by workspace and type, dearest first; then storage, then corrections. */
export function headings(lines: Charge[]): Heading[] {
  const found = new Map<string, Heading>();
  for (const c of lines) {
    const key = [c.kind, c.workspace_id ?? "", c.kind === "compute" ? (c.resource ?? "") : ""].join(" ");
    const h = found.get(key) ?? { key, kind: c.kind, name: c.workspace_name ?? "", resource: c.resource ?? "", seconds: 0, micro: 0n, lines: [] };
    h.seconds += c.seconds;
    h.micro = sum([h.micro, parseMicro(c.amount) ?? 0n]);
    h.lines.push(c);
    found.set(key, h);
  }
  const rank = { compute: 0, storage: 1, correction: 2 };
  return [...found.values()].sort((a, b) => rank[a.kind] - rank[b.kind] || (a.micro < b.micro ? 1 : a.micro > b.micro ? -1 : 0));
}
