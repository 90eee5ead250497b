/* SPDX-License-Identifier: Apache-2.0 */
import { describe, expect, it } from "vitest";
import type { Session, UsageLine, Workspace } from "./model";
import { linesOf, totalOf } from "./usage";

const month = { year: 2026, month: 10 };
const now = new Date(2026, 10, 21, 12).getTime();
const at = (day: number, hour: number) => new Date(2026, 10, day, hour).toISOString();

const line = (session: string, segment: number, amount: string, more: Partial<UsageLine> = {}): UsageLine => ({
  session_id: session, workspace_id: "w_1", segment, instance_type: "small", started_at: at(20, 9), stopped_at: at(20, 10),
  seconds: 3600.5, price_per_hour: "0.06", amount, estimated: false, ...more,
});
const running = (more: Partial<Session> = {}) =>
  ({
    id: "s_2", state: "running", started_at: at(21, 11), cost: "0.05", seconds: 3000, price_per_hour: "0.06", instance_type: "small",
    received_ms: now - 60_000, ...more,
  }) as Session;
const workspace = (session: Session | null) => ({ id: "w_1", name: "a", session, last_session: null }) as unknown as Workspace;
const ledger = (items: UsageLine[], amount: string) => ({ items, total: { amount, seconds: 3600.5, currency: "USD" } });

describe("usage", () => {
  it("adds one line for what runs, and its sum is the lines' sum", () => {
    const l = ledger([line("s_1", 0, "0.060008")], "0.060008");
    const lines = linesOf(l, [workspace(running())], month, now);
    expect(lines.map((x) => [x.session_id, x.open, x.name])).toEqual([["s_2", true, "a"], ["s_1", false, "a"]]);
    expect(lines[0]!.amount).toBe("0.051000");
    expect(lines[0]!.seconds).toBe(3060);
    const total = totalOf(l, lines);
    expect(total.micro).toBe(111_008n);
    expect(total.micro).toBe(lines.reduce((a, x) => a + x.micro, 0n));
    expect(total.seconds).toBe(6660.5);
  });

  it("counts nothing twice when a part of the running session is in the ledger", () => {
    const closed = line("s_2", 0, "0.02", { started_at: at(21, 11), stopped_at: new Date(2026, 10, 21, 11, 20).toISOString(), seconds: 1200 });
    const lines = linesOf(ledger([closed], "0.02"), [workspace(running())], month, now);
    expect(lines[0]).toMatchObject({ segment: 1, amount: "0.031000", seconds: 1860, started_at: closed.stopped_at });
    const known = { ...closed, stopped_at: null };
    expect(linesOf(ledger([known], "0.02"), [workspace(running())], month, now).length).toBe(1);
  });

  it("cuts what runs over the end of a month, so that the parts make the whole", () => {
    const to = new Date(2026, 11, 1).getTime();
    const late = to + 1_800_000; /* half past midnight, an hour and a half after the start */
    const s = running({ started_at: new Date(2026, 10, 30, 23).toISOString(), cost: "0.150001", price_per_hour: "0.10", seconds: 5400.04, received_ms: late });
    const of = (m: number) => linesOf(ledger([], "0"), [workspace(s)], { year: 2026, month: m }, late);
    expect(of(9)).toEqual([]);
    expect(of(10)).toMatchObject([{ started_at: s.started_at, stopped_at: new Date(to).toISOString(), open: false, seconds: 3600, amount: "0.100000" }]);
    expect(of(11)).toMatchObject([{ started_at: new Date(to).toISOString(), stopped_at: null, open: true, amount: "0.050001" }]);
    expect(of(11)[0]!.seconds).toBeCloseTo(1800.04);
  });

  it("has no line of what has not begun, and names deleted workspaces", () => {
    expect(linesOf(ledger([], "0"), [workspace(running({ state: "starting", started_at: null }))], month, now)).toEqual([]);
    const gone = linesOf(ledger([line("s_1", 0, "0.01", { workspace_id: "w_9" })], "0.01"), [], month, now);
    expect(gone[0]!.name).toBe("deleted workspace w_9");
  });
});
