/* SPDX-License-Identifier: Apache-2.0 */
/* Usage: how much this month, then every line it is the sum of. CSV has exactly the visible lines. */
import type { JSX } from "preact";
import { useEffect, useMemo, useState } from "preact/hooks";
import { usedNow } from "../budget";
import { csv, saveText } from "../lib/csv";
import { cents, currencySign, parseMicro, sum } from "../lib/money";
import { setQuery, usePlace } from "../lib/router";
import { useStore } from "../lib/store";
import { dayLong, durationShort, monthAdd, monthKey, monthName, monthOf, monthRange, nowMs, parseMonth } from "../lib/time";
import { useLoad, useNow } from "../lib/use";
import { freshBalance, live, onSession } from "../live";
import { t } from "../text";
import { linesOf, readLedger, totalOf } from "../usage";
import { Icon } from "../ui/icons";
import { Empty, ErrorBanner, SkeletonRows } from "../ui/parts";
import { usePage } from "../ui/shell";
import { running, typeName } from "../words";
import { BudgetDialog } from "./budget-card";
import { BudgetFigure } from "./usage-budget";
import { DayBars } from "./usage-bars";
import { LinesTable } from "./usage-lines";

export function UsagePage(): JSX.Element {
  usePage([{ text: t.usage.title }]);
  const me = useStore(live, (s) => s.me)!;
  const all = useStore(live, (s) => s.workspaces);
  const types = useStore(live, (s) => s.types);
  const now = useNow();
  const { query } = usePlace();
  const q = new URLSearchParams(query);
  const present = monthOf(now);
  const month = parseMonth(q.get("month")) ?? present;
  const isPresent = monthKey(month) === monthKey(present);
  const { from, to } = monthRange(month);
  const list = useLoad(() => readLedger(month), [from]);
  useEffect(() => onSession((s) => s.state !== "running" && list.reload()), []);
  const balance = useStore(live, (s) => s.balance);
  const [editing, setEditing] = useState(false);

  const currency = list.data?.total.currency ?? me.currency;
  const lines = useMemo(() => (list.data ? linesOf(list.data, all ?? [], month, now) : []), [list.data, all, from, now]);

  const text = q.get("q") ?? "";
  const type = q.get("type") ?? "";
  const onlyDay = q.get("day") ?? "";
  const needle = text.toLowerCase();
  const visible = lines.filter((l) => (!needle || l.name.toLowerCase().includes(needle)) && (!type || l.what === type) && (!onlyDay || l.day === onlyDay));
  const filtered = visible.length !== lines.length;

  const seen = [...new Set(lines.map((l) => l.what))];
  const { micro: total, seconds } = list.data ? totalOf(list.data, lines) : { micro: 0n, seconds: 0 };
  const sessions = new Set(lines.map((l) => l.session_id).filter(Boolean)).size;
  const on = running(all).filter((w) => w.session!.state === "running");
  const rateNow = sum(on.map((w) => parseMicro(w.session!.price_per_hour) ?? 0n));
  const share = Math.max(1, Math.floor((now - from) / 1000));
  const pace = (total * BigInt(Math.floor((to - from) / 1000))) / BigInt(share);
  const name = monthName(month);
  const shift = (by: number) => {
    const m = monthAdd(month, by);
    setQuery({ month: monthKey(m) === monthKey(present) ? null : monthKey(m), day: null });
  };

  const used = balance ? usedNow(balance, now) : total;
  const budget = <BudgetFigure balance={balance} used={used} expected={pace} onChange={() => setEditing(true)} />;

  const save = () =>
    saveText(
      `carrel-usage-${monthKey(month)}.csv`,
      "text/csv;charset=utf-8",
      csv([
        ["workspace", "session", "segment", "instance_type", "started_at", "stopped_at", "seconds", "price_per_hour", "amount", "currency", "estimated", "kind", "free", "rate", "bytes", "id"],
        ...visible.map((l) => [
          l.name, l.session_id ?? "", String(l.segment), l.instance_type ?? "", l.started_at, l.stopped_at ?? "", String(l.seconds), l.price_per_hour ?? "", l.amount, currency,
          String(l.estimated), l.kind ?? "compute", String(l.free ?? false), l.rate ?? l.price_per_hour ?? "", String(l.bytes ?? 0), l.id ?? "",
        ]),
      ]),
    );

  return (
    <>
      <div class="page-head">
        <div>
          <h1>{t.usage.title}</h1>
          <p class="sub-line">{t.usage.sub}</p>
        </div>
        <div class="actions">
          <div class="btn-join month-join">
            <button class="btn btn-icon" type="button" data-repeat aria-label={t.usage.prev(monthName(monthAdd(month, -1)))} onClick={() => shift(-1)}>
              <Icon name="left" />
            </button>
            <span class="btn month-now">
              <Icon name="calendar" />
              {`${name} ${month.year}`}
            </span>
            <button class="btn btn-icon" type="button" data-repeat aria-label={t.usage.next(monthName(monthAdd(month, 1)))} disabled={isPresent} onClick={() => shift(1)}>
              <Icon name="right" />
            </button>
          </div>
          <a class="btn" href="/invoices">
            <Icon name="list" />
            {t.invoice.list}
          </a>
          {visible.length > 0 && (
            <button class="btn" type="button" aria-label={t.usage.csvHint} onClick={save}>
              <Icon name="download" />
              {t.usage.csv}
            </button>
          )}
        </div>
      </div>
      <ErrorBanner error={list.error} onRetry={list.reload} title={t.usage.failed} />
      {!list.data && list.slow && !list.error && (
        <div class="card">
          <SkeletonRows rows={6} label={t.loading} />
        </div>
      )}
      {list.data && !lines.length && isPresent && <section class="card figs">{budget}</section>}
      {list.data && !lines.length && (
        <div class="card">
          <Empty art="usage" title={t.usage.emptyTitle(name)} body={t.usage.emptyBody}>
            <a class="btn" href="/workspaces/new">{t.nav.newWorkspace}</a>
          </Empty>
        </div>
      )}
      {list.data && lines.length > 0 && (
        <>
          <section class="card figs">
            <div>
              <p class="eyebrow">{isPresent ? t.usage.soFar(name) : t.usage.inMonth(name)}</p>
              <p class="figure">{cents(total, currency)}</p>
              <p class="t3 small num">{t.usage.sessions(sessions, durationShort(seconds))}</p>
            </div>
            {isPresent && (
              <>
                <div>
                  <p class="eyebrow">{t.usage.now}</p>
                  <p class="figure">
                    {cents(rateNow, currency)}
                    <span class="figure-unit">{t.perHour}</span>
                  </p>
                  <p class="t3 small">{on.length ? t.usage.runs(on.length) : t.usage.nothingRuns}</p>
                </div>
                <div>
                  <p class="eyebrow">{t.usage.pace}</p>
                  <p class="figure">{cents(pace, currency)}</p>
                  <p class="t3 small">{t.usage.paceOn(dayLong(to - 1).replace(/^\S+ /, ""))}</p>
                </div>
                {budget}
              </>
            )}
          </section>
          <DayBars lines={lines} month={month} currency={currency} now={nowMs()} day={onlyDay} rest={pace - total} typeOf={(id) => (id === "storage" || id === "correction" ? t.usage.state[id]! : typeName(types, id))} onDay={(d) => setQuery({ day: d === onlyDay ? null : d })} />
          <section class="section">
            <div class="section-head section-center row-wrap">
              <h2>{t.usage.lines}</h2>
              <span class="push row row-wrap line-filters">
                {onlyDay && (
                  <button class="btn btn-s" type="button" onClick={() => setQuery({ day: null })}>
                    {t.usage.dayFilter(dayLong(new Date(`${onlyDay}T12:00:00`).getTime()))}
                    <Icon name="x" size="s" />
                  </button>
                )}
                <div class="affix">
                  <Icon name="search" />
                  <input class="input line-search" value={text} maxLength={100} placeholder={t.usage.filterHint} aria-label={t.usage.filter} onInput={(e) => setQuery({ q: e.currentTarget.value })} />
                </div>
                <select class="select type-select" aria-label={t.usage.typeFilter} value={type} onChange={(e) => setQuery({ type: e.currentTarget.value })}>
                  <option value="">{t.usage.allTypes}</option>
                  {seen.map((x) => (
                    <option key={x} value={x}>{x === "storage" || x === "correction" ? t.usage.state[x] : typeName(types, x)}</option>
                  ))}
                </select>
              </span>
            </div>
            <LinesTable
              lines={visible}
              currency={currency}
              total={filtered ? sum(visible.map((l) => l.micro)) : total}
              sumText={filtered ? t.usage.sumVisible(visible.length, lines.length) : t.usage.sum(isPresent ? t.usage.soFar(name) : name, lines.length)}
              types={types}
              rateHead={t.usage.rate(currencySign(currency))}
            />
            <p class="t3 small">{t.usage.note(Intl.DateTimeFormat().resolvedOptions().timeZone)}</p>
          </section>
        </>
      )}
      {editing && balance && (
        <BudgetDialog
          edit={{
            who: null, title: t.budget.dialog, amount: balance.budget?.amount ?? null, hard: balance.budget?.hard ?? true,
            etag: null, used, burn: parseMicro(balance.burn_per_hour) ?? 0n, currency,
          }}
          onClose={() => setEditing(false)}
          onDone={() => void freshBalance()}
        />
      )}
    </>
  );
}
