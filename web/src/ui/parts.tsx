/* SPDX-License-Identifier: Apache-2.0 */
/* Small parts that carry the class names of components.css: pills, money, figures, empty and error states. */
import type { ComponentChildren, JSX } from "preact";
import type { ApiError } from "../lib/api";
import { cents, exactParts, parseMicro, rate } from "../lib/money";
import { type Session, type State, type Workspace, stateOf } from "../model";
import { t } from "../text";
import { failText, isIdle } from "../words";
import { Icon, type IconName } from "./icons";

const PILL_ICON: Partial<Record<State, IconName>> = {
  queued: "queue", running: "play", stopped: "stop", failed: "xc", lost: "unplug",
};

export function StatePill({ state, session, now }: { state: State; session: Session | null; now: number }): JSX.Element {
  const icon = PILL_ICON[state];
  let word: string = t.state[state];
  if (state === "running" && session && isIdle(session, now)) word = t.state.idle;
  else if (state === "starting" && session?.phase) word = t.state.startingPhase(t.phase[session.phase] ?? session.phase);
  else if (state === "queued" && session?.queue?.held_until) word = t.line.pillTurn;
  else if (state === "queued" && session?.queue?.place) word = t.line.pill(session.queue.place, session.queue.of ?? session.queue.place);
  else if (state === "failed" && session?.reason) word = t.state.failedCause[session.reason] ?? word;
  return (
    <span class="pill" data-state={state}>
      {icon ? <Icon name={icon} /> : <span class="spin" aria-hidden="true" />}
      {word}
    </span>
  );
}

export function WorkspacePill({ w, now }: { w: Workspace; now: number }): JSX.Element {
  return <StatePill state={stateOf(w)} session={w.session ?? w.last_session} now={now} />;
}

/* All six digits; those below the cent lighter. What is not a decimal is shown as it came. */
export function Money({ text, micro, currency }: { text?: string; micro?: bigint; currency: string }): JSX.Element {
  const value = micro ?? parseMicro(text);
  if (value === null) return <span class="money">{text}</span>;
  const p = exactParts(value, currency);
  return (
    <span class="money">
      {p.main}
      <span class="sub">{p.sub}</span>
      {p.tail}
    </span>
  );
}

export function headline(text: string | undefined | null, currency: string): string {
  const micro = parseMicro(text);
  return micro === null ? (text ?? "") : cents(micro, currency);
}

export function rateText(text: string, currency: string): string {
  const micro = parseMicro(text);
  return micro === null ? text : rate(micro, currency);
}

/* A bar's width is data: it goes through the object model, which the content policy allows. */
export function Bar({ part, label, big, kind }: { part: number; label?: string; big?: boolean; kind?: string | undefined }): JSX.Element {
  const width = `${Math.max(0, Math.min(100, part * 100)).toFixed(1)}%`;
  return (
    <span class={big ? "bar bar-l" : "bar"} role={label ? "img" : undefined} aria-label={label}>
      <i data-kind={kind} style={{ width }} />
    </span>
  );
}

/* The server speaks English; in another language that is said, for those who hear it. */
export function ServerText({ text }: { text: string }): JSX.Element {
  return <span lang="en">{text}</span>;
}

/* What the server says may name a command between backticks. */
export function Said({ text }: { text: string }): JSX.Element {
  return <>{text.split("`").map((part, i) => (i % 2 ? <code key={i}>{part}</code> : part))}</>;
}

export function ErrorBanner({ error, onRetry, title }: { error: ApiError | null; onRetry?: () => void; title?: string }): JSX.Element | null {
  if (!error) return null;
  return (
    <div class="banner" data-kind="danger" role="alert">
      <Icon name="alert" />
      <div class="banner-body">
        {title && <span class="strong">{title} </span>}
        <Said text={failText(error)} />
        {error.requestId && <span class="t3 small request">{t.request(error.requestId)}</span>}
      </div>
      {onRetry && (
        <div class="actions">
          <button class="btn btn-s" type="button" onClick={onRetry}>
            {t.tryAgain}
          </button>
        </div>
      )}
    </div>
  );
}

export type Art = "desk" | "usage" | "search" | "list";

export function EmptyArt({ art }: { art: Art }): JSX.Element {
  const line = { fill: "none", stroke: "currentColor", "stroke-width": 2, "stroke-linejoin": "round", "stroke-linecap": "round" } as const;
  return (
    <svg class="empty-art" viewBox="0 0 132 88" aria-hidden="true" {...line}>
      {art === "desk" && (
        <>
          <path d="M14 84V16a6 6 0 0 1 6-6h92a6 6 0 0 1 6 6v68M14 56h104" />
          <path class="f" d="M52 34a14 9.5 0 0 1 28 0z" stroke="none" />
          <path class="a" d="M52 34a14 9.5 0 0 1 28 0zM66 24.5v-4M80 34h5v22" />
        </>
      )}
      {art === "usage" && (
        <>
          <path d="M18 14v58h98" />
          <path class="a" stroke-dasharray="3 4" d="M24 66h88" />
          <path d="M34 64v-6M50 64v-6M66 64v-6M82 64v-6" />
        </>
      )}
      {art === "search" && (
        <>
          <rect x="20" y="18" width="66" height="52" rx="4" />
          <path d="M32 32h40M32 44h28M32 56h34" />
          <circle class="a" cx="94" cy="50" r="14" />
          <path class="a" d="M104 60l11 11" />
        </>
      )}
      {art === "list" && (
        <>
          <path d="M12 70h108M24 70V34h12v36M40 70V26h9v44M56 70l11-37 10 3-10 34" />
          <path class="a" stroke-dasharray="3 4" d="M88 70V38h14v32" />
        </>
      )}
    </svg>
  );
}

export function Empty({ art, title, body, children }: { art: Art; title: string; body: string; children?: ComponentChildren }): JSX.Element {
  return (
    <div class="empty">
      <EmptyArt art={art} />
      <h2>{title}</h2>
      <p>{body}</p>
      {children && <div class="row row-wrap empty-go">{children}</div>}
    </div>
  );
}

export function SkeletonRows({ rows, label }: { rows: number; label: string }): JSX.Element {
  return (
    <div class="skel-rows" aria-busy="true" aria-label={label} role="status">
      {Array.from({ length: rows }, (_, i) => (
        <div class="skel-row" key={i}>
          <span class="skel" />
          <span class="skel" />
          <span class="skel" />
        </div>
      ))}
    </div>
  );
}

export function FieldError({ id, text }: { id: string; text: string | undefined }): JSX.Element | null {
  if (!text) return null;
  return (
    <p class="error-text" id={id}>
      <Icon name="xc" size="s" />
      <span>
        <Said text={text} />
      </span>
    </p>
  );
}

export function Kbd({ keys }: { keys: string[] }): JSX.Element {
  return (
    <>
      {keys.map((k) => (
        <kbd key={k}>{k}</kbd>
      ))}
    </>
  );
}
