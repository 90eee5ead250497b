/* SPDX-License-Identifier: Apache-2.0 */
/* Instance types as radio rows, cheapest first, each with its price per hour and whether there is room. */
import type { JSX } from "preact";
import { useEffect, useState } from "preact/hooks";
import { mayUse } from "../defaults";
import { size } from "../lib/size";
import { about } from "../lib/time";
import { useNarrow, useNow } from "../lib/use";
import { readTypes } from "../live";
import type { InstanceType } from "../model";
import { t } from "../text";
import { cpuText } from "../words";
import { Icon } from "./icons";
import { Sheet } from "./layers";
import { rateText } from "./parts";

export function specOf(x: InstanceType): string {
  return [cpuText(x.cpu), size(x.memory_bytes), x.gpu && x.gpu !== "0" ? `${x.gpu} × GPU ${x.gpu_class ?? ""}`.trim() : ""].filter(Boolean).join(", ");
}

/* Free now, or the place in line that a start would have. */
function availability(x: InstanceType, now: number): string {
  if (!x.available) return t.create.full;
  if (x.free_now === false && x.queue_place) {
    const when = about(x.queue_expected_at ?? x.queue_estimate_at, now);
    return t.line.place1(x.queue_place, when ? `${when.figure.slice(1)} ${when.unit}` : "");
  }
  return x.free_now ? t.create.freeNow : t.create.fitsHere;
}

interface Props {
  types: InstanceType[];
  value: string;
  onChange: (id: string) => void;
  name: string;
  small?: boolean;
}

/* What is free changes while one looks. */
function useFreshTypes(): void {
  useEffect(() => {
    const ask = () => void (document.hidden || readTypes().catch(() => {}));
    ask();
    const timer = setInterval(ask, 10_000);
    return () => clearInterval(timer);
  }, []);
}

/* On a phone the chosen one, and a sheet with all of them. */
export function TypeField(p: Props): JSX.Element {
  return useNarrow() ? <TypeSheet {...p} /> : <TypeChoice {...p} />;
}

function TypeSheet(p: Props): JSX.Element {
  const [open, setOpen] = useState(false);
  const now = useNow(10_000);
  useFreshTypes();
  const x = p.types.find((v) => v.id === p.value);
  const close = () => setOpen(false);
  /* A tap has chosen; arrow keys only walk. Enter must not send the form that the field stands in. */
  const onTap = (e: MouseEvent) => {
    if (e.detail > 0 && (e.target as Element).closest(".type:not(.off)")) setTimeout(close);
  };
  const onKey = (e: KeyboardEvent) => {
    if (e.key !== "Enter") return;
    e.preventDefault();
    close();
  };
  return (
    <>
      <div class="types">
        <button class="type type-now" type="button" aria-haspopup="dialog" onClick={() => setOpen(true)}>
          {x ? (
            <>
              <span class="strong">{x.name}</span>
              <span class="t2 spec num">{specOf(x)}</span>
              <span class="avail">
                <span class="dot" data-k={!x.available ? "no" : x.free_now === false ? "wait" : "ok"} />
                {availability(x, now)}
              </span>
              <span class="price num">
                <b>{rateText(x.price_per_hour, x.currency)}</b>
                <span class="t3"> {t.create.anHour}</span>
              </span>
            </>
          ) : (
            <span class="strong">{t.create.type}</span>
          )}
          <Icon name="down" />
        </button>
      </div>
      {open && (
        <Sheet title={t.create.type} onClose={close}>
          <div onClick={onTap} onKeyDown={onKey}>
            <TypeChoice {...p} />
          </div>
        </Sheet>
      )}
    </>
  );
}

export function TypeChoice({ types, value, onChange, name, small }: Props): JSX.Element {
  const now = useNow(10_000);
  useFreshTypes();
  return (
    <div class={small ? "types types-s" : "types"}>
      {types.map((x) => (
        <label class={x.available && mayUse(x) ? "type" : "type off"} key={x.id}>
          <input type="radio" name={name} value={x.id} checked={value === x.id} disabled={!x.available || !mayUse(x)} onChange={() => onChange(x.id)} />
          <span class="tick" />
          <span class="strong">{x.name}</span>
          <span class="t2 spec num">{specOf(x)}</span>
          {mayUse(x) ? (
            <span class="avail">
              <span class="dot" data-k={!x.available ? "no" : x.free_now === false ? "wait" : "ok"} />
              {availability(x, now)}
              {!x.available && <span class="t3"> · {t.create.fullHint}</span>}
            </span>
          ) : (
            <span class="avail" title={x.plans?.length ? t.catalogue.inPlans(x.plans.join(", ")) : undefined}>
              <span class="dot" data-k="no" />
              {t.catalogue.outOfPlan}
              <span class="t3"> · {t.catalogue.askAdmin}</span>
            </span>
          )}
          <span class="price num">
            <b>{rateText(x.price_per_hour, x.currency)}</b>
            <span class="t3"> {t.create.anHour}</span>
          </span>
        </label>
      ))}
    </div>
  );
}
