/* SPDX-License-Identifier: Apache-2.0 */
/* Administration: what everybody used in a month, summed by person, workspace, type or day. */
import type { JSX } from "preact";
import { get } from "../lib/api";
import { csv, saveText } from "../lib/csv";
import { cents, parseMicro } from "../lib/money";
import { setQuery, usePlace } from "../lib/router";
import { useStore } from "../lib/store";
import { durationExact, monthAdd, monthKey, monthName, monthOf, monthRange, parseMonth } from "../lib/time";
import { useLoad, useNow } from "../lib/use";
import { live } from "../live";
import type { UsageTotal } from "../model";
import { t } from "../text";
import { Icon } from "../ui/icons";
import { Bar, Empty, ErrorBanner, Money, SkeletonRows } from "../ui/parts";
import { usePage } from "../ui/shell";
import { typeName } from "../words";

const GROUPS = ["account", "workspace", "type", "day"] as const;
type Group = (typeof GROUPS)[number];

interface Sum {
  key: string;
  name: string;
  amount: string;
  seconds: number;
  free_seconds: number;
  lines: number;
}

interface Sums {
  items: Sum[];
  total: UsageTotal & { free_seconds: number; lines: number };
}

function groupOf(text: string | null): Group {
  return GROUPS.find((g) => g === text) ?? "account";
}

export function AdminUsagePage(): JSX.Element {
  usePage([{ text: t.nav.administration }, { text: t.adminMoney.usage }]);
  const types = useStore(live, (s) => s.types);
  const me = useStore(live, (s) => s.me)!;
  const q = new URLSearchParams(usePlace().query);
  const by = groupOf(q.get("by"));
  const present = monthOf(useNow(60_000));
  const month = parseMonth(q.get("month")) ?? present;
  const isPresent = monthKey(month) === monthKey(present);
  const { from, to } = monthRange(month);
  const range = `from=${encodeURIComponent(new Date(from).toISOString())}&to=${encodeURIComponent(new Date(to).toISOString())}`;
  const list = useLoad(() => get<Sums>(`/usage?all=true&group=${by}&${range}`), [by, from]);
  const currency = list.data?.total.currency ?? me.currency;
  const top = list.data?.items.reduce((a, x) => ((parseMicro(x.amount) ?? 0n) > a ? parseMicro(x.amount)! : a), 0n) ?? 0n;
  const name = (x: Sum) => (by === "type" ? (x.key === "storage" ? t.usage.state.storage! : typeName(types, x.key) || t.usage.correction) : x.name || t.usage.noWorkspace);
  const shift = (by: number) => {
    const m = monthAdd(month, by);
    setQuery({ month: monthKey(m) === monthKey(present) ? null : monthKey(m) });
  };
  const save = () =>
    saveText(
      `carrel-usage-${monthKey(month)}-by-${by}.csv`,
      "text/csv;charset=utf-8",
      csv([
        [by, "id", "amount", "currency", "seconds", "free_seconds", "lines"],
        ...list.data!.items.map((x) => [name(x), x.key, x.amount, currency, String(x.seconds), String(x.free_seconds), String(x.lines)]),
      ]),
    );
  return (
    <>
      <div class="page-head">
        <div>
          <h1>{t.adminMoney.usage}</h1>
          <p class="sub-line">{t.adminMoney.usageSub}</p>
        </div>
        <div class="actions">
          <div class="btn-join month-join">
            <button class="btn btn-icon" type="button" data-repeat aria-label={t.usage.prev(monthName(monthAdd(month, -1)))} onClick={() => shift(-1)}>
              <Icon name="left" />
            </button>
            <span class="btn month-now">
              <Icon name="calendar" />
              {`${monthName(month)} ${month.year}`}
            </span>
            <button class="btn btn-icon" type="button" data-repeat aria-label={t.usage.next(monthName(monthAdd(month, 1)))} disabled={isPresent} onClick={() => shift(1)}>
              <Icon name="right" />
            </button>
          </div>
          {!!list.data?.items.length && (
            <button class="btn" type="button" aria-label={t.usage.csvHint} onClick={save}>
              <Icon name="download" />
              {t.usage.csv}
            </button>
          )}
        </div>
      </div>
      <div class="row row-wrap">
        <span class="t3 small">{t.adminMoney.by}</span>
        <div class="seg" role="group" aria-label={t.adminMoney.by}>
          {GROUPS.map((g) => (
            <button type="button" key={g} aria-pressed={by === g} onClick={() => setQuery({ by: g === "account" ? null : g })}>
              {t.adminMoney.groups[g]}
            </button>
          ))}
        </div>
      </div>
      <ErrorBanner error={list.error} onRetry={list.reload} title={t.adminMoney.failed} />
      {!list.data && list.slow && !list.error && (
        <div class="card">
          <SkeletonRows rows={6} label={t.loading} />
        </div>
      )}
      {list.data && !list.data.items.length && (
        <div class="card">
          <Empty art="usage" title={t.adminMoney.nothing(monthName(month))} body={t.adminMoney.nothingBody} />
        </div>
      )}
      {!!list.data?.items.length && (
        <div class="table-frame compact">
          <table class="table table-cards usage-table">
            <thead>
              <tr>
                <th scope="col">{t.adminMoney.groups[by]}</th>
                <th scope="col" class="hide">{t.adminMoney.share}</th>
                <th scope="col" class="n hide">{t.adminMoney.lines}</th>
                <th scope="col" class="n">{t.adminMoney.time}</th>
                <th scope="col" class="n hide">{t.adminMoney.free}</th>
                <th scope="col" class="n">{t.adminMoney.amount}</th>
              </tr>
            </thead>
            <tbody>
              {list.data.items.map((x) => (
                <tr key={x.key}>
                  <td class="wide">{name(x)}</td>
                  <td class="hide share">
                    <Bar part={top > 0n ? Number(((parseMicro(x.amount) ?? 0n) * 1000n) / top) / 1000 : 0} />
                  </td>
                  <td class="n t2 hide">{x.lines}</td>
                  <td class="n">{durationExact(x.seconds)}</td>
                  <td class="n t2 hide">{x.free_seconds ? durationExact(x.free_seconds) : ""}</td>
                  <td class="n">
                    <Money text={x.amount} currency={currency} />
                  </td>
                </tr>
              ))}
            </tbody>
            <tfoot>
              <tr>
                <td colSpan={5}>{`${t.adminMoney.total(monthName(month))}, ${cents(parseMicro(list.data.total.amount) ?? 0n, currency)}`}</td>
                <td class="n">
                  <Money text={list.data.total.amount} currency={currency} />
                </td>
              </tr>
            </tfoot>
          </table>
        </div>
      )}
    </>
  );
}
