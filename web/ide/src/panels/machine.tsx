/* SPDX-License-Identifier: Apache-2.0 */
/* The machine: what it uses, what it costs, when it stops. */
import { useEffect, useState } from "preact/hooks";
import { canExtend, clock as timeOf, left, leftText } from "../../../shared/session/stop";
import { cents, exactParts, parseMicro } from "../../../src/lib/money";
import { size, sizeOf } from "../../../src/lib/size";
import { clock } from "../kernel/skew";
import { consoleAddress } from "../shell/console";
import { Icon } from "../shell/icons";
import { t } from "../text/index";
import "./panels.css";
import { EXTEND_S, type Seen, session } from "./session";

const W = 84;
const H = 22;

function Spark({ points, kind }: { points: number[]; kind: "1" | "3" }) {
  const step = (W - 2) / Math.max(1, points.length - 1);
  const at = (v: number, i: number): string => `${(1 + i * step).toFixed(1)},${(H - 1 - Math.min(1, Math.max(0, v)) * (H - 3)).toFixed(1)}`;
  const line = points.map(at).join(" ");
  return (
    <svg class="spark" data-kind={kind} width={W} height={H} viewBox={`0 0 ${W} ${H}`} aria-hidden="true">
      {points.length > 1 && <path class="spark-area" d={`M${line} ${W - 1},${H - 1} 1,${H - 1}z`} />}
      {points.length > 1 && <path class="spark-line" d={`M${line}`} />}
    </svg>
  );
}

const known = (...all: number[]): boolean => all.every(Number.isFinite);

function Rows({ seen }: { seen: Seen }) {
  const u = seen.usage;
  if (!u) return null;
  const all = u.cpu_milli > 0 ? u.cpu_milli / 1000 : NaN;
  return (
    <>
      <div class="mrow">
        <span class="t3">{t.run.cpu}</span>
        <Spark points={seen.cpu} kind="1" />
        <span class="num">{known(seen.cpus) ? (known(all) ? t.run.cpus(seen.cpus.toFixed(1), String(all)) : seen.cpus.toFixed(1)) : t.run.unknown}</span>
      </div>
      <div class="mrow">
        <span class="t3">{t.run.memory}</span>
        <Spark points={seen.memory} kind="3" />
        <span class="num">{known(u.memory_bytes, u.memory_limit_bytes) ? sizeOf(u.memory_bytes, u.memory_limit_bytes) : known(u.memory_bytes) ? size(u.memory_bytes) : t.run.unknown}</span>
      </div>
      <div class="mrow">
        <span class="t3">{t.run.disk}</span>
        <span class="bar" aria-hidden="true">
          {known(u.disk_used_bytes, u.disk_size_bytes) && <i data-kind={u.disk_used_bytes > 0.9 * u.disk_size_bytes ? "danger" : "2"} style={{ width: `${(100 * u.disk_used_bytes) / u.disk_size_bytes}%` }} />}
        </span>
        <span class="num">{known(u.disk_used_bytes, u.disk_size_bytes) ? sizeOf(u.disk_used_bytes, u.disk_size_bytes) : t.run.unknown}</span>
      </div>
    </>
  );
}

function CostRow({ seen }: { seen: Seen }) {
  const { cost } = seen;
  const so_far = parseMicro(cost?.so_far);
  const per_hour = parseMicro(cost?.per_hour);
  if (so_far === null || per_hour === null) return null;
  const exact = exactParts(so_far, cost!.currency);
  return (
    <div class="mcost">
      <div>
        <p class="eyebrow">{t.run.session}</p>
        <p class="num strong">
          <span class="money">
            {exact.main}
            <span class="sub">{exact.sub}</span>
          </span>
        </p>
      </div>
      <div>
        <p class="eyebrow">{t.run.perHour}</p>
        <p class="num strong">{cents(per_hour, cost!.currency)}</p>
      </div>
    </div>
  );
}

function Stop({ seen }: { seen: Seen }) {
  const [, tick] = useState({});
  useEffect(() => {
    const timer = setInterval(() => !document.hidden && tick({}), 1000);
    return () => clearInterval(timer);
  }, []);
  const s = seen.status;
  if (!s || (Number.isNaN(s.stop_at) && Number.isNaN(s.max_at))) {
    return (
      <div class="mstop">
        <p class="t3 small">{t.run.noStop}</p>
        <StopButton seen={seen} />
      </div>
    );
  }
  const seconds = left(s, clock.now());
  const time = (ms: number): string => timeOf(clock.shown(ms));
  return (
    <div class="mstop">
      {known(s.stop_at) && (
        <div class="row">
          <span class="lamp" data-state={seen.idle_seconds > 60 ? "idle" : undefined} />
          <span class="strong">{seen.idle_seconds > 60 ? t.run.idle : t.run.inUse}</span>
          <span class="push num">{t.run.stopsIn(leftText(seconds))}</span>
        </div>
      )}
      <p class="t3 small">
        {known(s.stop_at) && (s.why === "idle" ? t.run.stopsIdle(time(s.stop_at)) : t.run.stopsAt(time(s.stop_at), t.run.why[s.why] ?? t.run.why.idle!))} {known(s.max_at) && t.run.atTheLatest(time(s.max_at))}
      </p>
      <div class="row">
        {known(s.stop_at) && canExtend(s) && !seen.stopping && (
          <button type="button" class="btn btn-s" aria-busy={seen.extending} onClick={() => void session.extend()}>
            {t.run.extend(leftText(EXTEND_S))}
          </button>
        )}
        <StopButton seen={seen} />
      </div>
    </div>
  );
}

/* A server by itself has nobody who starts it again. */
function StopButton({ seen }: { seen: Seen }) {
  if (!consoleAddress()) return null;
  return (
    <button type="button" class="btn btn-s" aria-busy={seen.stopping} onClick={() => void session.stop()}>
      <Icon name="stop" size="s" />
      {t.run.stop}
    </button>
  );
}

export function useSession(): Seen {
  const [, again] = useState({});
  useEffect(() => session.watch(() => again({})), []);
  return session.seen;
}

export function Machine() {
  const seen = useSession();
  return (
    <section class="pnl" aria-label={t.run.machine}>
      <div class="ph">
        <h2>{t.run.machine}</h2>
      </div>
      <div class="mach" data-state={seen.offline ? "offline" : undefined}>
        {seen.offline && (
          <p class="small" role="status">
            {t.run.machineOffline}
          </p>
        )}
        <Rows seen={seen} />
        <CostRow seen={seen} />
        <Stop seen={seen} />
      </div>
    </section>
  );
}

export default Machine;
