/* SPDX-License-Identifier: Apache-2.0 */
/* Instance types as radio rows, cheapest first, each with its price per hour and whether there is room. */
import type { JSX } from "preact";
import { size } from "../lib/size";
import type { InstanceType } from "../model";
import { t } from "../text";
import { cpuText } from "../words";
import { rateText } from "./parts";

export function specOf(x: InstanceType): string {
  return [cpuText(x.cpu), size(x.memory_bytes), x.gpu && x.gpu !== "0" ? `GPU ${x.gpu}` : ""].filter(Boolean).join(", ");
}

export function TypeChoice({ types, value, onChange, name, small }: {
  types: InstanceType[];
  value: string;
  onChange: (id: string) => void;
  name: string;
  small?: boolean;
}): JSX.Element {
  return (
    <div class={small ? "types types-s" : "types"}>
      {types.map((x) => (
        <label class={x.available ? "type" : "type off"} key={x.id}>
          <input type="radio" name={name} value={x.id} checked={value === x.id} disabled={!x.available} onChange={() => onChange(x.id)} />
          <span class="tick" />
          <span class="strong">{x.name}</span>
          <span class="t2 spec num">{specOf(x)}</span>
          <span class="avail">
            <span class="dot" data-k={x.available ? "ok" : "no"} />
            {x.available ? t.create.freeNow : t.create.full}
            {!x.available && <span class="t3"> · {t.create.fullHint}</span>}
          </span>
          <span class="price num">
            <b>{rateText(x.price_per_hour, x.currency)}</b>
            <span class="t3"> /h</span>
          </span>
        </label>
      ))}
    </div>
  );
}
