/* SPDX-License-Identifier: Apache-2.0 */
/* The month: used, expected, what is left of the budget, day by day; every figure leads to its lines. */
import type { JSX } from "preact";
import { useMemo } from "preact/hooks";
import { usedNow } from "../budget";
import { cents, parseMicro, plain, sum, whole } from "../lib/money";
import { useStore } from "../lib/store";
import { day, dayKey, dayLong, monthName, monthOf, monthRange } from "../lib/time";
import { live } from "../live";
import { t } from "../text";
import { type Line, linesOf, totalOf } from "../usage";
import { BudgetBar } from "./budget-card";

const SHOWN = 4;
const W = 338;
const BASE = 70;

export function MonthCard({ expected, now }: { expected: bigint | null; now: number }): JSX.Element {
  const me = useStore(live, (s) => s.me)!;
  const balance = useStore(live, (s) => s.balance);
  const ledger = useStore(live, (s) => s.month);
  const all = useStore(live, (s) => s.workspaces);
  const minute = Math.floor(now / 60_000) * 60_000;
  const month = monthOf(now);
  const lines = useMemo(() => (ledger ? linesOf(ledger, all ?? [], month, minute) : []), [ledger, all, minute]);
  const used = balance ? usedNow(balance, now) : ledger ? totalOf(ledger, lines).micro : null;
  const budget = balance?.budget ?? null;
  const amount = budget ? (parseMicro(budget.amount) ?? 0n) : null;
  const end = day(monthRange(month).to - 1);
  const words = [
    amount !== null && used !== null ? (used < amount ? t.home.left(cents(amount - used, me.currency)) : t.home.over) : "",
    expected !== null ? t.home.expected(cents(expected, me.currency), end) : "",
    balance && !budget ? t.home.noBudget : "",
  ].filter(Boolean).join(" ");
  return (
    <aside class="card" aria-labelledby="cost-h" data-tour="cost">
      <div class="card-head">
        <h2 class="h3" id="cost-h">{t.home.month}</h2>
        <a class="push small" href="/usage">{t.home.itemised}</a>
      </div>
      <div class="card-pad stack">
        <div>
          <p class="figure">
            <a class="plain" href="/usage">{used === null ? "\u2007" : cents(used, me.currency)}</a>
            {amount !== null && <span class="figure-unit">{t.home.of(whole(amount, me.currency))}</span>}
          </p>
          <p class="t3 small home-left">{words}</p>
        </div>
        {amount !== null && used !== null && <BudgetBar used={used} amount={amount} expected={expected ?? 0n} hard={budget!.hard} currency={me.currency} />}
        {lines.length > 0 && <DayStrip lines={lines} now={now} currency={me.currency} />}
        {lines.length > 0 && <ByWorkspace lines={lines} currency={me.currency} />}
      </div>
    </aside>
  );
}

function DayStrip({ lines, now, currency }: { lines: Line[]; now: number; currency: string }): JSX.Element {
  const month = monthOf(now);
  const { days } = monthRange(month);
  const by = new Map<string, bigint>();
  for (const l of lines) by.set(l.day, (by.get(l.day) ?? 0n) + l.micro);
  const columns = Array.from({ length: days }, (_, i) => {
    const at = new Date(month.year, month.month, i + 1).getTime();
    return { at, micro: by.get(dayKey(at)) ?? 0n };
  });
  const top = columns.reduce((a, c) => (c.micro > a ? c.micro : a), 0n);
  const max = Number(plain(top)) || 1;
  const step = W / days;
  const today = new Date(now).getDate();
  return (
    <div class="chart">
      <svg viewBox={`0 0 ${W} 86`} role="img" aria-label={t.home.byDay(monthName(month), cents(top, currency))}>
        <line class="base-line" x1="0" x2={W} y1={BASE + 0.5} y2={BASE + 0.5} />
        {columns.map((c, i) => {
          const h = c.at > now ? 1 : Math.max(0, (Number(plain(c.micro)) / max) * (BASE - 8));
          return h > 0 ? (
            <rect key={c.at} class={c.at > now ? "day-future" : "f1"} x={i * step + 1} y={BASE - h} width={step - 3} height={h} rx="1">
              <title>{`${dayLong(c.at)}, ${cents(c.micro, currency)}`}</title>
            </rect>
          ) : null;
        })}
        {[1, today, days].filter((d, i, a) => a.indexOf(d) === i && (i !== 0 || today > 3) && (i !== a.length - 1 || days - today > 3 || today === days)).map((d) => (
          <text key={d} x={d === 1 ? 2 : d === days ? W - 2 : (d - 0.5) * step} y="84" text-anchor={d === 1 ? "start" : d === days ? "end" : "middle"} class={d === today ? "today" : undefined}>{d}</text>
        ))}
      </svg>
    </div>
  );
}

function ByWorkspace({ lines, currency }: { lines: Line[]; currency: string }): JSX.Element {
  const by = new Map<string, Line[]>();
  for (const l of lines) by.set(l.name, [...(by.get(l.name) ?? []), l]);
  const ranked = [...by.entries()].map(([name, ls]) => ({ name, micro: sum(ls.map((l) => l.micro)) })).sort((a, b) => (b.micro > a.micro ? 1 : -1));
  return (
    <div>
      {ranked.slice(0, SHOWN).map((x) => (
        <p class="row home-line" key={x.name}>
          <a class="truncate plain" href={`/usage?q=${encodeURIComponent(x.name)}`}>{x.name}</a>
          <span class="push num t2">{cents(x.micro, currency)}</span>
        </p>
      ))}
    </div>
  );
}
