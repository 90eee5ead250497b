/* SPDX-License-Identifier: Apache-2.0 */
/* All keys, read off the table that the keys are handled by. */
import type { JSX } from "preact";
import { Dialog } from "../shell/layers";
import { t } from "../text";
import { BINDINGS, keyCaps, type Binding } from "./keys";

const GROUPS: Binding["group"][] = ["run", "edit", "cells", "move", "view", "kernel"];

export function KeysDialog({ onClose }: { onClose: () => void }): JSX.Element {
  return (
    <Dialog
      title={t.view.keysTitle}
      wide
      onClose={onClose}
      onSubmit={onClose}
      foot={
        <button class="btn" type="submit" autofocus>
          {t.shell.close}
        </button>
      }
    >
      <p class="t2">{t.view.keysLead}</p>
      <div class="all-keys" tabIndex={0} role="group" aria-label={t.view.keysTitle}>
        {GROUPS.map((g) => (
          <section key={g}>
            <h3 class="eyebrow">{t.view.keyGroups[g]}</h3>
            <dl>
              {BINDINGS.filter((b) => b.group === g).map((b) => (
                <div key={b.command + b.mode}>
                  <dt>
                    {t.view.commands[b.command]}
                    {b.mode === "edit" && <span class="t3"> {t.view.inEdit}</span>}
                  </dt>
                  <dd>
                    {b.keys.map((k, i) => (
                      <span key={k}>
                        {i > 0 && <span class="t3"> {t.view.or} </span>}
                        {keyCaps(k).map((chord, n) => (
                          <span key={n} class="chord">
                            {chord.map((cap) => (
                              <kbd key={cap}>{cap}</kbd>
                            ))}
                          </span>
                        ))}
                      </span>
                    ))}
                  </dd>
                </div>
              ))}
            </dl>
          </section>
        ))}
      </div>
    </Dialog>
  );
}
