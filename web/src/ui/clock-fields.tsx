/* SPDX-License-Identifier: Apache-2.0 */
/* The other two clocks of a workspace: its longest run, and the times of day at which it stops. */
import type { JSX } from "preact";
import { useState } from "preact/hooks";
import { limits } from "../defaults";
import { durationSetting } from "../lib/time";
import { t } from "../text";
import { FieldError } from "./parts";

const RUNS = [4 * 3600, 8 * 3600, 12 * 3600];

/* 0: what the plan allows. */
export function LongestField({ name, value, onChange, error }: {
  name: string;
  value: number; /* NaN while what is typed is no number */
  onChange: (seconds: number) => void;
  error: string | undefined;
}): JSX.Element {
  const presets = RUNS.filter((s) => s < limits().session_max_seconds);
  const [other, setOther] = useState(value !== 0 && !presets.includes(value));
  const [typed, setTyped] = useState(String(Number(((value || 6 * 3600) / 3600).toFixed(2))));
  const type = (text: string) => {
    setTyped(text);
    onChange(/^\d{1,4}([.,]\d{1,2})?$/.test(text.trim()) ? Math.round(Number(text.trim().replace(",", ".")) * 3600) : NaN);
  };
  const choose = (seconds: number) => {
    setOther(false);
    onChange(seconds);
  };
  return (
    <fieldset class="field">
      <legend class="label legend-gap">{t.clocks.longest}</legend>
      <div class="row row-wrap">
        <div class="seg" role="radiogroup" aria-label={t.clocks.longest}>
          {[0, ...presets].map((s) => (
            <label key={s}>
              <input type="radio" name={name} checked={!other && value === s} onChange={() => choose(s)} />
              {s ? durationSetting(s) : t.clocks.plans}
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
            <input class="input minutes" inputMode="decimal" value={typed} maxLength={8} aria-label={t.clocks.hoursLabel} aria-invalid={!!error} onInput={(e) => type(e.currentTarget.value)} />
            {t.clocks.hours}
          </span>
        )}
      </div>
      {error ? <FieldError id={`${name}-h`} text={error} /> : <p class="hint">{t.clocks.longestHint(durationSetting(limits().session_max_seconds))}</p>}
    </fieldset>
  );
}

/* The zone of the person who sets it: everybody means the clock on the own wall. */
export function zone(): string {
  return Intl.DateTimeFormat().resolvedOptions().timeZone || "UTC";
}

export function CalendarField({ name, value, onChange, error }: {
  name: string;
  value: string;
  onChange: (text: string) => void;
  error: string | undefined;
}): JSX.Element {
  const evening = `19:00 mon-fri ${zone()}`;
  const night = `22:00 ${zone()}`;
  const presets: [string, string][] = [["", t.clocks.never], [evening, t.clocks.weekdays], [night, t.clocks.nights]];
  const [other, setOther] = useState(!presets.some(([text]) => text === value));
  return (
    <fieldset class="field">
      <legend class="label legend-gap">{t.clocks.calendar}</legend>
      <div class="seg" role="radiogroup" aria-label={t.clocks.calendar}>
        {presets.map(([text, words]) => (
          <label key={words}>
            <input
              type="radio"
              name={name}
              checked={!other && value === text}
              onChange={() => {
                setOther(false);
                onChange(text);
              }}
            />
            {words}
          </label>
        ))}
        <label>
          <input
            type="radio"
            name={name}
            checked={other}
            onChange={() => {
              setOther(true);
              onChange(value || evening);
            }}
          />
          {t.create.other}
        </label>
      </div>
      {other && (
        <input class="input calendar-input" id={`${name}-text`} value={value} maxLength={240} spellcheck={false} autocomplete="off" aria-label={t.clocks.calendarLabel} aria-invalid={!!error} aria-describedby={`${name}-h`} onInput={(e) => onChange(e.currentTarget.value)} />
      )}
      {error ? <FieldError id={`${name}-h`} text={error} /> : <p class="hint" id={`${name}-h`}>{t.clocks.calendarHint(zone())}</p>}
    </fieldset>
  );
}
