/* SPDX-License-Identifier: Apache-2.0 */
import { describe, expect, it } from "vitest";
import { type Catalogue, draftOfPlan, draftOfStorage, draftOfType, fieldOf, merge, touched, withDraft } from "./catalogue";

const plan = {
  id: "std", name: "Standard", sessions_max: 3, storage_bytes_max: 0, session_max_seconds: 43200, auto_stop_min_seconds: 0,
  auto_stop_max_seconds: 5400, types: ["*"], private: true, free_seconds_per_month: 0, credit_new: "0.00", priority: 10,
  price_mode: "keep" as const, notice_seconds: 28800, hold_seconds: 600, default: true,
};
const c: Catalogue = {
  version: 4, currency: "USD",
  storage: { price_per_gb_month: "0.10", next_prices: [] },
  instance_types: [
    { id: "small", name: "Small", cpu: 0.5, memory_bytes: 2 ** 30 * 1.5, pids: 1024, gpu_class: "", gpu_count: 0, preemptible: false, price_per_hour: "0.06", next_prices: [] },
    { id: "big", name: "Big", cpu: 4, memory_bytes: 2 ** 33, pids: 1024, gpu_class: "t4", gpu_count: 1, preemptible: true, price_per_hour: "0.7364",
      next_prices: [{ from: "2030-01-01T00:00:00.000000Z", price_per_hour: "0.80" }] },
  ],
  plans: [plan, { ...plan, id: "few", types: ["small"], default: false }],
};

describe("a draft", () => {
  it("that nobody has changed changes nothing", () => {
    for (const x of c.instance_types) expect(withDraft(c, draftOfType(c, x))).toEqual(c);
    for (const p of c.plans) expect(withDraft(c, draftOfPlan(p))).toEqual(c);
    expect(withDraft(c, draftOfStorage(c))).toEqual(c);
  });

  it("keeps a number that its text rounds, unless somebody writes another", () => {
    const odd = { ...c, instance_types: [{ ...c.instance_types[0]!, memory_bytes: 4_000_000_000 }], plans: [{ ...plan, free_seconds_per_month: 1000 }] };
    const d = draftOfType(odd, odd.instance_types[0]!);
    expect(d.texts.memory_bytes).toBe("3.725");
    expect(withDraft(odd, d)).toEqual(odd);
    expect(withDraft(odd, draftOfPlan(odd.plans[0]!))).toEqual(odd);
    expect(withDraft(odd, { ...d, texts: { ...d.texts, memory_bytes: "3.5" } }).instance_types[0]!.memory_bytes).toBe(3.5 * 2 ** 30);
    const made = withDraft(odd, { ...draftOfType(odd, null), texts: { ...draftOfType(odd, null).texts, id: "new" } }).instance_types[1]!;
    expect(made).toMatchObject({ cpu: 1, memory_bytes: 2 ** 31, gpu_count: 0 });
  });

  it("keeps prices as texts, and plans one without touching the present", () => {
    const d = { ...draftOfType(c, c.instance_types[0]!), price: " 0.123456 " };
    expect(withDraft(c, d).instance_types[0]!.price_per_hour).toBe("0.123456");
    const later = withDraft(c, { ...d, from: "2029-05-01T00:00" }).instance_types[0]!;
    expect(later.price_per_hour).toBe("0.06");
    expect(later.next_prices).toEqual([{ from: new Date("2029-05-01T00:00").toISOString(), price_per_hour: "0.123456" }]);
  });

  it("takes planned prices back, or puts another before them", () => {
    const d = draftOfType(c, c.instance_types[1]!);
    expect(withDraft(c, { ...d, keepPlanned: false }).instance_types[1]!.next_prices).toEqual([]);
    const two = withDraft(c, { ...d, price: "0.9", from: "2029-05-01T00:00" }).instance_types[1]!.next_prices;
    expect(two.map((p) => p.price_per_hour)).toEqual(["0.9", "0.80"]);
  });

  it("retires a type and takes it out of the plans that name it", () => {
    const w = withDraft(c, { ...draftOfType(c, c.instance_types[0]!), offered: false });
    expect(w.instance_types.map((x) => x.id)).toEqual(["big"]);
    expect(w.plans.map((p) => p.types)).toEqual([["*"], []]);
  });

  it("gives a type to a plan", () => {
    const d = draftOfType(c, c.instance_types[1]!);
    expect(withDraft(c, { ...d, types: ["few"] }).plans[1]!.types).toEqual(["small", "big"]);
  });

  it("moves the default with its mark", () => {
    const d = draftOfPlan(c.plans[1]!);
    const w = withDraft(c, { ...d, flags: { ...d.flags, default: true } });
    expect(w.plans.map((p) => p.default)).toEqual([false, true]);
  });

  it("that met another's change keeps what was touched, and takes the rest from them", () => {
    const from = draftOfPlan(c.plans[0]!);
    const mine = { ...from, texts: { ...from.texts, sessions_max: "7" } };
    const theirs = draftOfPlan({ ...c.plans[0]!, sessions_max: 6, priority: 99, types: ["big"] });
    expect([...touched(from, mine)]).toEqual(["sessions_max"]);
    const both = merge(from, mine, theirs);
    expect([both.texts.sessions_max, both.texts.priority, both.types]).toEqual(["7", "99", ["big"]]);
  });

  it("leaves what is no number to the server, which names the field", () => {
    const d = draftOfPlan(c.plans[0]!);
    const w = withDraft(c, { ...d, texts: { ...d.texts, sessions_max: "many" } });
    expect(w.plans[0]!.sessions_max as unknown).toBe("many");
    expect(fieldOf("plans.0.sessions_max")).toBe("sessions_max");
    expect(fieldOf("instance_types.2.next_prices.0.from")).toBe("from");
    expect(fieldOf("storage.price_per_gb_month")).toBe("price");
  });
});
