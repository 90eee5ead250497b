/* SPDX-License-Identifier: Apache-2.0 */
import type { JSX } from "preact";
import { limits } from "../defaults";
import { cents } from "../lib/money";
import { size, sizeOf, GB } from "../lib/size";
import { useStore } from "../lib/store";
import { atMs, day, durationExact, durationSetting, durationShort } from "../lib/time";
import { live } from "../live";
import { type Session, type Workspace, current } from "../model";
import { type Samples, useSamples } from "../samples";
import { t } from "../text";
import { LineChart, type LineChartProps, niceMax } from "../ui/chart";
import { Bar, Money, rateText } from "../ui/parts";
import { specOf } from "../ui/type-choice";
import type { WorkspaceActions } from "../ui/workspace-actions";
import { costSoFar, imageName, isIdle, leftSeconds, secondsSoFar, typeName, whyEnded, whyRuns } from "../words";

/* The window grows with what there is to show: a fresh page is not an empty axis with a dot at its end. */
const WINDOWS_MIN = [2, 10];

export function Overview({ w, now, acts }: { w: Workspace; now: number; acts: WorkspaceActions }): JSX.Element {
  const s = current(w);
  const running = w.session?.state === "running";
  const samples = useSamples(s, running);
  return (
    <div class="grid main-side">
      <div class="stack stack-wide">
        <div class="grid cols-2 charts">
          <Charts w={w} s={s} samples={samples} now={now} running={running} />
        </div>
      </div>
      <aside class="stack side">
        <Machine w={w} s={s} now={now} acts={acts} />
        <Settings w={w} />
        <Storage w={w} s={s} />
        {running && s?.program_url && (
          <section class="card">
            <div class="card-head">
              <h2 class="h3">{t.ws.programs}</h2>
            </div>
            <div class="card-pad stack">
              <p class="t2 small">{t.ws.programsBody}</p>
              <div class="code program-url" tabIndex={0}>{s.program_url}</div>
            </div>
          </section>
        )}
      </aside>
    </div>
  );
}

function Charts({ w, s, samples, now, running }: { w: Workspace; s: Session | null; samples: Samples; now: number; running: boolean }): JSX.Element {
  const types = useStore(live, (x) => x.types);
  const type = types.find((x) => x.id === (s?.instance_type ?? w.instance_type));
  const stats = running ? s?.stats : null;
  /* Stopped: the last points, greyed, on their own time. */
  const lastAt = samples.cpu[samples.cpu.length - 1]?.at;
  const to = running || !lastAt ? now : lastAt;
  const age_min = (to - (samples.cpu[0]?.at ?? to)) / 60_000;
  const minutes = WINDOWS_MIN.find((m) => age_min <= m) ?? WINDOWS_MIN[WINDOWS_MIN.length - 1]!;
  const cpuMax = type?.cpu ?? 1;
  const memMax = stats?.memory_limit_bytes || type?.memory_bytes || GB;
  const diskMax = stats?.disk_size_bytes || w.storage_bytes;
  const cost = s ? costSoFar(s, now) : null;
  const costTop = niceMax(Math.max(0.0001, ...samples.cost.map((p) => p.value)), 2);
  const common = {
    from: to - minutes * 60_000,
    to,
    fade: !running,
    axis: [t.ws.minutesBack(minutes), t.ws.minutesHalf(minutes / 2), running ? t.now : ""] as [string, string, string],
    note: samples.cpu.length > 1 ? undefined : running ? undefined : t.ws.notRunning,
  };
  const third = (max: number, text: (v: number) => string): LineChartProps["ticks"] => [
    [0, "0"],
    [max / 2, text(max / 2)],
    [max, text(max)],
  ];
  const plainNumber = (v: number) => String(Number(v.toPrecision(2)));
  const unit = (v: number, scale: number) => plainNumber(v / scale);
  const memScale = memMax >= GB ? GB : GB / 1024;
  const diskScale = diskMax >= GB ? GB : GB / 1024;
  const cpuText = stats ? stats.cpu_cores_used.toFixed(stats.cpu_cores_used < 10 ? 2 : 1) : "";
  const memText = stats ? size(stats.memory_bytes) : "";
  const diskText = stats ? size(stats.disk_used_bytes) : "";
  return (
    <>
      <LineChart {...common} title={t.ws.cpu} unit={t.ws.ofCpu(String(cpuMax))} now={cpuText} label={t.ws.chart(t.ws.cpu, minutes, cpuText)} points={samples.cpu} max={cpuMax} ticks={third(cpuMax, plainNumber)} series={1} />
      <LineChart
        {...common}
        title={t.ws.memory}
        unit={t.ws.ofSize(size(memMax))}
        now={memText}
        label={t.ws.chart(t.ws.memory, minutes, memText)}
        points={samples.memory}
        max={memMax}
        ticks={third(memMax, (v) => unit(v, memScale))}
        series={3}
        limit={memMax}
      />
      <LineChart {...common} title={t.ws.disk} unit={t.ws.ofSize(size(diskMax))} now={diskText} label={t.ws.chart(t.ws.disk, minutes, diskText)} points={samples.disk} max={diskMax} ticks={third(diskMax, (v) => unit(v, diskScale))} series={2} limit={diskMax} />
      <LineChart
        {...common}
        title={t.ws.cost}
        unit={running || !s ? t.ws.thisSession : t.ws.lastSession(day(atMs(s.started_at) || atMs(w.updated_at)))}
        now={cost !== null ? <Money micro={cost} currency={w.currency} /> : ""}
        label={t.ws.chart(t.ws.cost, minutes, cost !== null ? cents(cost, w.currency) : "")}
        points={samples.cost}
        max={costTop.max}
        ticks={third(costTop.max, plainNumber)}
        series={1}
      />
    </>
  );
}

function Machine({ w, s, now, acts }: { w: Workspace; s: Session | null; now: number; acts: WorkspaceActions }): JSX.Element {
  const types = useStore(live, (x) => x.types);
  const on = w.session;
  const shownId = on?.instance_type ?? w.instance_type;
  const type = types.find((x) => x.id === shownId);
  const left = leftSeconds(on, now);
  const cost = s ? costSoFar(s, now) : null;
  const idle = on?.state === "running" && isIdle(on, now);
  return (
    <section class="card">
      <div class="card-head">
        <h2 class="h3">{t.ws.machine}</h2>
        <button class="btn btn-s push" type="button" onClick={() => acts.askResize(w)}>{t.ws.changeMachine}</button>
      </div>
      <div class="card-pad stack">
        <dl class="kv num">
          <dt>{t.ws.type}</dt>
          <dd>
            <b class="medium">{type?.name ?? shownId}</b>
            {type ? `, ${specOf(type)}` : ""}
          </dd>
          <dt>{t.ws.rate}</dt>
          <dd>{t.ws.rateOf(rateText(on?.price_per_hour ?? w.price_per_hour, w.currency))}</dd>
          {s && s.state !== "queued" && (
            <>
              <dt>{on ? t.ws.runningFor : t.ws.ranFor}</dt>
              <dd>{durationExact(secondsSoFar(s, now))}</dd>
              <dt>{on ? t.ws.session : t.ws.lastCost}</dt>
              <dd>{cost !== null && <Money micro={cost} currency={w.currency} />}</dd>
            </>
          )}
          {left !== null && (
            <>
              <dt>{t.ws.stopsIn}</dt>
              <dd>{left < 120 ? durationExact(left) : durationShort(left)}</dd>
            </>
          )}
        </dl>
        {on && on.instance_type !== w.instance_type && <p class="t2 small">{t.ws.next(typeName(types, w.instance_type))}</p>}
        {s && (
          <>
            <hr class="flat" />
            {on?.state === "running" ? (
              <div class="stack use">
                <div class="row">
                  <span class="lamp" data-state={idle ? "idle" : undefined} />
                  <span class="strong">{idle ? t.ws.idle : t.ws.inUse}</span>
                </div>
                <p class="t2 small">{whyRuns(on, now)}</p>
                <div class="row">
                  <button class="btn btn-s" type="button" aria-busy={acts.busy === w.id} onClick={() => void acts.extend(w)}>{t.act.extend}</button>
                </div>
              </div>
            ) : (
              <p class="t2 small">{whyEnded(s, now)}</p>
            )}
          </>
        )}
      </div>
    </section>
  );
}

function Settings({ w }: { w: Workspace }): JSX.Element {
  const images = useStore(live, (x) => x.images);
  return (
    <section class="card">
      <div class="card-head">
        <h2 class="h3">{t.ws.settingsCard}</h2>
        <a class="push small" href={`/workspaces/${w.id}/settings`}>{t.ws.edit}</a>
      </div>
      <div class="card-pad">
        <dl class="kv">
          <dt>{t.ws.image}</dt>
          <dd>{imageName(images, w.image)}</dd>
          <dt>{t.ws.idleStop}</dt>
          <dd>{durationSetting(w.auto_stop_seconds)}</dd>
          <dt>{t.ws.hardMax}</dt>
          <dd>{durationSetting(w.session?.max_seconds || w.max_seconds || limits().session_max_seconds)}</dd>
          {w.stop_calendar && (
            <>
              <dt>{t.clocks.calendar}</dt>
              <dd>{w.stop_calendar}</dd>
            </>
          )}
        </dl>
      </div>
    </section>
  );
}

function Storage({ w, s }: { w: Workspace; s: Session | null }): JSX.Element {
  const stats = s?.stats;
  const total = stats?.disk_size_bytes || w.storage_bytes;
  const part = stats ? stats.disk_used_bytes / total : 0;
  return (
    <section class="card">
      <div class="card-head">
        <h2 class="h3">{t.ws.storage}</h2>
        <span class="push num small t3">{stats ? sizeOf(stats.disk_used_bytes, total) : size(total)}</span>
      </div>
      <div class="card-pad stack">
        {stats && <Bar big part={part} kind={part > 0.95 ? "danger" : part > 0.8 ? "warn" : undefined} label={sizeOf(stats.disk_used_bytes, total)} />}
        <p class="t3 small">{t.ws.files}</p>
      </div>
    </section>
  );
}
