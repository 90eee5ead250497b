/* SPDX-License-Identifier: Apache-2.0 */
import type { JSX } from "preact";
import { limits } from "../defaults";
import { useStore } from "../lib/store";
import { durationExact, durationSetting, durationShort } from "../lib/time";
import { live } from "../live";
import { type Session, type Workspace, current } from "../model";
import { t } from "../text";
import { Money, rateText } from "../ui/parts";
import { specOf } from "../ui/type-choice";
import type { WorkspaceActions } from "../ui/workspace-actions";
import { costSoFar, imageName, isIdle, leftSeconds, secondsSoFar, typeName, whyEnded, whyRuns } from "../words";
import { SessionCharts } from "./workspace-charts";
import { StorageCard } from "./workspace-storage";

export function Overview({ w, now, acts }: { w: Workspace; now: number; acts: WorkspaceActions }): JSX.Element {
  const s = current(w);
  const running = w.session?.state === "running";
  return (
    <div class="grid main-side">
      <div class="stack stack-wide">
        <SessionCharts s={s} now={now} running={running} storage={w.storage_bytes} />
      </div>
      <aside class="stack side">
        <Machine w={w} s={s} now={now} acts={acts} />
        <Settings w={w} />
        <StorageCard w={w} s={s} />
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
