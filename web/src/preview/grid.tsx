/* SPDX-License-Identifier: Apache-2.0 */
/* Rows of text as a table of which only what is near to be seen is made. */
import type { JSX } from "preact";
import { useMemo } from "preact/hooks";
import { useWindow } from "../lib/window";
import { t } from "../text";
import { numeric } from "./csv";

const ROW = 28;
const SHOWN = 160;

const short = (v: string) => (v.length > SHOWN ? `${v.slice(0, SHOWN)}…` : v);

export function Grid({ rows, label }: { rows: string[][]; label: string }): JSX.Element {
  const head = rows[0] ?? [];
  const body = rows.length - 1;
  const win = useWindow(body, ROW);
  const columns = Math.max(head.length, ...rows.slice(0, 50).map((r) => r.length));
  const right = useMemo(() => Array.from({ length: columns }, (_, i) => numeric(rows, i)), [rows.length > 50, columns]);
  const part = rows.slice(win.from + 1, win.to + 1);
  return (
    <div class="pv-grid" ref={win.box} tabIndex={0} role="region" aria-label={label}>
      <table class="pv-table pv-rows" aria-rowcount={rows.length} aria-colcount={columns}>
        <thead>
          <tr>
            <th scope="col" class="n t3"><span class="vh">{t.preview.row}</span></th>
            {Array.from({ length: columns }, (_, i) => (
              <th scope="col" key={i} class={right[i] ? "n" : undefined}>{short(head[i] ?? "")}</th>
            ))}
          </tr>
        </thead>
        <tbody>
          {win.from > 0 && <tr aria-hidden="true"><td colSpan={columns + 1} style={{ height: `${win.from * ROW}px` }} /></tr>}
          {part.map((r, i) => (
            <tr key={win.from + i} aria-rowindex={win.from + i + 2}>
              <td class="n t3 num">{win.from + i + 1}</td>
              {Array.from({ length: columns }, (_, k) => (
                <td key={k} class={right[k] ? "n num" : undefined}>{short(r[k] ?? "")}</td>
              ))}
            </tr>
          ))}
          {win.to < body && <tr aria-hidden="true"><td colSpan={columns + 1} style={{ height: `${(body - win.to) * ROW}px` }} /></tr>}
        </tbody>
      </table>
    </div>
  );
}
