/* SPDX-License-Identifier: Apache-2.0 */
/* What a start would cost, asked of the platform whenever the choice changes; amber when the budget ends first. */
import type { JSX } from "preact";
import { useEffect, useState } from "preact/hooks";
import type { Estimate } from "../budget";
import { get } from "../lib/api";
import { cents, parseMicro } from "../lib/money";
import { atMs, clock, dayKey, dayLong, nowMs } from "../lib/time";
import { t } from "../text";
import { Icon } from "./icons";

/* null until it is known: nothing waits for it. */
export function useEstimate(path: string | null): Estimate | null {
  const [state, set] = useState<{ path: string; data: Estimate } | null>(null);
  useEffect(() => {
    if (!path) return;
    let gone = false;
    const timer = setTimeout(() => {
      get<Estimate>(path, { tries: 1 }).then((data) => !gone && set({ path, data }), () => undefined);
    }, 120);
    return () => {
      gone = true;
      clearTimeout(timer);
    };
  }, [path]);
  return state?.data ?? null;
}

export function estimatePath(workspace: string | null, q: { instance_type?: string | undefined; storage_bytes?: number; auto_stop_seconds?: number }): string {
  const p = new URLSearchParams();
  for (const [k, v] of Object.entries(q)) if (v !== undefined && v !== "" && !Number.isNaN(v)) p.set(k, String(v));
  return `${workspace ? `/workspaces/${encodeURIComponent(workspace)}` : ""}/estimate?${p.toString()}`;
}

export function momentText(at: string | null, now = nowMs()): string {
  const ms = atMs(at);
  return dayKey(ms) === dayKey(now) ? clock(ms) : `${dayLong(ms)} ${clock(ms)}`;
}

/* One sentence under the price: what is left, or when it ends. */
export function BudgetNote({ estimate, month }: { estimate: Estimate | null; month: string }): JSX.Element {
  const left = estimate?.budget_left ? (parseMicro(estimate.budget_left) ?? 0n) : null;
  const words = () => {
    if (!estimate) return t.create.budget;
    if (estimate.over_budget) return `${estimate.note ?? ""}${estimate.ends_at && left !== null && left > 0n ? ` ${t.budget.usedUpAt(momentText(estimate.ends_at))}` : ""}`;
    if (left !== null) return t.budget.left(cents(left, estimate.currency), month);
    return estimate.note ?? t.create.budget;
  };
  return (
    <div class="banner banner-s estimate-note" data-kind={estimate?.over_budget ? "warn" : undefined} role="status">
      <Icon name={estimate?.over_budget ? "alert" : "coin"} />
      <div class="banner-body small">{words()}</div>
    </div>
  );
}
