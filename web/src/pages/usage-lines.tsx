/* SPDX-License-Identifier: Apache-2.0 */
/* Lines grouped by day, newest first; the sum is the last row and stays in view. */
import type { JSX } from "preact";
import { useMemo } from "preact/hooks";
import { parseMicro, rateCell, sum } from "../lib/money";
import { size } from "../lib/size";
import { atMs, clock, day, dayKey, dayLong, durationExact } from "../lib/time";
import type { InstanceType } from "../model";
import { t } from "../text";
import { LongTable } from "../ui/long-table";
import { Money } from "../ui/parts";
import { typeName } from "../words";
import type { Line } from "../usage";

interface Props {
  lines: Line[];
  currency: string;
  total: bigint;
  sumText: string;
  types: InstanceType[];
  rateHead: string;
}

function endText(l: Line): string {
  const end = atMs(l.stopped_at);
  if (!Number.isFinite(end)) return t.now;
  const text = clock(end, true);
  return dayKey(end) === l.day ? text : `${day(end)} ${text}`;
}

type Item = { day: string; at: number; micro: bigint } | Line;

/* A head for each day, then its lines: one flat list, so that ten thousand of them scroll. */
function withDays(lines: Line[]): Item[] {
  const out: Item[] = [];
  for (let i = 0; i < lines.length; ) {
    const first = lines[i]!;
    let to = i;
    while (to < lines.length && lines[to]!.day === first.day) to++;
    out.push({ day: first.day, at: first.at, micro: sum(lines.slice(i, to).map((l) => l.micro)) }, ...lines.slice(i, to));
    i = to;
  }
  return out;
}

export function LinesTable({ lines, currency, total, sumText, types, rateHead }: Props): JSX.Element {
  const items = useMemo(() => withDays(lines), [lines]);
  return (
    <LongTable<Item>
      rows={items}
      cls="usage-table"
      frame="compact"
      cols={7}
      label={t.usage.lines}
      head={
        <>
          <th scope="col">{t.usage.workspace}</th>
          <th scope="col">{t.usage.from}</th>
          <th scope="col">{t.usage.to}</th>
          <th scope="col" class="n">{t.usage.time}</th>
          <th scope="col">{t.usage.type}</th>
          <th scope="col" class="n">{rateHead}</th>
          <th scope="col" class="n">{t.usage.cost}</th>
        </>
      }
      row={(x, i) => ("what" in x ? <LineRow key={x.id ?? `${x.session_id}/${x.segment}`} l={x} index={i} currency={currency} types={types} /> : <DayRow key={x.day} x={x} currency={currency} />)}
      tfoot={
        <tr>
          <td colSpan={6}>{sumText}</td>
          <td class="n">
            <Money micro={total} currency={currency} />
          </td>
        </tr>
      }
      plainFoot={lines.length ? "" : t.usage.noHit}
    />
  );
}

function DayRow({ x, currency }: { x: { at: number; micro: bigint }; currency: string }): JSX.Element {
  return (
    <tr class="group">
      <td colSpan={6}>{dayLong(x.at)}</td>
      <td class="n">
        <Money micro={x.micro} currency={currency} />
      </td>
    </tr>
  );
}

function LineRow({ l, index, currency, types }: { l: Line; index: number; currency: string; types: InstanceType[] }): JSX.Element {
  return (
    <tr data-row={index}>
      <td class="wide">
        {l.workspace_id ? <a class="name" href={`/workspaces/${l.workspace_id}/sessions`}>{l.name}</a> : <span class="t2">{l.name}</span>}
        {l.open && <span class="lamp lamp-inline" role="img" aria-label={t.usage.runsNow} />}
        {l.free && <span class="badge badge-inline">{t.usage.freeLine}</span>}
        {l.kind === "correction" && l.reason && <span class="t3 small block">{l.reason}</span>}
        {l.estimated && <span class="badge badge-inline" data-kind="warn">{t.usage.estimated}</span>}
      </td>
      <td class="num t2 nowrap hide">{clock(l.at, true)}</td>
      <td class="num t2 nowrap hide">{endText(l)}</td>
      <td class="n">{durationExact(l.seconds)}</td>
      <td class="hide">
        <span class="mono small">{whatText(l, types)}</span>
      </td>
      <td class="n t2 hide">{l.kind === "correction" ? "" : rateOf(l.rate ?? l.price_per_hour ?? "")}{l.kind === "storage" && <span class="t3 small block">{t.usage.rateStorage}</span>}</td>
      <td class="n">
        <Money micro={l.micro} currency={currency} />
      </td>
    </tr>
  );
}

export function whatText(l: Line, types: InstanceType[]): string {
  if (l.kind === "storage") return t.usage.storage(size(l.bytes ?? 0));
  return l.kind === "correction" ? t.usage.correction : typeName(types, l.what);
}

function rateOf(text: string): string {
  const micro = parseMicro(text);
  return micro === null ? text : rateCell(micro);
}
