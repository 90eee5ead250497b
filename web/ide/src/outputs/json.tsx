/* SPDX-License-Identifier: Apache-2.0 */
/* JSON as a tree that is made as far as it is opened. */
import { useState } from "preact/hooks";
import type { Json } from "../model/types";
import { t } from "../text/index";

const STEP = 100;
const TEXT_MAX = 1000;

function Leaf({ value }: { value: Json }) {
  if (typeof value === "string") return <span class="j-s">{JSON.stringify(value.length > TEXT_MAX ? `${value.slice(0, TEXT_MAX)}…` : value)}</span>;
  return <span class={typeof value === "number" ? "j-n" : "j-k"}>{String(value)}</span>;
}

function Branch({ name, value, open: first }: { name: string | null; value: Json[] | { [key: string]: Json }; open: boolean }) {
  const [open, setOpen] = useState(first);
  const [shown, setShown] = useState(STEP);
  const list = Array.isArray(value);
  const keys = list ? null : Object.keys(value);
  const size = list ? value.length : keys!.length;
  const some = Array.from({ length: open ? Math.min(size, shown) : 0 }, (_, i) => (list ? String(i) : keys![i]!));
  return (
    <details open={open} onToggle={(e) => setOpen(e.currentTarget.open)}>
      <summary>
        {name !== null && <span class="j-name">{name}</span>} <span class="t3">{list ? t.run.jsonItems(size) : t.run.jsonKeys(size)}</span>
      </summary>
      <ul>
        {some.map((k) => (
          <li key={k}>
            <Node name={k} value={(value as Record<string, Json>)[k]!} open={false} />
          </li>
        ))}
        {open && size > shown && (
          <li>
            <button type="button" class="btn btn-s" data-kind="quiet" onClick={() => setShown(shown * 4)}>
              {t.run.jsonMore(size - shown)}
            </button>
          </li>
        )}
      </ul>
    </details>
  );
}

function Node({ name, value, open }: { name: string | null; value: Json; open: boolean }) {
  if (typeof value === "object" && value !== null) return <Branch name={name} value={value} open={open} />;
  return (
    <>
      {name !== null && <span class="j-name">{name}</span>} <Leaf value={value} />
    </>
  );
}

export function JsonOutput({ value, expanded }: { value: Json; expanded: boolean }) {
  return (
    <div class="out-json">
      <Node name={null} value={value} open={expanded} />
    </div>
  );
}
