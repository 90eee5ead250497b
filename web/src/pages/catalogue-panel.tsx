/* SPDX-License-Identifier: Apache-2.0 */
/* The side panel of the catalogue: one thing with its price, whom a change touches, and what somebody else made of it. */
import type { ComponentChildren, JSX } from "preact";
import { useEffect, useRef, useState } from "preact/hooks";
import { type Catalogue, type CatalogueUse, type ChangeAnswer, type Difference, type Draft, draftIn, fieldOf, merge, pastOf, touched, withDraft } from "../catalogue";
import { ApiError, call } from "../lib/api";
import { atMs, clock, dayYear } from "../lib/time";
import { t } from "../text";
import { Icon } from "../ui/icons";
import { ErrorBanner, FieldError, rateText } from "../ui/parts";


export function put(doc: Catalogue, dry: boolean): Promise<ChangeAnswer> {
  return call<ChangeAnswer>("PUT", `/admin/catalogue${dry ? "?dry_run=true" : ""}`, { body: doc }).then((a) => a.data);
}

interface Conflict {
  catalogue: Catalogue;
  changes: Difference[];
}

function conflictOf(e: unknown): Conflict | null {
  return e instanceof ApiError && e.slug === "changed" ? ((e.data as Conflict | null) ?? null) : null;
}

/* What the server makes of the draft, a moment after the last key. */
function useLook(base: Catalogue, draft: Draft) {
  const [state, set] = useState<{ answer: ChangeAnswer | null; error: ApiError | null; conflict: Conflict | null; busy: boolean }>({
    answer: null, error: null, conflict: null, busy: false,
  });
  const doc = withDraft(base, draft);
  const key = JSON.stringify(doc);
  useEffect(() => {
    if (key === JSON.stringify(base)) return set({ answer: null, error: null, conflict: null, busy: false });
    let gone = false;
    set((s) => ({ ...s, busy: true }));
    const timer = setTimeout(() => {
      put(doc, true).then(
        (answer) => !gone && set({ answer, error: null, conflict: null, busy: false }),
        (error: ApiError) => !gone && set({ answer: null, error, conflict: conflictOf(error), busy: false }),
      );
    }, 350);
    return () => {
      gone = true;
      clearTimeout(timer);
    };
  }, [key]);
  return { ...state, doc, fail: (error: ApiError) => set({ answer: null, error, conflict: conflictOf(error), busy: false }) };
}

function Text({ d, set, name, label, hint, error, mode, disabled }: {
  d: Draft;
  set: (d: Draft) => void;
  name: string;
  label: string;
  hint?: string;
  error: string | undefined;
  mode?: "decimal" | "text";
  disabled?: boolean;
}): JSX.Element {
  return (
    <div class="field">
      <label class="label" for={`cat-${name}`}>{label}</label>
      <input
        class={mode === "text" ? "input" : "input num"}
        id={`cat-${name}`}
        inputMode={mode ?? "decimal"}
        autocomplete="off"
        spellcheck={false}
        value={d.texts[name] ?? ""}
        disabled={disabled}
        aria-invalid={!!error}
        aria-describedby={`cat-${name}-h`}
        onInput={(e) => set({ ...d, texts: { ...d.texts, [name]: e.currentTarget.value } })}
      />
      {error ? <FieldError id={`cat-${name}-h`} text={error} /> : hint && <p class="hint" id={`cat-${name}-h`}>{hint}</p>}
    </div>
  );
}

function Flag({ d, set, name, label }: { d: Draft; set: (d: Draft) => void; name: string; label: string }): JSX.Element {
  return (
    <label class="switch">
      <input type="checkbox" checked={!!d.flags[name]} onChange={(e) => set({ ...d, flags: { ...d.flags, [name]: e.currentTarget.checked } })} />
      {label}
    </label>
  );
}

function Offered({ d, set, label }: { d: Draft; set: (d: Draft) => void; label: string }): JSX.Element | null {
  if (d.id === null) return null;
  return (
    <label class="switch">
      <input type="checkbox" checked={d.offered} onChange={(e) => set({ ...d, offered: e.currentTarget.checked })} />
      {label}
    </label>
  );
}

function PriceFields({ base, d, set, errors }: { base: Catalogue; d: Draft; set: (d: Draft) => void; errors: Record<string, string> }): JSX.Element {
  const storage = d.thing === "storage";
  const had = storage ? base.storage : base.instance_types.find((x) => x.id === d.id);
  const now = !had ? "" : "price_per_hour" in had ? had.price_per_hour : had.price_per_gb_month;
  const planned = (had?.next_prices ?? []).map((p) => ({ from: p.from, rate: "price_per_hour" in p ? p.price_per_hour : p.price_per_gb_month }));
  const tomorrow = () => {
    const at = new Date();
    at.setDate(at.getDate() + 1);
    const two = (v: number) => String(v).padStart(2, "0");
    return `${at.getFullYear()}-${two(at.getMonth() + 1)}-${two(at.getDate())}T00:00`;
  };
  return (
    <>
      <div class="field">
        <label class="label" for="cat-price">{storage ? t.catalogue.panel.pricePerGb(base.currency) : t.catalogue.panel.pricePerHour(base.currency)}</label>
        <input
          class="input num"
          id="cat-price"
          inputMode="decimal"
          autocomplete="off"
          value={d.price}
          aria-invalid={!!errors.price}
          aria-describedby="cat-price-h"
          onInput={(e) => set({ ...d, price: e.currentTarget.value })}
        />
        <FieldError id="cat-price-h" text={errors.price} />
      </div>
      {had && (
        <fieldset class="field">
          <legend class="label legend-gap">{t.catalogue.panel.from}</legend>
          <div class="row row-wrap">
            <div class="seg" role="radiogroup" aria-label={t.catalogue.panel.from}>
              <label>
                <input type="radio" name="cat-when" checked={!d.from} onChange={() => set({ ...d, from: "" })} />
                {t.catalogue.panel.now}
              </label>
              <label>
                <input type="radio" name="cat-when" checked={!!d.from} onChange={() => set({ ...d, from: tomorrow() })} />
                {t.catalogue.panel.later}
              </label>
            </div>
            {d.from && (
              <input
                class="input cat-from"
                type="datetime-local"
                value={d.from}
                aria-label={t.catalogue.panel.fromLabel}
                aria-invalid={!!errors.from}
                onInput={(e) => e.currentTarget.value && set({ ...d, from: e.currentTarget.value })}
              />
            )}
          </div>
          {errors.from ? <FieldError id="cat-from-h" text={errors.from} /> : <p class="hint">{d.from ? t.catalogue.panel.until(rateText(now, base.currency)) : t.catalogue.panel.fromNow}</p>}
        </fieldset>
      )}
      {planned.length > 0 && (
        <div class="field">
          <p class="label">{t.catalogue.panel.plannedHead}</p>
          {planned.map((p) => (
            <p class="small t2 num" key={p.from}>{t.catalogue.planned(rateText(p.rate, base.currency), `${dayYear(atMs(p.from))}, ${clock(atMs(p.from))}`)}</p>
          ))}
          <label class="check small">
            <input type="checkbox" checked={!d.keepPlanned} onChange={(e) => set({ ...d, keepPlanned: !e.currentTarget.checked })} />
            {t.catalogue.panel.takeBack}
          </label>
        </div>
      )}
    </>
  );
}

function Pick({ legend, all, d, set, error }: {
  legend: string;
  all: { id: string; name: string; fixed?: boolean }[];
  d: Draft;
  set: (d: Draft) => void;
  error: string | undefined;
}): JSX.Element {
  const every = d.thing === "plan" && d.types.includes("*");
  return (
    <fieldset class="field">
      <legend class="label legend-gap">{legend}</legend>
      <div class="stack cat-picks">
        {d.thing === "plan" && (
          <label class="check">
            <input type="checkbox" checked={every} onChange={(e) => set({ ...d, types: e.currentTarget.checked ? ["*"] : [] })} />
            {t.catalogue.panel.all}
          </label>
        )}
        {!every &&
          all.map((x) => (
            <label class="check" key={x.id}>
              <input
                type="checkbox"
                checked={x.fixed || d.types.includes(x.id)}
                disabled={x.fixed}
                onChange={(e) => set({ ...d, types: e.currentTarget.checked ? [...d.types, x.id] : d.types.filter((i) => i !== x.id) })}
              />
              {x.name}
              {x.fixed && <span class="t3"> · {t.catalogue.panel.byAll}</span>}
            </label>
          ))}
      </div>
      <FieldError id="cat-types-h" text={error} />
    </fieldset>
  );
}

function TypeFields({ base, d, set, errors }: { base: Catalogue; d: Draft; set: (d: Draft) => void; errors: Record<string, string> }): JSX.Element {
  const one = { d, set };
  return (
    <>
      {d.id === null && <Text {...one} name="id" label={t.catalogue.panel.id} hint={t.catalogue.panel.idHint} mode="text" error={errors.id} />}
      <Text {...one} name="name" label={t.catalogue.name} mode="text" error={errors.name} />
      <div class="grid cat-two">
        <Text {...one} name="cpu" label={t.catalogue.panel.cpu} error={errors.cpu} />
        <Text {...one} name="memory_bytes" label={t.catalogue.panel.memory} error={errors.memory_bytes} />
        <Text {...one} name="gpu_class" label={t.catalogue.panel.gpuClass} mode="text" error={errors.gpu_class} />
        <Text {...one} name="gpu_count" label={t.catalogue.panel.gpuCount} error={errors.gpu_count} />
      </div>
      <Text {...one} name="pids" label={t.catalogue.panel.pids} error={errors.pids} />
      <PriceFields base={base} d={d} set={set} errors={errors} />
      <Pick
        legend={t.catalogue.panel.plansLegend}
        all={base.plans.map((p) => ({ id: p.id, name: p.name, fixed: p.types.includes("*") }))}
        d={d}
        set={set}
        error={errors.types}
      />
      <Flag {...one} name="preemptible" label={t.catalogue.panel.preemptible} />
      <Offered {...one} label={t.catalogue.panel.offered} />
    </>
  );
}

function PlanFields({ base, d, set, errors }: { base: Catalogue; d: Draft; set: (d: Draft) => void; errors: Record<string, string> }): JSX.Element {
  const one = { d, set };
  return (
    <>
      {d.id === null && <Text {...one} name="id" label={t.catalogue.panel.id} hint={t.catalogue.panel.idHint} mode="text" error={errors.id} />}
      <Text {...one} name="name" label={t.catalogue.name} mode="text" error={errors.name} />
      <Text {...one} name="sessions_max" label={t.catalogue.panel.sessions} error={errors.sessions_max} />
      <Text {...one} name="storage_bytes_max" label={t.catalogue.panel.storageMax} hint={t.catalogue.panel.zeroNone} error={errors.storage_bytes_max} />
      <Text {...one} name="session_max_seconds" label={t.catalogue.panel.sessionMax} hint={t.catalogue.panel.zeroNone} error={errors.session_max_seconds} />
      <div class="grid cat-two">
        <Text {...one} name="auto_stop_min_seconds" label={t.catalogue.panel.stopMin} error={errors.auto_stop_min_seconds} />
        <Text {...one} name="auto_stop_max_seconds" label={t.catalogue.panel.stopMax} error={errors.auto_stop_max_seconds} />
      </div>
      <Pick legend={t.catalogue.panel.typesLegend} all={base.instance_types} d={d} set={set} error={errors.types} />
      <Text {...one} name="free_seconds_per_month" label={t.catalogue.panel.freeHours} error={errors.free_seconds_per_month} />
      <Text {...one} name="credit_new" label={t.catalogue.panel.credit(base.currency)} error={errors.credit_new} />
      <div class="field">
        <label class="label" for="cat-mode">{t.catalogue.panel.priceMode}</label>
        <select class="select" id="cat-mode" value={d.texts.price_mode} onChange={(e) => set({ ...d, texts: { ...d.texts, price_mode: e.currentTarget.value } })}>
          <option value="keep">{t.catalogue.panel.keep}</option>
          <option value="follow">{t.catalogue.panel.follow}</option>
        </select>
      </div>
      <Text {...one} name="priority" label={t.catalogue.panel.priority} hint={t.catalogue.panel.priorityHint} error={errors.priority} />
      <div class="grid cat-two">
        <Text {...one} name="notice_seconds" label={t.catalogue.panel.notice} error={errors.notice_seconds} />
        <Text {...one} name="hold_seconds" label={t.catalogue.panel.hold} error={errors.hold_seconds} />
      </div>
      <Flag {...one} name="private" label={t.catalogue.panel.private} />
      <Flag {...one} name="default" label={t.catalogue.panel.isDefault} />
      <Offered {...one} label={t.catalogue.panel.planOffered} />
    </>
  );
}

/* What it has cost until now; the newest is what it costs. */
function Past({ base, use, d }: { base: Catalogue; use: CatalogueUse | null; d: Draft }): JSX.Element | null {
  const past = pastOf(use, d);
  if (past.length < 2) return null;
  return (
    <div class="field">
      <p class="label" id="cat-past">{t.catalogue.panel.past}</p>
      <ul class="small t2 num" aria-labelledby="cat-past">
        {past.map((p) => (
          <li key={p.from ?? ""}>{p.from ? t.catalogue.planned(rateText(p.rate, base.currency), `${dayYear(atMs(p.from))}, ${clock(atMs(p.from))}`) : t.catalogue.panel.first(rateText(p.rate, base.currency))}</li>
        ))}
      </ul>
    </div>
  );
}

function Theirs({ c, draft, mineOnly, onMine, onTheirs }: { c: Conflict; draft: Draft; mineOnly: Set<string>; onMine: () => void; onTheirs: () => void }): JSX.Element {
  const mine = c.changes.filter((x) => x.thing === draft.thing && x.id === (draft.id ?? draft.texts.id) && (!x.field || mineOnly.has(x.field)));
  return (
    <div class="banner cat-conflict" data-kind="warn" role="alert">
      <Icon name="alert" />
      <div class="banner-body stack">
        <p>
          <span class="strong">{t.catalogue.panel.conflict}</span> {mine.length ? t.catalogue.panel.conflictBody : t.catalogue.panel.conflictNone}
        </p>
        {mine.length > 0 && (
          <table class="cat-both">
            <thead>
              <tr>
                <th>{t.catalogue.panel.field}</th>
                <th>{t.catalogue.panel.theirs}</th>
                <th>{t.catalogue.panel.yours}</th>
              </tr>
            </thead>
            <tbody>
              {mine.map((x) => (
                <tr key={x.field ?? x.what}>
                  <td>{x.field ?? x.text}</td>
                  <td class="num">{x.from}</td>
                  <td class="num">{x.to}</td>
                </tr>
              ))}
            </tbody>
          </table>
        )}
        <div class="row">
          <button class="btn btn-s" type="button" onClick={onMine}>{t.catalogue.panel.keepMine}</button>
          <button class="btn btn-s" type="button" onClick={onTheirs}>{t.catalogue.panel.takeTheirs}</button>
        </div>
      </div>
    </div>
  );
}

function Review({ answer, busy }: { answer: ChangeAnswer | null; busy: boolean }): JSX.Element {
  if (busy) return <p class="t3 small" role="status">{t.catalogue.panel.looking}</p>;
  if (!answer?.changes.length) return <p class="t3 small" role="status">{t.catalogue.panel.nothing}</p>;
  return (
    <div class="stack cat-review" role="status">
      <ul class="small">
        {answer.changes.map((x) => (
          <li key={x.text}>{x.text}</li>
        ))}
      </ul>
      {answer.touches.map((x) => (
        <p class="t2 small" key={x.thing + x.id}>
          {answer.touches.length > 1 && x.id ? <b>{x.id} · </b> : null}
          {t.catalogue.panel.touches(x.sessions, x.workspaces)}
        </p>
      ))}
      {answer.warnings.map((x) => (
        <p class="small warn-t" key={x}>{x}</p>
      ))}
    </div>
  );
}

const head = () => ({ instance_type: t.catalogue.panel.instance_type, plan: t.catalogue.panel.plan, storage: t.catalogue.panel.storage });
const fresh = () => ({ instance_type: t.catalogue.panel.newType, plan: t.catalogue.panel.newPlan, storage: t.catalogue.panel.storage });

export function CataloguePanel({ base, use, start, onBase, onSaved, onClose }: {
  base: Catalogue;
  use: CatalogueUse | null;
  start: Draft;
  onBase: (c: Catalogue, keep: boolean) => void; /* somebody else's; keep: the draft goes on */
  onSaved: (a: ChangeAnswer) => void;
  onClose: () => void;
}): JSX.Element {
  const [d, set] = useState(start);
  const [begun, setBegun] = useState(start);
  const [saving, setSaving] = useState(false);
  const box = useRef<HTMLElement>(null);
  const look = useLook(base, d);
  const errors: Record<string, string> = look.error?.field ? { [fieldOf(look.error.field)]: look.error.detail.replace(/^[a-z_.0-9]+ /, "") } : {};
  const plain = look.error && !look.conflict && !look.error.field ? look.error : null;
  const ready = !!look.answer?.changes.length && !look.busy;
  useEffect(() => {
    box.current?.querySelector<HTMLElement>("input:not([disabled])")?.focus({ preventScroll: true });
  }, []);
  const save = () => {
    if (!ready || saving) return;
    setSaving(true);
    put(look.doc, false).then(onSaved, look.fail).finally(() => setSaving(false));
  };
  const keepMine = (theirs: Catalogue) => {
    const there = draftIn(theirs, d);
    if (there) {
      set(merge(begun, d, there));
      setBegun(there);
    }
    onBase(theirs, true);
  };
  const fields: ComponentChildren =
    d.thing === "instance_type" ? <TypeFields base={base} d={d} set={set} errors={errors} />
    : d.thing === "plan" ? <PlanFields base={base} d={d} set={set} errors={errors} />
    : <PriceFields base={base} d={d} set={set} errors={errors} />;
  return (
    <aside class="panel cat-panel" aria-labelledby="cat-title" ref={box} onKeyDown={(e) => e.key === "Escape" && onClose()}>
      <div class="panel-head">
        <div>
          <p class="eyebrow">{d.id === null ? fresh()[d.thing] : head()[d.thing]}</p>
          <p class="strong" id="cat-title">{d.thing === "storage" ? t.catalogue.panel.storage : d.texts.name || d.texts.id || fresh()[d.thing]}</p>
        </div>
        <button class="btn btn-s btn-icon push" data-kind="quiet" type="button" aria-label={t.close} onClick={onClose}>
          <Icon name="x" size="s" />
        </button>
      </div>
      <form
        class="cat-form"
        noValidate
        onSubmit={(e) => {
          e.preventDefault();
          save();
        }}
      >
        <div class="panel-body">
          {fields}
          <Past base={base} use={use} d={d} />
          <ErrorBanner error={plain} />
          {look.error?.field && !Object.keys(errors).some((k) => document.getElementById(`cat-${k}`)) && <FieldError id="cat-other" text={look.error.detail} />}
        </div>
        <div class="cat-after">
          {look.conflict ? (
            <Theirs
              c={look.conflict}
              draft={d}
              mineOnly={touched(begun, d)}
              onMine={() => keepMine(look.conflict!.catalogue)}
              onTheirs={() => onBase(look.conflict!.catalogue, false)}
            />
          ) : (
            <Review answer={look.answer} busy={look.busy} />
          )}
        </div>
        <div class="card-foot cat-foot">
          <button class="btn" data-kind="quiet" type="button" onClick={onClose}>{t.catalogue.panel.discard}</button>
          <button class="btn push" data-kind="primary" type="submit" disabled={!ready} aria-busy={saving}>
            {d.from ? t.catalogue.panel.saveFor(dayYear(new Date(d.from).getTime())) : t.catalogue.panel.save}
          </button>
        </div>
      </form>
    </aside>
  );
}
