/* SPDX-License-Identifier: Apache-2.0 */
/* Lines grouped by day, newest first; the sum is the last row and stays in view. */
import { Fragment, type JSX } from "preact";
import { parseMicro, rateCell, sum } from "../lib/money";
import { size } from "../lib/size";
import { atMs, clock, dayKey, dayLong, durationExact } from "../lib/time";
import type { InstanceType } from "../model";
import { t } from "../text";
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
  return dayKey(end) === l.day ? text : `${dayLong(end).split(" ")[1]} ${dayLong(end).split(" ")[2]!.slice(0, 3)} ${text}`;
}

export function LinesTable({ lines, currency, total, sumText, types, rateHead }: Props): JSX.Element {
  const days = [...new Set(lines.map((l) => l.day))];
  return (
    <div class="table-frame compact">
      <table class="table table-cards usage-table">
        <thead>
          <tr>
            <th scope="col">{t.usage.workspace}</th>
            <th scope="col">{t.usage.from}</th>
            <th scope="col">{t.usage.to}</th>
            <th scope="col" class="n">{t.usage.time}</th>
            <th scope="col">{t.usage.type}</th>
            <th scope="col" class="n">{rateHead}</th>
            <th scope="col" class="n">{t.usage.cost}</th>
          </tr>
        </thead>
        <tbody>
          {days.map((d) => {
            const mine = lines.filter((l) => l.day === d);
            return (
              <Fragment key={d}>
                <tr class="group">
                  <td colSpan={6}>{dayLong(mine[0]!.at)}</td>
                  <td class="n">
                    <Money micro={sum(mine.map((l) => l.micro))} currency={currency} />
                  </td>
                </tr>
                {mine.map((l) => (
                  <tr key={l.id ?? `${l.session_id}/${l.segment}`}>
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
                ))}
              </Fragment>
            );
          })}
          {!lines.length && (
            <tr>
              <td colSpan={7} class="t3">{t.usage.noHit}</td>
            </tr>
          )}
        </tbody>
        <tfoot>
          <tr>
            <td colSpan={6}>{sumText}</td>
            <td class="n">
              <Money micro={total} currency={currency} />
            </td>
          </tr>
        </tfoot>
      </table>
    </div>
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
