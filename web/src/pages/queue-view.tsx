/* SPDX-License-Identifier: Apache-2.0 */
/* A start that waits for a machine: the place, why we think when, what would start at once, and the way out. */
import type { JSX } from "preact";
import { start, stop } from "../actions";
import { useStore } from "../lib/store";
import { about, atMs, clock, durationShort } from "../lib/time";
import { useAction } from "../lib/use";
import { live } from "../live";
import type { InstanceType, Place, Session, Workspace } from "../model";
import { t } from "../text";
import { Icon } from "../ui/icons";
import { ErrorBanner, rateText } from "../ui/parts";
import { specOf } from "../ui/type-choice";
import { typeName } from "../words";

function at(text: string | null): string {
  const ms = atMs(text);
  return Number.isFinite(ms) ? clock(ms) : "";
}

export function QueueView({ w, s, q, eyebrow, now }: { w: Workspace; s: Session; q: Place; eyebrow: string; now: number }): JSX.Element {
  const types = useStore(live, (x) => x.types);
  const act = useAction();
  const held = q.held_until !== null;
  const big = about(held ? q.held_until : (q.expected_at ?? q.estimate_at), now);
  const title = held ? t.line.titleTurn : q.place ? t.line.title(q.place, q.of ?? q.place) : t.line.titleUnknown;
  return (
    <section class="start card">
      <div class="start-head">
        <div class="start-words">
          <p class="eyebrow">{eyebrow}</p>
          <h1 aria-live="polite">{title}</h1>
        </div>
        {big && (
          <div class="push right">
            <p class="figure">
              {big.figure}
              <span class="figure-unit">{big.unit}</span>
            </p>
            <p class="t3 small">{held ? t.line.left : t.line.about(at(q.expected_at ?? q.estimate_at))}</p>
          </div>
        )}
      </div>
      <div class="start-strip">
        <div class="phase-strip" aria-hidden="true">
          {["now", "wait", "wait", "wait", "wait"].map((x, i) => (
            <i key={i} data-phase={x} />
          ))}
        </div>
      </div>
      <div class="card-pad start-pad stack">
        {held ? (
          <div class="banner" data-kind="info" role="status">
            <Icon name="clock" />
            <div class="banner-body">{t.line.kept(at(q.held_until))}</div>
            <div class="actions">
              <button class="btn btn-s" data-kind="primary" type="button" aria-busy={act.busy} onClick={() => void act.run(async () => void (await start(w.id)))}>
                {t.line.take}
              </button>
            </div>
          </div>
        ) : (
          <>
            <Line s={s} q={q} now={now} type={typeName(types, s.instance_type)} />
            <p class="t2" role="status">{s.reason === "capacity" ? basis(q) : s.message}</p>
            <Free w={w} q={q} types={types} act={act} />
          </>
        )}
      </div>
      <ErrorBanner error={act.error} />
      <div class="card-foot row-wrap">
        {held ? (
          <span class="t3 small">{t.line.foot}</span>
        ) : (
          <label class="switch">
            <input
              type="checkbox"
              checked={q.on_turn === "hold"}
              disabled={act.busy}
              onChange={(e) => {
                const on_turn = e.currentTarget.checked ? "hold" : "start";
                void act.run(async () => void (await start(w.id, { on_turn })));
              }}
            />
            {t.line.hold}
          </label>
        )}
        <span class="push" />
        <button class="btn" type="button" aria-busy={act.busy} onClick={() => void act.run(() => stop(w.id))}>
          {t.line.leave}
        </button>
      </div>
    </section>
  );
}

function basis(q: Place): string {
  const latest = at(q.estimate_at);
  const soon = at(q.expected_at);
  if (!latest) return t.line.unknown;
  return [t.line.ends(q.ends, latest), soon && soon !== latest ? t.line.sooner(soon) : ""].filter(Boolean).join(" ");
}

function Line({ s, q, now, type }: { s: Session; q: Place; now: number; type: string }): JSX.Element | null {
  if (!q.place) return null;
  const behind = (q.of ?? q.place) - q.place;
  const since = durationShort(Math.max(0, (now - atMs(s.created_at)) / 1000) || 0);
  return (
    <ol class="qline" aria-label={t.line.label(type)}>
      {q.place > 1 && (
        <li>
          <span class="avatar avatar-s" data-c="5" aria-hidden="true">1</span>
          <span>{t.line.place(1)}</span>
          <span class="t3 push small">{t.line.first("")}</span>
        </li>
      )}
      {q.place > 2 && (
        <li>
          <span class="avatar avatar-s" data-c="5" aria-hidden="true">{`+${q.place - 2}`}</span>
          <span class="t3">{t.line.before(q.place - 2)}</span>
        </li>
      )}
      <li class="me">
        <span class="avatar avatar-s" aria-hidden="true">{q.place}</span>
        <span class="strong">{t.line.you}</span>
        <span class="t3 push small">{t.line.waiting(since)}</span>
      </li>
      {behind > 0 && (
        <li>
          <span class="avatar avatar-s" data-c="5" aria-hidden="true">{`+${behind}`}</span>
          <span class="t3">{t.line.behind(behind)}</span>
        </li>
      )}
    </ol>
  );
}

/* The one that is most like it: the dearest that is free. */
function Free({ w, q, types, act }: { w: Workspace; q: Place; types: InstanceType[]; act: ReturnType<typeof useAction> }): JSX.Element | null {
  const free = types.filter((x) => q.free_types.includes(x.id));
  const best = free.reduce<InstanceType | null>((a, b) => (!a || Number(b.price_per_hour) > Number(a.price_per_hour) ? b : a), null);
  if (!best) return null;
  const [name, rest] = t.line.free(best.name, specOf(best), rateText(best.price_per_hour, best.currency));
  return (
    <div class="banner" data-kind="info">
      <Icon name="zap" />
      <div class="banner-body">
        <span class="strong">{name}</span>
        {rest}
      </div>
      <div class="actions">
        <button class="btn btn-s" type="button" aria-busy={act.busy} onClick={() => void act.run(async () => void (await start(w.id, { instance_type: best.id })))}>
          {t.line.use(best.name)}
        </button>
      </div>
    </div>
  );
}
