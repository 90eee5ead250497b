/* SPDX-License-Identifier: Apache-2.0 */
import type { JSX } from "preact";
import { t } from "../text";
import { Dialog } from "./layers";
import { Kbd } from "./parts";

type Row = [string, string[][]];

/* Read when shown: the language may have changed. */
function groups(): [string, Row[]][] {
  const K = t.keys.rows;
  return [
  [t.keys.anywhere, [
    [K.palette, [["Ctrl", "K"]]],
    [K.filter, [["/"]]],
    [K.home, [["G"], ["H"]]],
    [K.workspaces, [["G"], ["W"]]],
    [K.usage, [["G"], ["U"]]],
    [K.create, [["N"]]],
    [K.theme, [["T"]]],
    [K.all, [["?"]]],
    [K.esc, [["Esc"]]],
  ]],
  [t.keys.lists, [
    [K.move, [["J"], ["K"]]],
    [K.open, [["Enter"]]],
    [K.start, [["S"]]],
    [K.extend, [["E"]]],
    [K.choose, [["X"]]],
    [K.top, [["G"], ["G"]]],
  ]],
  [t.keys.forms, [[K.submit, [["Ctrl", "Enter"]]]]],
  ];
}

export function KeysDialog({ onClose }: { onClose: () => void }): JSX.Element {
  return (
    <Dialog
      title={t.keys.title}
      onClose={onClose}
      onSubmit={onClose}
      foot={
        <button class="btn" type="submit" autofocus>
          {t.close}
        </button>
      }
    >
      {groups().map(([name, rows]) => (
        <section class="keys-group" key={name}>
          <h3 class="eyebrow">{name}</h3>
          <dl class="kv">
            {rows.map(([what, keys]) => (
              <div class="keys-row" key={what}>
                <dt>{what}</dt>
                <dd class="row">
                  {keys.map((k) => (
                    <Kbd keys={k} key={k.join()} />
                  ))}
                </dd>
              </div>
            ))}
          </dl>
        </section>
      ))}
    </Dialog>
  );
}
