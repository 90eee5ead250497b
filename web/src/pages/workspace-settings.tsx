/* SPDX-License-Identifier: Apache-2.0 */
/* Name, machine, storage, auto-stop, and the end of it all. Two editors at once: the second sees it. */
import type { JSX } from "preact";
import { useEffect, useState } from "preact/hooks";
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
import { TypeField } from "../ui/type-choice";
import { keptFor } from "../ui/undo-delete";
import { imageName } from "../words";
import type { WorkspaceActions } from "../ui/workspace-actions";

const FIELDS = ["name", "image", "instance_type", "storage_bytes", "auto_stop_seconds", "max_seconds", "stop_calendar"] as const;

function sameSettings(a: Workspace, b: Workspace): boolean {
  return FIELDS.every((f) => (a[f] || "") === (b[f] || ""));
}

export function SettingsTab({ w, acts }: { w: Workspace; acts: WorkspaceActions }): JSX.Element {
  const types = cheapestFirst(useStore(live, (s) => s.types));
  /* What was there when the form was filled in: another tab's change comes by event, and must not be undone by Save. */
  const [base, setBase] = useState(w);
  const [name, setName] = useState(w.name);
  const [type, setType] = useState(w.instance_type);
  const images = useStore(live, (x) => x.images);
  const [image, setImage] = useState(w.image);
  const [storage, setStorage] = useState(w.storage_bytes);
  const [idle, setIdle] = useState(w.auto_stop_seconds);
  const [longest, setLongest] = useState(w.max_seconds ?? 0);
  const [calendar, setCalendar] = useState(w.stop_calendar ?? "");
  const [wrong, setWrong] = useState<Record<string, string>>({});
  const [untouched, setUntouched] = useState(false); /* Save was pressed with nothing to save */
  const action = useAction();

  const patch: Partial<NewWorkspace> = {};
  if (name.trim() !== base.name) patch.name = name.trim();
  if (image !== base.image) patch.image = image;
  if (type !== base.instance_type) patch.instance_type = type;
  if (storage !== base.storage_bytes) patch.storage_bytes = storage;
  if (idle !== base.auto_stop_seconds) patch.auto_stop_seconds = idle;
  if (longest !== (base.max_seconds ?? 0)) patch.max_seconds = longest;
  if (calendar.trim() !== (base.stop_calendar ?? "")) patch.stop_calendar = calendar.trim();
  const dirty = Object.keys(patch).length > 0;

  const show = (x: Workspace) => {
    setBase(x);
    setName(x.name);
    setImage(x.image);
    setType(x.instance_type);
    setStorage(x.storage_bytes);
    setIdle(x.auto_stop_seconds);
    setLongest(x.max_seconds ?? 0);
    setCalendar(x.stop_calendar ?? "");
  };
  /* Another tab's change is shown at once where nothing was typed, and told at Save where something was. */
  useEffect(() => {
    if (!dirty && !action.busy && w.etag !== base.etag) show(w);
  }, [w.etag, dirty, action.busy]);
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
        setBase(await change(base, patch));
      } catch (e) {
        if (e instanceof ApiError && e.status === 412) {
          const fresh = putWorkspace(await get<Workspace>(`/workspaces/${encodeURIComponent(w.id)}`));
          if (sameSettings(fresh, base)) return setBase(await change(fresh, patch));
          show(fresh);
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
          <div class="field">
            <label class="label" for="ws-image">{t.ws.image}</label>
            <select class="select name-input" id="ws-image" value={image} aria-describedby="ws-image-h" onChange={(e) => setImage(e.currentTarget.value)}>
              {!images.some((i) => i.id === w.image) && <option value={w.image}>{imageName(images, w.image)}</option>}
              {images.map((i) => (
                <option key={i.id} value={i.id}>{i.title || i.name}</option>
              ))}
            </select>
            {wrong.image ? <FieldError id="ws-image-h" text={wrong.image} /> : <p class="hint" id="ws-image-h">{t.ws.imageHint}</p>}
          </div>
          <fieldset class="field">
            <legend class="label legend-gap">{t.ws.instance}</legend>
            <TypeField types={types} value={type} onChange={setType} name="ws-type" />
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
          <p class="t2">{t.ws.dangerBody(size(w.storage_bytes), keptFor())}</p>
          <div>
            <button class="btn" data-kind="danger" type="button" onClick={() => acts.askRemove(w)}>{t.act.removeMore}</button>
          </div>
        </div>
      </section>
    </div>
  );
}
