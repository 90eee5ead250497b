/* SPDX-License-Identifier: Apache-2.0 */
/* Invoices: the list, and one as a sheet of paper that prints without the console around it. */
import { Fragment, type JSX } from "preact";
import { type Heading, type Invoice, headings } from "../invoice";
import { get, getAll } from "../lib/api";
import { csv, saveText } from "../lib/csv";
import { fixed } from "../lib/locale";
import { parseMicro, plain, rateCell } from "../lib/money";
import { atMs, day, dayClock, durationExact } from "../lib/time";
import { useLoad } from "../lib/use";
import { t } from "../text";
import { Icon } from "../ui/icons";
import { Empty, ErrorBanner, Money, SkeletonRows } from "../ui/parts";
import { usePage } from "../ui/shell";

const gb = (bytes: number) => `${fixed(bytes / 1e9, 1)} GB`;

export function InvoicesPage(): JSX.Element {
  usePage([{ text: t.usage.title, href: "/usage" }, { text: t.invoice.list }]);
  const list = useLoad(async () => (await getAll<Invoice>("/invoices")).items, []);
  return (
    <>
      <div class="page-head">
        <div>
          <h1>{t.invoice.list}</h1>
          <p class="sub-line">{t.invoice.sub}</p>
        </div>
      </div>
      <ErrorBanner error={list.error} onRetry={list.reload} title={t.invoice.failed} />
      {!list.data && list.slow && !list.error && (
        <div class="card">
          <SkeletonRows rows={3} label={t.loading} />
        </div>
      )}
      {list.data?.length === 0 && (
        <div class="card">
          <Empty art="usage" title={t.invoice.none} body={t.invoice.noneBody} />
        </div>
      )}
      {!!list.data?.length && (
        <div class="table-frame">
          <table class="table table-cards">
            <thead>
              <tr>
                <th scope="col">{t.invoice.title}</th>
                <th scope="col" class="hide">{t.invoice.closed}</th>
                <th scope="col" class="n hide">{t.invoice.lines}</th>
                <th scope="col" class="n hide">{t.invoice.usage}</th>
                <th scope="col" class="n hide">{t.invoice.credit}</th>
                <th scope="col" class="n">{t.invoice.due}</th>
              </tr>
            </thead>
            <tbody>
              {list.data.map((i) => (
                <tr key={i.id}>
                  <td class="wide">
                    <a class="name num" href={`/invoices/${i.number}`}>{i.label}</a>
                  </td>
                  <td class="num t2 hide">{day(atMs(i.closed_at))}</td>
                  <td class="n t2 hide">{i.line_count}</td>
                  <td class="n hide"><Money text={i.usage} currency={i.currency} /></td>
                  <td class="n hide"><Money text={i.credit} currency={i.currency} /></td>
                  <td class="n"><Money text={i.due} currency={i.currency} /></td>
                </tr>
              ))}
            </tbody>
          </table>
        </div>
      )}
    </>
  );
}

function Part({ h, currency }: { h: Heading; currency: string }): JSX.Element {
  const name = h.kind === "correction" ? t.invoice.corrections : h.name || t.invoice.workspace;
  /* A volume has a line a day: on paper they are one. */
  const lines = h.kind === "storage" ? [] : h.lines;
  const rates = [...new Set(h.lines.map((c) => c.rate))];
  return (
    <>
      <tr class="invoice-head">
        <td>{name}</td>
        <td class="mono">{h.kind === "storage" ? t.invoice.storage : h.kind === "compute" ? h.resource : ""}</td>
        <td class="n">{h.kind === "storage" ? gb(h.lines[h.lines.length - 1]!.bytes) : h.kind === "compute" ? durationExact(h.seconds) : ""}</td>
        <td class="n">{h.kind !== "correction" && rates.length === 1 ? rateCell(parseMicro(rates[0]!) ?? 0n) : ""}</td>
        <td class="n"><Money micro={h.micro} currency={currency} /></td>
      </tr>
      {lines.map((c) => (
        <tr class="invoice-line" key={c.id}>
          <td>
            {dayClock(atMs(c.from))}
            {c.kind === "correction" && c.reason ? ` ${c.reason}` : ""}
          </td>
          <td>{[c.free && t.invoice.free, c.estimated && t.usage.estimated].filter(Boolean).join(", ")}</td>
          <td class="n">{c.kind === "compute" ? durationExact(c.seconds) : ""}</td>
          <td class="n">{rates.length > 1 && c.kind === "compute" ? rateCell(parseMicro(c.rate) ?? 0n) : ""}</td>
          <td class="n"><Money text={c.amount} currency={currency} /></td>
        </tr>
      ))}
    </>
  );
}

function saveLines(i: Invoice): void {
  saveText(
    `carrel-invoice-${i.label}.csv`,
    "text/csv;charset=utf-8",
    csv([
      ["id", "kind", "workspace", "resource", "from", "to", "seconds", "bytes", "rate", "free", "amount", "currency", "reason"],
      ...i.lines!.map((c) => [c.id, c.kind, c.workspace_name ?? "", c.resource ?? "", c.from, c.to, String(c.seconds), String(c.bytes), c.rate, String(c.free), c.amount, i.currency, c.reason ?? ""]),
    ]),
  );
}

function Sheet({ i }: { i: Invoice }): JSX.Element {
  const parts = headings(i.lines ?? []);
  return (
    <article class="invoice-sheet">
      <header class="invoice-top">
        <p class="t2">{t.product}</p>
        <div class="right">
          <h1>{t.invoice.title}</h1>
          <p class="num t2">{i.label}</p>
        </div>
      </header>
      <section class="invoice-meta">
        <div>
          <p class="eyebrow">{t.invoice.for}</p>
          <p>{i.account.name}</p>
          <p class="t2">{i.account.email}</p>
        </div>
        <dl class="kv kv-left num">
          <dt>{t.invoice.period}</dt>
          <dd>{`${i.month} (${i.time_zone})`}</dd>
          <dt>{t.invoice.closed}</dt>
          <dd>{dayClock(atMs(i.closed_at))}</dd>
          <dt>{t.invoice.lines}</dt>
          <dd>{i.line_count}</dd>
        </dl>
        <div class="right">
          <p class="eyebrow">{t.invoice.due}</p>
          <p class="figure"><Money text={i.due} currency={i.currency} /></p>
        </div>
      </section>
      <table class="invoice-lines">
        <thead>
          <tr>
            <th scope="col">{t.invoice.what}</th>
            <th scope="col">{t.usage.type}</th>
            <th scope="col" class="n">{t.invoice.quantity}</th>
            <th scope="col" class="n">{t.invoice.rate}</th>
            <th scope="col" class="n">{t.invoice.amount}</th>
          </tr>
        </thead>
        <tbody>
          {parts.map((h) => (
            <Fragment key={h.key}>
              <Part h={h} currency={i.currency} />
            </Fragment>
          ))}
        </tbody>
      </table>
      <table class="invoice-total">
        <tbody>
          <tr>
            <td>{t.invoice.sum(i.line_count)}</td>
            <td class="n"><Money text={i.usage} currency={i.currency} /></td>
          </tr>
          <tr>
            <td>{t.invoice.creditUsed}</td>
            <td class="n"><Money micro={-(parseMicro(i.credit) ?? 0n)} currency={i.currency} /></td>
          </tr>
          <tr class="invoice-grand">
            <td>{t.invoice.due}</td>
            <td class="n">{`${plain(parseMicro(i.due) ?? 0n)} ${i.currency}`}</td>
          </tr>
        </tbody>
      </table>
      <p class="small t3">{t.invoice.rounding}</p>
    </article>
  );
}

export function InvoicePage({ id }: { id: string }): JSX.Element {
  const one = useLoad(() => get<Invoice>(`/invoices/${encodeURIComponent(id)}`), [id]);
  usePage([{ text: t.usage.title, href: "/usage" }, { text: t.invoice.list, href: "/invoices" }, { text: one.data?.label ?? id }]);
  const i = one.data;
  return (
    <>
      {i && (
        <div class="actions no-print invoice-actions">
          <button class="btn" type="button" onClick={() => saveLines(i)}>
            <Icon name="download" />
            {t.usage.csv}
          </button>
          <button class="btn" type="button" onClick={() => saveText(`carrel-invoice-${i.label}.json`, "application/json", JSON.stringify(i, null, 2))}>
            <Icon name="download" />
            {t.invoice.json}
          </button>
          <button class="btn" data-kind="primary" type="button" onClick={() => window.print()}>
            {t.invoice.print}
          </button>
        </div>
      )}
      <ErrorBanner error={one.error} onRetry={one.reload} title={t.invoice.oneFailed} />
      {!i && one.slow && !one.error && (
        <div class="card">
          <SkeletonRows rows={6} label={t.loading} />
        </div>
      )}
      {i && <Sheet i={i} />}
    </>
  );
}
