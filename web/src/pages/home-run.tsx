/* SPDX-License-Identifier: Apache-2.0 */
/* One that runs, starts or waits: price, cost so far, when it stops and why, what can be done. */
import type { JSX } from "preact";
import { lazy } from "../lib/lazy";
import { cents, parseMicro } from "../lib/money";
import { useStore } from "../lib/store";
import { atMs, clock, durationShort } from "../lib/time";
import { live } from "../live";
import type { Session, Workspace } from "../model";
import { t } from "../text";
import { Icon } from "../ui/icons";
import { OpenButton } from "../ui/open-button";
import { Bar, WorkspacePill, rateText } from "../ui/parts";
import type { WorkspaceActions } from "../ui/workspace-actions";
import { canExtend, costSoFar, imageName, leftSeconds, typeName } from "../words";

/* Its place is kept: nothing moves when it comes. */
const Spark = lazy(() => import("../ui/spark").then((m) => m.Spark), () => null);

/* The last quarter of an hour, or of a shorter limit, is a warning. */
const SOON_S = 900;

interface Stop {
  text: string;
  why: string;
  part: number | null; /* how much of the time is gone */
  soon: boolean;
}

function stopOf(s: Session, now: number): Stop {
  if (s.state === "queued") {
    const at = atMs(s.queue?.expected_at ?? s.queue?.estimate_at);
    return { text: Number.isFinite(at) ? t.home.waitsAbout(clock(at)) : t.line.titleUnknown, why: s.queue?.place ? t.line.place(s.queue.place) : "", part: null, soon: false };
  }
  const left = leftSeconds(s, now);
  if (left === null) return { text: t.state[s.state], why: "", part: null, soon: false };
  const busy = !!s.evidence?.busy?.length || !!s.evidence?.terminals?.some((x) => x.job);
  if (busy && s.stop_why === "idle") return { text: t.home.inUse, why: t.home.busy, part: null, soon: false };
  const limit = s.stop_why === "max" ? s.max_seconds : s.auto_stop_seconds;
  const idle = s.stop_why === "idle" ? Math.max(0, s.auto_stop_seconds - left) : 0;
  const why = idle >= 60 ? t.home.idleFor(durationShort(idle)) : (t.home.why[s.stop_why ?? "idle"] ?? "");
  return { text: t.home.stopsIn(durationShort(left)), why, part: limit > 0 ? Math.min(1, 1 - left / limit) : null, soon: left <= Math.min(SOON_S, limit / 2) };
}

export function RunRow({ w, now, acts, spark }: { w: Workspace; now: number; acts: WorkspaceActions; spark: boolean }): JSX.Element {
  const images = useStore(live, (s) => s.images);
  const types = useStore(live, (s) => s.types);
  const s = w.session!;
  const stop = stopOf(s, now);
  const cost = s.state === "queued" ? 0n : (costSoFar(s, now) ?? 0n);
  return (
    <article class="run" aria-label={w.name}>
      <div class="run-name">
        <div class="row">
          <a class="name truncate" href={`/workspaces/${w.id}`}>{w.name}</a>
          <WorkspacePill w={w} now={now} />
        </div>
        <p class="t3 small truncate">{`${imageName(images, w.image)} · ${typeName(types, s.instance_type)}`}</p>
      </div>
      <div class="run-spark not-phone">{spark && s.state === "running" && <Spark id={s.id} name={w.name} />}</div>
      <dl class="run-fig">
        <dt>{t.home.rate}</dt>
        <dd class="num">{parseMicro(s.price_per_hour) === null ? s.price_per_hour : rateText(s.price_per_hour, s.currency)}</dd>
      </dl>
      <dl class="run-fig">
        <dt>{t.home.soFar}</dt>
        <dd class="num"><a class="plain" href={`/usage?q=${encodeURIComponent(w.name)}`}>{cents(cost, s.currency)}</a></dd>
      </dl>
      <div class="run-stop">
        <div class="row">
          <span class="strong num nowrap">{stop.text}</span>
          <span class="t3 small push truncate">{stop.why}</span>
        </div>
        {stop.part !== null && <Bar part={stop.part} kind={stop.soon ? "warn" : undefined} />}
      </div>
      <RunActions w={w} s={s} soon={stop.soon} acts={acts} />
    </article>
  );
}

function RunActions({ w, s, soon, acts }: { w: Workspace; s: Session; soon: boolean; acts: WorkspaceActions }): JSX.Element {
  const runs = s.state === "running";
  return (
    <div class="run-act">
      {runs && canExtend(s.stop_why) && (
        <button class="btn" type="button" data-quiet={soon ? undefined : "true"} aria-busy={acts.busy === w.id} aria-label={t.act.extendName(w.name)} onClick={() => void acts.extend(w)}>
          {t.act.extend}
        </button>
      )}
      {runs ? (
        <OpenButton w={w} kind="soft" text={t.act.open} label={t.act.openName(w.name)} plain />
      ) : (
        s.state !== "stopping" && s.state !== "lost" && <a class="btn" href={`/workspaces/${w.id}/start`} aria-label={t.home.watchName(w.name)}>{t.act.watch}</a>
      )}
      {s.state !== "stopping" && (
        <button class="btn btn-icon" type="button" aria-label={s.state === "queued" ? t.home.leave(w.name) : t.home.stop(w.name)} onClick={() => acts.askStop(w)}>
          <Icon name={s.state === "queued" ? "x" : "stop"} />
        </button>
      )}
    </div>
  );
}
