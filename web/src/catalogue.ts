/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The catalogue's document, and one of its things as a form has it: texts, with numbers in the units that
 * people write. Nothing here talks to anybody.
 */
import { GB } from "./lib/size";

export interface NextPrice {
  from: string;
  price_per_hour: string;
}

export interface CatalogueType {
  id: string;
  name: string;
  cpu: number;
  memory_bytes: number;
  pids: number;
  gpu_class: string;
  gpu_count: number;
  preemptible: boolean;
  price_per_hour: string;
  next_prices: NextPrice[];
}

export interface Plan {
  id: string;
  name: string;
  sessions_max: number;
  storage_bytes_max: number;
  session_max_seconds: number;
  auto_stop_min_seconds: number;
  auto_stop_max_seconds: number;
  types: string[];
  private: boolean;
  free_seconds_per_month: number;
  credit_new: string;
  priority: number;
  price_mode: "keep" | "follow";
  notice_seconds: number;
  hold_seconds: number;
  default: boolean;
}

export interface Storage {
  price_per_gb_month: string;
  next_prices: { from: string; price_per_gb_month: string }[];
}

export interface Catalogue {
  version: number;
  currency: string;
  storage: Storage;
  instance_types: CatalogueType[];
  plans: Plan[];
}

export interface Difference {
  thing: "instance_type" | "plan" | "storage";
  id: string;
  what: "added" | "changed" | "retired";
  field: string | null;
  from: string | null;
  to: string | null;
  text: string;
}

export interface Touch {
  thing: string;
  id: string;
  accounts: number;
  workspaces: number;
  sessions: number;
}

export interface ChangeAnswer {
  changes: Difference[];
  touches: Touch[];
  warnings: string[];
  applied: boolean;
  version: number;
  catalogue: Catalogue;
}

/* What is in use, and what it has cost until now (newest first; from null: from the beginning). */
interface PastPrice {
  from: string | null;
  price_per_hour: string;
}

interface People {
  id: string;
  name: string;
  offered: boolean;
  accounts: number;
  workspaces: number;
  sessions: number;
}

export interface CatalogueUse {
  instance_types: (People & { prices: PastPrice[] })[];
  plans: People[];
  storage: { accounts: number; workspaces: number; prices: { from: string | null; price_per_gb_month: string }[] };
}

/* The prices of a draft's thing, as the panel shows them. */
export function pastOf(use: CatalogueUse | null, d: Draft): { from: string | null; rate: string }[] {
  if (d.thing === "storage") return (use?.storage.prices ?? []).map((p) => ({ from: p.from, rate: p.price_per_gb_month }));
  const type = d.thing === "instance_type" ? use?.instance_types.find((x) => x.id === d.id) : undefined;
  return (type?.prices ?? []).map((p) => ({ from: p.from, rate: p.price_per_hour }));
}

export type Thing = "instance_type" | "plan" | "storage";

/* What the side panel holds. id null: a new one. */
export interface Draft {
  thing: Thing;
  id: string | null;
  texts: Record<string, string>;
  flags: Record<string, boolean>;
  types: string[]; /* plan: its types; instance type: the plans that name it */
  price: string;
  from: string; /* of <input type=datetime-local>; "": from now on */
  keepPlanned: boolean;
  offered: boolean;
}

export interface NumberField {
  key: string;
  scale: number; /* bytes in a GiB, seconds in an hour */
}

const HOUR = 3600;
export const TYPE_NUMBERS: NumberField[] = [
  { key: "cpu", scale: 1 }, { key: "memory_bytes", scale: GB }, { key: "pids", scale: 1 }, { key: "gpu_count", scale: 1 },
];
export const PLAN_NUMBERS: NumberField[] = [
  { key: "sessions_max", scale: 1 }, { key: "storage_bytes_max", scale: GB }, { key: "session_max_seconds", scale: HOUR },
  { key: "auto_stop_min_seconds", scale: 60 }, { key: "auto_stop_max_seconds", scale: 60 },
  { key: "free_seconds_per_month", scale: HOUR }, { key: "priority", scale: 1 }, { key: "notice_seconds", scale: HOUR },
  { key: "hold_seconds", scale: 60 },
];

function numbersOf(o: object, fields: NumberField[]): Record<string, string> {
  const from = o as Record<string, number>;
  return Object.fromEntries(fields.map((f) => [f.key, String(Number(((from[f.key] ?? 0) / f.scale).toFixed(3)))]));
}

/* What is no number stays a text, and the server names the field. */
function number(text: string, scale: number): number | string {
  const plain = text.trim().replace(",", ".");
  if (!/^-?\d{1,12}(\.\d{1,6})?$/.test(plain)) return text;
  const value = Number(plain) * scale;
  return scale === 1 ? value : Math.round(value);
}

/* A text shows three decimals: where nobody changed it the document keeps its number, not the rounded one. */
function numbersInto(o: object, d: Draft, fields: NumberField[]): void {
  const to = o as Record<string, unknown>;
  const shown = numbersOf(o, fields);
  for (const f of fields) if (to[f.key] === undefined || d.texts[f.key] !== shown[f.key]) to[f.key] = number(d.texts[f.key] ?? "", f.scale);
}

const EMPTY: Omit<Draft, "thing" | "id"> = {
  texts: {}, flags: {}, types: [], price: "", from: "", keepPlanned: true, offered: true,
};

export function draftOfType(c: Catalogue, x: CatalogueType | null): Draft {
  const base = x ?? { cpu: 1, memory_bytes: 2 * GB, pids: 1024, gpu_count: 0 };
  return {
    ...EMPTY, thing: "instance_type", id: x?.id ?? null, price: x?.price_per_hour ?? "",
    texts: { id: x?.id ?? "", name: x?.name ?? "", gpu_class: x?.gpu_class ?? "", ...numbersOf(base, TYPE_NUMBERS) },
    flags: { preemptible: x?.preemptible ?? false },
    types: x ? c.plans.filter((p) => p.types.includes(x.id)).map((p) => p.id) : [],
  };
}

export function draftOfPlan(p: Plan | null): Draft {
  return {
    ...EMPTY, thing: "plan", id: p?.id ?? null,
    texts: {
      id: p?.id ?? "", name: p?.name ?? "", credit_new: p?.credit_new ?? "0.00", price_mode: p?.price_mode ?? "keep",
      ...numbersOf(p ?? { sessions_max: 5 }, PLAN_NUMBERS),
    },
    flags: { private: p?.private ?? true, default: p?.default ?? false },
    types: p?.types ?? ["*"],
  };
}

export function draftOfStorage(c: Catalogue): Draft {
  return { ...EMPTY, thing: "storage", id: "", price: c.storage.price_per_gb_month };
}

/* The price now and the planned ones, as the draft wants them. */
function prices<K extends string>(d: Draft, key: K, had: Record<string, unknown> | null): Record<string, unknown> {
  const planned = (d.keepPlanned && (had?.next_prices as { from: string }[] | undefined)) || [];
  if (!d.from || !had) return { [key]: d.price.trim(), next_prices: planned };
  const from = new Date(d.from).toISOString();
  const later = [...planned.filter((p) => p.from !== from), { from, [key]: d.price.trim() }];
  later.sort((a, b) => new Date(a.from).getTime() - new Date(b.from).getTime());
  return { [key]: had[key], next_prices: later };
}

function withType(c: Catalogue, d: Draft): Catalogue {
  const had = c.instance_types.find((x) => x.id === d.id) ?? null;
  const id = d.id ?? (d.texts.id ?? "").trim();
  const x = {
    ...(had ?? {}), id, name: (d.texts.name ?? "").trim(), gpu_class: (d.texts.gpu_class ?? "").trim(),
    preemptible: !!d.flags.preemptible, ...prices(d, "price_per_hour", had as Record<string, unknown> | null),
  } as CatalogueType;
  numbersInto(x, d, TYPE_NUMBERS);
  const others = c.instance_types.filter((t) => t.id !== d.id);
  return {
    ...c,
    instance_types: d.offered ? (had ? c.instance_types.map((t) => (t === had ? x : t)) : [...others, x]) : others,
    plans: c.plans.map((p) => {
      if (p.types.includes("*")) return p;
      const has = p.types.includes(id), wants = d.offered && d.types.includes(p.id);
      return has === wants ? p : { ...p, types: wants ? [...p.types, id] : p.types.filter((t) => t !== id) };
    }),
  };
}

function withPlan(c: Catalogue, d: Draft): Catalogue {
  const had = c.plans.find((x) => x.id === d.id);
  const p = {
    ...(had ?? {}), id: d.id ?? (d.texts.id ?? "").trim(), name: (d.texts.name ?? "").trim(),
    types: d.types.includes("*") ? ["*"] : d.types, private: !!d.flags.private, default: !!d.flags.default,
    credit_new: (d.texts.credit_new ?? "").trim(), price_mode: d.texts.price_mode,
  } as Plan;
  numbersInto(p, d, PLAN_NUMBERS);
  const kept = c.plans.filter((x) => x.id !== d.id).map((x) => (p.default && x.default ? { ...x, default: false } : x));
  if (!d.offered) return { ...c, plans: kept };
  if (!had) return { ...c, plans: [...kept, p] };
  return { ...c, plans: c.plans.map((x) => (x === had ? p : kept.find((k) => k.id === x.id)!)) };
}

export function withDraft(c: Catalogue, d: Draft): Catalogue {
  if (d.thing === "instance_type") return withType(c, d);
  if (d.thing === "plan") return withPlan(c, d);
  return { ...c, storage: prices(d, "price_per_gb_month", c.storage as unknown as Record<string, unknown>) as unknown as Storage };
}

/* The thing of a draft as a catalogue has it now; null: it is not there (any more). */
export function draftIn(c: Catalogue, d: Draft): Draft | null {
  if (d.thing === "storage") return draftOfStorage(c);
  const id = d.id ?? d.texts.id;
  const type = d.thing === "instance_type" && c.instance_types.find((x) => x.id === id);
  const plan = d.thing === "plan" && c.plans.find((x) => x.id === id);
  return type ? draftOfType(c, type) : plan ? draftOfPlan(plan) : null;
}

const PRICES = ["price_per_hour", "price_per_gb_month", "next_prices"];

/* The document's fields that somebody has changed in the form. */
export function touched(from: Draft, to: Draft): Set<string> {
  const out = new Set<string>();
  for (const k of Object.keys(to.texts)) if (to.texts[k] !== from.texts[k]) out.add(k);
  for (const k of Object.keys(to.flags)) if (to.flags[k] !== from.flags[k]) out.add(k);
  if (to.types.join(" ") !== from.types.join(" ")) out.add("types");
  if (to.price !== from.price || to.from !== from.from || to.keepPlanned !== from.keepPlanned) PRICES.forEach((k) => out.add(k));
  return out;
}

/* What was touched stays mine; the rest is as they have made it. */
export function merge(from: Draft, mine: Draft, theirs: Draft): Draft {
  const t = touched(from, mine);
  const pick = <V>(a: Record<string, V>, b: Record<string, V>): Record<string, V> =>
    Object.fromEntries(Object.keys(a).map((k) => [k, (t.has(k) ? a[k] : b[k])!]));
  return {
    ...mine, id: theirs.id, texts: pick(mine.texts, theirs.texts), flags: pick(mine.flags, theirs.flags),
    types: t.has("types") ? mine.types : theirs.types, price: t.has("next_prices") ? mine.price : theirs.price,
  };
}

/* "instance_types.3.price_per_hour" -> "price_per_hour"; what is about prices stands at the price. */
export function fieldOf(place: string): string {
  const parts = place.split(".");
  if (parts.includes("next_prices")) return parts[parts.length - 1] === "from" ? "from" : "price";
  const last = parts[parts.length - 1] ?? "";
  return last.startsWith("price_per_") ? "price" : last;
}
