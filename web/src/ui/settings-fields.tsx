/* SPDX-License-Identifier: Apache-2.0 */
/* The two fields that the new-workspace form and the settings share: storage and auto-stop. */
import type { JSX } from "preact";
import { useState } from "preact/hooks";
import { limits } from "../defaults";
import { GB, size } from "../lib/size";
import { durationSetting } from "../lib/time";
import { t } from "../text";
import { FieldError } from "./parts";

/* Steps that feel even: fine when small, coarse when large. The bounds are always among them. */
export function storageSteps(min: number, max: number): number[] {
  const steps = new Set<number>([min, max]);
  for (let g = 0.25; g * GB <= max; g += g < 1 ? 0.25 : g < 10 ? 1 : g < 50 ? 5 : g < 200 ? 10 : 100) {
    if (g * GB >= min) steps.add(g * GB);
  }
  return [...steps].sort((a, b) => a - b);
}

export function StorageField({ id, value, min, onChange, hint, error }: {
  id: string;
  value: number;
  min?: number;
  onChange: (bytes: number) => void;
  hint: string;
  error: string | undefined;
}): JSX.Element {
  const l = limits();
  const low = Math.max(l.storage_min_bytes, min ?? 0);
  const steps = storageSteps(low, Math.max(l.storage_max_bytes, low));
  let at = steps.findIndex((s) => s >= value);
  if (at < 0) at = steps.length - 1;
  const last = steps.length - 1;
  return (
    <div class="field">
      <label class="label" for={id}>
        {t.create.storage}
        <span class="push num strong">{size(value)}</span>
      </label>
      <input
        class="range"
        id={id}
        type="range"
        min={0}
        max={last}
        step={1}
        value={at}
        disabled={last === 0}
        aria-valuetext={size(value)}
        aria-describedby={`${id}-h`}
        style={{ "--fill": `${last ? ((at / last) * 100).toFixed(1) : 100}%` }}
        onInput={(e) => onChange(steps[Number(e.currentTarget.value)]!)}
      />
      <div class="range-ticks num" aria-hidden="true">
        <span>{size(steps[0]!)}</span>
        <span>{size(steps[last]!)}</span>
      </div>
      {error ? <FieldError id={`${id}-h`} text={error} /> : <p class="hint" id={`${id}-h`}>{hint}</p>}
    </div>
  );
}

const PRESETS = [1800, 3600, 7200, 14_400];

export function AutoStopField({ name, value, onChange, hint, error }: {
  name: string;
  value: number; /* NaN while what is typed is no number */
  onChange: (seconds: number) => void;
  hint: string;
  error: string | undefined;
}): JSX.Element {
  const l = limits();
  const presets = PRESETS.filter((s) => s >= l.auto_stop_min_seconds && s <= l.auto_stop_max_seconds);
  const [other, setOther] = useState(!presets.includes(value));
  const [typed, setTyped] = useState(String(Number((value / 60).toFixed(2))));
  const type = (text: string) => {
    setTyped(text);
    onChange(/^\d{1,5}([.,]\d{1,2})?$/.test(text.trim()) ? Math.round(Number(text.trim().replace(",", ".")) * 60) : NaN);
  };
  return (
    <fieldset class="field">
      <legend class="label legend-gap">{t.create.stop}</legend>
      <div class="row row-wrap">
        <div class="seg" role="radiogroup" aria-label={t.create.stop}>
          {presets.map((s) => (
            <label key={s}>
              <input
                type="radio"
                name={name}
                checked={!other && value === s}
                onChange={() => {
                  setOther(false);
                  onChange(s);
                }}
              />
              {durationSetting(s)}
            </label>
          ))}
          <label>
            <input
              type="radio"
              name={name}
              checked={other}
              onChange={() => {
                setOther(true);
                type(typed);
              }}
            />
            {t.create.other}
          </label>
        </div>
        {other && (
          <span class="row nowrap">
            <input
              class="input minutes"
              id={`${name}-minutes`}
              inputMode="decimal"
              value={typed}
              maxLength={8}
              aria-label={t.create.otherLabel}
              aria-invalid={!!error}
              aria-describedby={`${name}-h`}
              onInput={(e) => type(e.currentTarget.value)}
            />
            {t.create.minutes}
          </span>
        )}
      </div>
      {error ? <FieldError id={`${name}-h`} text={error} /> : <p class="hint" id={`${name}-h`}>{hint}</p>}
    </fieldset>
  );
}

export function autoStopError(seconds: number): string | undefined {
  const l = limits();
  if (seconds >= l.auto_stop_min_seconds && seconds <= l.auto_stop_max_seconds) return undefined;
  return t.create.stopRange(durationSetting(l.auto_stop_min_seconds), durationSetting(l.auto_stop_max_seconds));
}
