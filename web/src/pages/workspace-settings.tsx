/* SPDX-License-Identifier: Apache-2.0 */
/* Name, machine, storage, auto-stop, and the end of it all. Two editors at once: the second sees it. */
import type { JSX } from "preact";
import { useState } from "preact/hooks";
import { type NewWorkspace, change } from "../actions";
import { cheapestFirst } from "../defaults";
import { ApiError, get } from "../lib/api";
import { useKeys } from "../lib/keys";
import { size } from "../lib/size";
import { useStore } from "../lib/store";
import { clock, nowMs } from "../lib/time";
import { useAction } from "../lib/use";
import { live, putWorkspace } from "../live";
import type { Workspace } from "../model";
import { t } from "../text";
import { CalendarField, LongestField } from "../ui/clock-fields";
import { toast } from "../ui/layers";
import { ErrorBanner, FieldError } from "../ui/parts";
import { AutoStopField, StorageField, autoStopError } from "../ui/settings-fields";
import { TypeChoice } from "../ui/type-choice";
import type { WorkspaceActions } from "../ui/workspace-actions";

export function SettingsTab({ w, acts }: { w: Workspace; acts: WorkspaceActions }): JSX.Element {
  const types = cheapestFirst(useStore(live, (s) => s.types));
  const [name, setName] = useState(w.name);
  const [type, setType] = useState(w.instance_type);
  const [storage, setStorage] = useState(w.storage_bytes);
  const [idle, setIdle] = useState(w.auto_stop_seconds);
  const [longest, setLongest] = useState(w.max_seconds ?? 0);
  const [calendar, setCalendar] = useState(w.stop_calendar ?? "");
  const [wrong, setWrong] = useState<Record<string, string>>({});
  const [untouched, setUntouched] = useState(false); /* Save was pressed with nothing to save */
  const action = useAction();

  const patch: Partial<NewWorkspace> = {};
  if (name.trim() !== w.name) patch.name = name.trim();
  if (type !== w.instance_type) patch.instance_type = type;
  if (storage !== w.storage_bytes) patch.storage_bytes = storage;
  if (idle !== w.auto_stop_seconds) patch.auto_stop_seconds = idle;
  if (longest !== (w.max_seconds ?? 0)) patch.max_seconds = longest;
  if (calendar.trim() !== (w.stop_calendar ?? "")) patch.stop_calendar = calendar.trim();
  const dirty = Object.keys(patch).length > 0;

  const save = async () => {
    const x: Record<string, string> = {};
    if (!name.trim()) x.name = t.create.needName;
    const stop = autoStopError(idle);
    if (stop) x.auto_stop_seconds = stop;
    if (!Number.isFinite(longest)) x.max_seconds = t.clocks.needHours;
    setWrong(x);
    setUntouched(!dirty);
    if (Object.keys(x).length || !dirty) return;
    const ok = await action.run(async () => {
      try {
        await change(w, patch);
      } catch (e) {
        if (e instanceof ApiError && e.status === 412) {
          putWorkspace(await get<Workspace>(`/workspaces/${encodeURIComponent(w.id)}`));
          toast(t.ws.changed, "alert");
        } else if (e instanceof ApiError && e.field) setWrong({ [e.field]: e.detail || e.title });
        throw e;
      }
    });
    if (ok) toast(t.ws.saved(clock(nowMs())));
  };
  useKeys({ "Ctrl Enter": () => void save() });
  const atField = action.error?.field && wrong[action.error.field];

  return (
    <div class="stack settings">
      <form
        class="card"
        noValidate
        onSubmit={(e) => {
          e.preventDefault();
          void save();
        }}
      >
        <div class="card-head">
          <h2 class="h3">{t.ws.settings}</h2>
          <span class="t3 small push not-phone">{t.ws.settingsLead}</span>
        </div>
        <div class="card-pad stack stack-wide">
          <div class="field">
            <label class="label" for="ws-name">{t.ws.name}</label>
            <input class="input name-input" id="ws-name" value={name} maxLength={128} autocomplete="off" aria-invalid={!!wrong.name} aria-describedby="ws-name-e" onInput={(e) => setName(e.currentTarget.value)} />
            <FieldError id="ws-name-e" text={wrong.name} />
          </div>
          <fieldset class="field">
            <legend class="label legend-gap">{t.ws.instance}</legend>
            <TypeChoice types={types} value={type} onChange={setType} name="ws-type" />
            <p class="hint">{w.session ? t.ws.instanceRestart : t.ws.instanceHint}</p>
            <FieldError id="ws-type-e" text={wrong.instance_type} />
          </fieldset>
          <div class="grid cols-2 pair">
            <StorageField id="ws-disk" value={storage} min={w.storage_bytes} onChange={setStorage} hint={t.ws.growHint} error={wrong.storage_bytes} />
            <AutoStopField name="ws-stop" value={idle} onChange={setIdle} hint={t.ws.idleHint} error={wrong.auto_stop_seconds} />
          </div>
          <div class="grid cols-2 pair">
            <LongestField name="ws-longest" value={longest} onChange={setLongest} error={wrong.max_seconds} />
            <CalendarField name="ws-calendar" value={calendar} onChange={setCalendar} error={wrong.stop_calendar} />
          </div>
          {!atField && <ErrorBanner error={action.error} />}
        </div>
        <div class="card-foot">
          <button class="btn" data-kind="primary" type="submit" aria-busy={action.busy}>{t.save}</button>
          <span class="t3 small" role="status">{untouched && !dirty ? t.ws.nothing : ""}</span>
        </div>
      </form>
      <section class="card">
        <div class="card-head">
          <h2 class="h3">{t.ws.danger}</h2>
        </div>
        <div class="card-pad stack">
          <p class="t2">{t.ws.dangerBody(size(w.storage_bytes))}</p>
          <div>
            <button class="btn" data-kind="danger" type="button" onClick={() => acts.askRemove(w)}>{t.act.removeMore}</button>
          </div>
        </div>
      </section>
    </div>
  );
}
