/* SPDX-License-Identifier: Apache-2.0 */
/* New workspace: everything has a default, Start works at once, the estimate follows each change. */
import type { JSX } from "preact";
import { useEffect, useRef, useState } from "preact/hooks";
import { createWorkspace, start } from "../actions";
import { cheapestFirst, defaults, limits, offered } from "../defaults";
import { ApiError } from "../lib/api";
import { useKeys } from "../lib/keys";
import { cents, parseMicro, rate } from "../lib/money";
import { go } from "../lib/router";
import { size } from "../lib/size";
import { useStore } from "../lib/store";
import { durationSetting, monthName, monthOf, nowMs } from "../lib/time";
import { useAction } from "../lib/use";
import { live } from "../live";
import type { Workspace } from "../model";
import { t } from "../text";
import { Icon } from "../ui/icons";
import { ErrorBanner, FieldError } from "../ui/parts";
import { AutoStopField, StorageField, autoStopError } from "../ui/settings-fields";
import { BudgetNote, estimatePath, useEstimate } from "../ui/estimate";
import { usePage } from "../ui/shell";
import { TypeField } from "../ui/type-choice";

function freeName(all: Workspace[] | null): string {
  const taken = new Set((all ?? []).map((w) => w.name.toLowerCase()));
  for (let i = 1; ; i++) if (!taken.has(t.create.suggestion(i))) return t.create.suggestion(i);
}

/* Which field a problem is about; the rest stands above the form. */
const FIELDS = ["name", "image", "instance_type", "storage_bytes", "auto_stop_seconds"];

export function CreatePage(): JSX.Element {
  usePage([{ text: t.list.title, href: "/workspaces" }, { text: t.create.crumb }], t.create.title);
  const all = useStore(live, (s) => s.workspaces);
  const types = cheapestFirst(useStore(live, (s) => s.types));
  const images = useStore(live, (s) => s.images);
  const me = useStore(live, (s) => s.me)!;
  const d = defaults(types, images);
  const [name, setName] = useState<string | null>(null);
  const [image, setImage] = useState<string | null>(null);
  const [type, setType] = useState<string | null>(null);
  const [storage, setStorage] = useState(d.storage_bytes);
  const [idle, setIdle] = useState(d.auto_stop_seconds);
  const [wrong, setWrong] = useState<Record<string, string>>({});
  const made = useRef<Workspace | null>(null);
  const [which, setWhich] = useState<"start" | "only">("start");
  const action = useAction();

  const theName = name ?? (all ? freeName(all) : "");
  const theImage = image ?? d.image?.id ?? "";
  const chosen = types.find((x) => x.id === type) ?? d.type;
  const price = chosen ? (parseMicro(chosen.price_per_hour) ?? 0n) : 0n;

  const check = (): Record<string, string> => {
    const w: Record<string, string> = {};
    const plain = theName.trim();
    if (!plain) w.name = t.create.needName;
    else if ([...plain].length > 64) w.name = t.create.nameLong;
    else if (!made.current && all?.some((x) => x.name === plain)) w.name = t.create.nameTaken;
    const stop = autoStopError(idle);
    if (stop) w.auto_stop_seconds = stop;
    return w;
  };
  const focusFirst = (w: Record<string, string>) => {
    if (w.name) document.getElementById("name")?.focus();
    else if (w.auto_stop_seconds) document.getElementById("stop-minutes")?.focus();
  };
  const submit = async (thenStart: boolean) => {
    const w = check();
    setWrong(w);
    setWhich(thenStart ? "start" : "only");
    if (Object.keys(w).length) return focusFirst(w);
    const ok = await action.run(async () => {
      try {
        /* A start that failed leaves the workspace made: the next press only starts it. */
        made.current ??= await createWorkspace({
          name: theName.trim(),
          image: theImage || limits().default_image,
          instance_type: chosen?.id ?? limits().default_type,
          storage_bytes: storage,
          auto_stop_seconds: idle,
        });
      } catch (e) {
        if (e instanceof ApiError && FIELDS.includes(e.field)) {
          setWrong({ [e.field]: e.detail || e.title });
          focusFirst({ [e.field]: e.title });
        }
        throw e;
      }
      if (thenStart) await start(made.current.id);
    });
    if (!ok || !made.current) return;
    if (thenStart) go(`/workspaces/${made.current.id}/start`, { state: { open: true } });
    else go(`/workspaces/${made.current.id}`);
  };
  useKeys({ "Ctrl Enter": () => void submit(true) });
  /* The suggested name stands selected, unless somebody is elsewhere already by the time it is known. */
  useEffect(() => {
    const at = document.activeElement;
    if (name === null && (!at || at === document.body || at.id === "main" || at.id === "name"))
      (document.getElementById("name") as HTMLInputElement | null)?.select();
  }, [!!all]);

  const fieldError = action.error && FIELDS.includes(action.error.field);
  const rateNow = chosen ? rate(price, chosen.currency) : "";
  const currency = chosen?.currency ?? me.currency;
  const estimate = useEstimate(chosen ? estimatePath(null, { instance_type: chosen.id, storage_bytes: storage, auto_stop_seconds: idle }) : null);
  const disk = estimate ? (parseMicro(estimate.storage_per_month) ?? 0n) : 0n;
  return (
    <>
      <div class="page-head">
        <div>
          <h1>{t.create.title}</h1>
          <p class="sub-line">{t.create.lead}</p>
        </div>
      </div>
      {!fieldError && <ErrorBanner error={action.error} />}
      <form
        class="grid main-side nw"
        noValidate
        onSubmit={(e) => {
          e.preventDefault();
          void submit(true);
        }}
      >
        <div class="stack stack-wide">
          <div class="field">
            <label class="label" for="name">{t.create.name}</label>
            <input
              class="input input-l name-input"
              id="name"
              value={theName}
              maxLength={128}
              autocomplete="off"
              spellcheck={false}
              aria-invalid={!!wrong.name}
              aria-describedby="name-h"
              onInput={(e) => setName(e.currentTarget.value)}
            />
            {wrong.name ? <FieldError id="name-h" text={wrong.name} /> : <p class="hint" id="name-h">{t.create.nameHint}</p>}
          </div>
          <fieldset class="field">
            <legend class="label legend-gap">{t.create.image}</legend>
            {images.length ? (
              <div class="grid cols-2 choices">
                {offered(images, d.image).map((i) => (
                  <label class="choice" key={i.id}>
                    <input type="radio" name="image" value={i.id} checked={theImage === i.id} onChange={() => setImage(i.id)} />
                    <span class="choice-title">
                      <span class="tick" />
                      <span class="truncate">{i.title || i.name}</span>
                      {i.id === d.image?.id && <span class="badge push">{t.create.isDefault}</span>}
                    </span>
                    <span class="t2 small choice-line">{i.description}</span>
                    <span class="t3 small choice-line">
                      {i.size_bytes > 0 ? `${size(i.size_bytes)} · ` : ""}
                      {i.ready ? t.create.imageReady : t.create.imageNotReady}
                    </span>
                  </label>
                ))}
              </div>
            ) : (
              <p class="hint">{t.create.noImages}</p>
            )}
            <FieldError id="image-e" text={wrong.image} />
          </fieldset>
          <fieldset class="field">
            <legend class="label legend-gap">{t.create.type}</legend>
            <TypeField types={types} value={chosen?.id ?? ""} onChange={setType} name="type" />
            <FieldError id="type-e" text={wrong.instance_type} />
          </fieldset>
          <div class="grid cols-2 pair">
            <StorageField id="disk" value={storage} onChange={setStorage} hint={disk > 0n ? t.create.storageCosts(cents(disk, currency)) : t.create.storageHint} error={wrong.storage_bytes} />
            <AutoStopField name="stop" value={idle} onChange={setIdle} hint={t.create.stopHint(durationSetting(limits().session_max_seconds))} error={wrong.auto_stop_seconds} />
          </div>
        </div>
        <aside class="card est">
          <div class="card-head">
            <h2 class="h3">{t.create.costTitle}</h2>
          </div>
          <div class="card-pad stack">
            <p class="figure">
              {rateNow}
              <span class="figure-unit">{t.create.whileRuns}</span>
            </p>
            <dl class="kv num">
              <dt>{t.create.bySecond(chosen?.name ?? "")}</dt>
              <dd>{t.create.perHourShort(rateNow)}</dd>
              {disk > 0n && (
                <>
                  <dt>{t.create.storageAlways(size(storage))}</dt>
                  <dd>{t.create.perMonthShort(cents(disk, currency))}</dd>
                </>
              )}
            </dl>
            <hr class="tight" />
            <div>
              <p class="t3 small">{t.create.example}</p>
              <dl class="kv num est-lines">
                <dt>{t.create.exampleLine(rateNow)}</dt>
                <dd>{cents(price * 60n, currency)}</dd>
                {disk > 0n && (
                  <>
                    <dt>{t.create.storage}</dt>
                    <dd>{cents(disk, currency)}</dd>
                  </>
                )}
                <dt class="strong est-month">{t.create.month}</dt>
                <dd class="strong">{cents(price * 60n + disk, currency)}</dd>
              </dl>
            </div>
            <BudgetNote estimate={estimate} month={monthName(monthOf(nowMs()))} />
          </div>
          <div class="card-foot est-foot">
            <button class="btn btn-l btn-block" data-kind="primary" type="submit" aria-busy={action.busy && which === "start"}>
              {action.busy && which === "start" ? <span class="spin" aria-hidden="true" /> : <Icon name="play" />}
              {t.create.start}
              <span class="only-phone num est-price">{`${rateNow} ${t.perHour}`}</span>
            </button>
          </div>
          <div class="est-alt">
            <button class="btn btn-s" data-kind="quiet" type="button" aria-busy={action.busy && which === "only"} onClick={() => void submit(false)}>
              {t.create.only}
            </button>
            <span class="row t3 small not-phone">
              <kbd>Ctrl</kbd>
              <kbd>Enter</kbd>
            </span>
          </div>
        </aside>
      </form>
    </>
  );
}
