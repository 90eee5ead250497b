/* SPDX-License-Identifier: Apache-2.0 */
/* A session's last hour of processor time in one line; the charts are on its workspace's page. */
import type { JSX } from "preact";
import { useEffect, useState } from "preact/hooks";
import { fixed } from "../lib/locale";
import { gaps, path } from "../lib/spark";
import { onWake } from "../lib/wake";
import { type Metrics, readMetrics } from "../metrics";
import { t } from "../text";

const WIDE = 104;
const HIGH = 26;
const STEP_S = 60;
const AGAIN_MS = 300_000; /* asking makes the machine be measured by the second for a minute */

export function Spark({ id, name }: { id: string; name: string }): JSX.Element | null {
  const [m, set] = useState<Metrics | null>(null);
  useEffect(() => {
    let gone = false;
    let timer: ReturnType<typeof setTimeout>;
    const ask = () => {
      clearTimeout(timer);
      timer = setTimeout(() => !document.hidden && ask(), AGAIN_MS);
      readMetrics(id, undefined, STEP_S).then((fresh) => !gone && set(fresh), () => {}); /* without a line nothing is wrong */
    };
    ask();
    const awake = onWake((slept) => slept && ask());
    return () => {
      gone = true;
      clearTimeout(timer);
      awake();
    };
  }, [id]);
  const column = m?.columns.cpu_cores;
  if (!m || !column) return null;
  const last = column.reduce<number | null>((x, v) => v ?? x, null);
  const parts = gaps(column);
  if (last === null || !parts.some((p) => p.length > 1)) return null;
  const top = Math.max(m.limits.cpu_cores ?? 0, ...column.map((v) => v ?? 0)) || 1;
  return (
    <svg width={WIDE} height={HIGH} viewBox={`0 0 ${WIDE} ${HIGH}`} role="img" aria-label={t.home.spark(name, fixed(last, 1), m.limits.cpu_cores ?? null)}>
      {parts.map((p) => {
        const d = path(p, column.length, top, WIDE, HIGH);
        return (
          <g key={p[0]!.at}>
            <path class="area1" d={d.area} />
            <path class="line s1" d={d.line} />
          </g>
        );
      })}
    </svg>
  );
}
