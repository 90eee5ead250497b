/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Sessions that stop soon: told by the server's event, or seen from the stop time when the page was
 * opened after it. The leads are the server's rule: 15 and 5 minutes, or half of a shorter limit.
 */
import type { JSX } from "preact";
import { useState } from "preact/hooks";
import { extend } from "../actions";
import { atMs, clock, durationShort } from "../lib/time";
import { useStore } from "../lib/store";
import { useAction, useNow } from "../lib/use";
import { live } from "../live";
import type { Warning, Workspace } from "../model";
import { t } from "../text";
import { canExtend, failText, leftSeconds } from "../words";
import { Icon } from "./icons";
import { toast } from "./layers";

const LEAD_S = 300;
const EARLY_S = 900;
const EXTEND_S = 3600;

function derived(w: Workspace, now: number): Warning | null {
  const s = w.session;
  const left = leftSeconds(s, now);
  if (!s || left === null || !s.stop_at) return null;
  const limit = s.stop_why === "max" ? s.max_seconds : s.stop_why === "idle" ? s.auto_stop_seconds : Infinity;
  if (left > Math.min(EARLY_S, limit / 2)) return null;
  const early = left > Math.min(LEAD_S, limit / 2);
  return { session_id: s.id, workspace_id: w.id, workspace_name: w.name, stop_at: s.stop_at, seconds: left, why: s.stop_why ?? "idle", early };
}

function words(why: string): (name: string, left: string) => string {
  return why === "max" ? t.warn.max : why === "calendar" ? t.warn.calendar : why === "budget" ? t.warn.budget : t.warn.idle;
}

function One({ w, now, onClose }: { w: Warning; now: number; onClose: () => void }): JSX.Element {
  const action = useAction();
  const left = Math.max(0, (atMs(w.stop_at) - now) / 1000);
  const text = left < 1 ? t.warn.now(w.workspace_name) : words(w.why)(w.workspace_name, durationShort(left));
  const more = () =>
    action.run(async () => {
      const s = await extend(w.session_id, EXTEND_S);
      if (s?.stop_at) toast(t.act.extended(w.workspace_name, clock(atMs(s.stop_at))));
      onClose();
    });
  return (
    <div class="toast" role="alert" data-kind="warn">
      <Icon name="clock" />
      <span aria-live="off">
        {text}
        {action.error && <span class="error-text">{failText(action.error)}</span>}
      </span>
      <span class="toast-actions">
        {canExtend(w.why) && (
          <button class="btn btn-s" data-kind="primary" type="button" aria-busy={action.busy} aria-label={t.act.extendName(w.workspace_name)} onClick={more}>
            {t.act.extend}
          </button>
        )}
        <button class="btn btn-s btn-icon" data-kind="quiet" type="button" aria-label={t.close} onClick={onClose}>
          <Icon name="x" size="s" />
        </button>
      </span>
    </div>
  );
}

export function StopWarnings(): JSX.Element {
  const told = useStore(live, (s) => s.warnings);
  const all = useStore(live, (s) => s.workspaces);
  const now = useNow(1000);
  const [closed, setClosed] = useState<Record<string, { at: number; early: boolean }>>({});
  const list = new Map<string, Warning>();
  for (const w of all ?? []) {
    const d = derived(w, now);
    if (d) list.set(d.session_id, d);
  }
  for (const w of told) if (!list.has(w.session_id) && atMs(w.stop_at) > now - 5000) list.set(w.session_id, w);
  /* A warning that was closed stays closed until the stop itself has moved on, or until the last one. */
  const shown = [...list.values()].filter((w) => {
    const c = closed[w.session_id];
    return !c || Math.abs(c.at - atMs(w.stop_at)) > 5000 || (c.early && !w.early);
  });
  return (
    <div class="toast-stack">
      {shown.map((w) => (
        <One key={w.session_id} w={w} now={now} onClose={() => setClosed({ ...closed, [w.session_id]: { at: atMs(w.stop_at), early: !!w.early } })} />
      ))}
    </div>
  );
}
