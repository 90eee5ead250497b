/* SPDX-License-Identifier: Apache-2.0 */
/* Ctrl K: commands of the parts in front, open files, files opened lately. */
import { isBeside, showModal } from "../../../shared/dialog/beside";
import type { JSX } from "preact";
import { useEffect, useRef, useState } from "preact/hooks";
import { useStore } from "../../../src/lib/store";
import { recent } from "../file/recent";
import { nameOf } from "../page";
import { t } from "../text";
import { type Command, commands } from "./commands";
import { Icon } from "./icons";
import { matches } from "./match";
import { shell } from "./state";
import { iconOf } from "./tab-row";
import { openPath } from "./tabs";

const MAX = 40;

function all(list: readonly Command[], typed: string): Command[] {
  const paths = new Set([...shell.get().tabs.map((x) => x.path), ...recent()]);
  const files = [...paths].map((path) => ({ id: `file:${path}`, text: path, icon: iconOf(path), run: () => openPath(path) }));
  return [...list, ...files].filter((c) => !typed || matches(c.text, typed)).slice(0, MAX);
}

export function Palette(): JSX.Element | null {
  return useStore(shell, (s) => s.palette) ? <Open /> : null;
}

function Open(): JSX.Element {
  const list = useStore(commands, (s) => s.all);
  const [typed, setTyped] = useState("");
  const [at, setAt] = useState(0);
  const ref = useRef<HTMLDialogElement>(null);
  const found = all(list, typed.trim());
  useEffect(() => {
    const before = document.activeElement as HTMLElement | null;
    showModal(ref.current);
    return () => before?.focus?.();
  }, []);
  const close = () => shell.set({ palette: false });
  const run = (c: Command | undefined) => {
    if (!c) return;
    close();
    /* When the focus is back where it was. */
    setTimeout(c.run, 0);
  };
  const onKey = (e: KeyboardEvent) => {
    if (e.key === "ArrowDown") setAt((at + 1) % Math.max(1, found.length));
    else if (e.key === "ArrowUp") setAt((at - 1 + found.length) % Math.max(1, found.length));
    else if (e.key === "Enter") run(found[at]);
    else return;
    e.preventDefault();
  };
  useEffect(() => document.getElementById(`cmd-${at}`)?.scrollIntoView({ block: "nearest" }), [at]);
  return (
    <dialog class="palette palette-dialog" ref={ref} aria-label={t.shell.commands} onCancel={(e) => { e.preventDefault(); close(); }} onClick={(e) => isBeside(e, ref.current) && close()}>
      <div class="palette-input">
        <Icon name="search" />
        <input
          role="combobox"
          aria-expanded="true"
          aria-controls="palette-list"
          aria-activedescendant={found.length ? `cmd-${at}` : undefined}
          aria-label={t.shell.commandsHint}
          placeholder={t.shell.commandsHint}
          value={typed}
          spellcheck={false}
          autocomplete="off"
          autofocus
          onInput={(e) => {
            setTyped(e.currentTarget.value);
            setAt(0);
          }}
          onKeyDown={onKey}
        />
      </div>
      <div class="palette-list" id="palette-list" role="listbox" aria-label={t.shell.commands}>
        {found.map((c, i) => (
          <div key={c.id} id={`cmd-${i}`} class="menu-item" role="option" aria-selected={i === at} onPointerMove={() => setAt(i)} onClick={() => run(c)}>
            <Icon name={c.icon ?? "right"} />
            <span class="truncate">{c.id.startsWith("file:") ? nameOf(c.text) : c.text}</span>
            {c.id.startsWith("file:") && <span class="t3 small truncate">{c.text}</span>}
            {c.keys && (
              <span class="push menu-keys">
                {c.keys.map((k) => (
                  <kbd key={k}>{k}</kbd>
                ))}
              </span>
            )}
          </div>
        ))}
      </div>
      {!found.length && <p class="t2 palette-none" role="status">{t.shell.commandsNone(typed)}</p>}
    </dialog>
  );
}
