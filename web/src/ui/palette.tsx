/* SPDX-License-Identifier: Apache-2.0 */
/* Ctrl K: everything from the keyboard. A combobox over a list in groups, the browser's modal dialog around it. */
import { isBeside, showModal } from "../../shared/dialog/beside";
import type { JSX } from "preact";
import { useEffect, useMemo, useRef, useState } from "preact/hooks";
import { type Hit, type Part, search } from "../desk";
import { go } from "../lib/router";
import { read, write } from "../lib/storage";
import { useStore } from "../lib/store";
import { live } from "../live";
import { rank } from "../palette";
import { t } from "../text";
import { Icon } from "./icons";
import { type Doable, hitOffers, pageOffers, workspaceOffers } from "./palette-offers";
import { Kbd } from "./parts";
import type { WorkspaceActions } from "./workspace-actions";

const RECENT = "carrel.palette";
const KEPT = 12;
const WAIT_MS = 120;

function recent(): string[] {
  return (read(RECENT) ?? "").split("\n").filter(Boolean);
}

function note(id: string): void {
  write(RECENT, [id, ...recent().filter((x) => x !== id)].slice(0, KEPT).join("\n"));
}

/* What the server finds for what was typed, a moment after the last key. */
function useHits(q: string): { hits: Hit[]; busy: boolean; failed: boolean } {
  const [state, set] = useState<{ q: string; hits: Hit[]; failed: boolean }>({ q: "", hits: [], failed: false });
  const text = q.trim();
  useEffect(() => {
    if (text.length < 2) return set({ q: text, hits: [], failed: false });
    const abort = new AbortController();
    const timer = setTimeout(() => {
      search(text, { limit: 8, signal: abort.signal }).then(
        (f) => !abort.signal.aborted && set({ q: text, hits: f.items, failed: false }),
        () => !abort.signal.aborted && set((s) => ({ ...s, q: text, failed: true })),
      );
    }, WAIT_MS);
    return () => {
      clearTimeout(timer);
      abort.abort();
    };
  }, [text]);
  const now = state.q === text;
  return { hits: text.length < 2 ? [] : state.hits, busy: text.length >= 2 && !now, failed: state.failed && now };
}

export function Marked({ parts }: { parts: Part[] }): JSX.Element {
  return <>{parts.map((p, i) => (p.match ? <mark key={i}>{p.text}</mark> : p.text))}</>;
}

export function Palette({ acts, onClose, onKeys }: { acts: WorkspaceActions; onClose: () => void; onKeys: () => void }): JSX.Element {
  const me = useStore(live, (s) => s.me)!;
  const all = useStore(live, (s) => s.workspaces);
  const [q, setQ] = useState("");
  const [at, setAt] = useState(0);
  const found = useHits(q);
  const dialog = useRef<HTMLDialogElement>(null);
  const list = useRef<HTMLDivElement>(null);
  useEffect(() => {
    const d = dialog.current;
    showModal(d);
    return () => d?.close();
  }, []);

  const groups = useMemo(() => {
    const offers: Doable[] = [...hitOffers(found.hits), ...workspaceOffers(all ?? [], acts), ...pageOffers(me, onKeys)];
    return rank(offers, q, recent());
  }, [q, found.hits, all]);
  const flat = groups.flatMap((g) => g.items);
  const here = Math.min(at, Math.max(0, flat.length - 1));
  const inHand = flat[here];
  useEffect(() => {
    list.current?.querySelector(`#pal-${here}`)?.scrollIntoView({ block: "nearest" });
  }, [here, q]);

  const run = (d: Doable) => {
    note(d.id);
    onClose();
    d.run();
  };
  const more = () => {
    onClose();
    go(`/search${q.trim() ? `?q=${encodeURIComponent(q.trim())}` : ""}`);
  };
  const onKey = (e: KeyboardEvent) => {
    const to: Record<string, number> = { ArrowDown: here + 1, ArrowUp: here - 1, PageDown: here + 8, PageUp: here - 8, Home: 0, End: flat.length - 1 };
    if (e.key in to && (!["Home", "End"].includes(e.key) || !q)) {
      const n = to[e.key]!;
      const wraps = e.key === "ArrowDown" || e.key === "ArrowUp";
      setAt(flat.length ? (wraps ? (n + flat.length) % flat.length : Math.max(0, Math.min(flat.length - 1, n))) : 0);
    } else if (e.key === "Enter") {
      if (inHand) run(inHand.offer);
      else if (q.trim()) more();
    } else if (e.key === "Tab" && !e.shiftKey) more();
    else return;
    e.preventDefault();
  };
  let i = -1;
  return (
    <dialog
      class="palette"
      ref={dialog}
      aria-label={t.palette.title}
      onCancel={(e) => {
        e.preventDefault();
        onClose();
      }}
      onClick={(e) => isBeside(e, dialog.current) && onClose()}
    >
      <div class="palette-input">
        <Icon name="search" />
        <input
          type="text"
          role="combobox"
          aria-expanded="true"
          aria-controls="pal-list"
          aria-autocomplete="list"
          aria-activedescendant={inHand ? `pal-${here}` : undefined}
          aria-label={t.palette.title}
          placeholder={t.palette.hint}
          value={q}
          maxLength={200}
          autocomplete="off"
          spellcheck={false}
          autofocus
          onInput={(e) => {
            setQ(e.currentTarget.value);
            setAt(0);
          }}
          onKeyDown={onKey}
        />
        <button class="btn btn-s btn-icon only-phone" data-kind="quiet" type="button" aria-label={t.close} onClick={onClose}>
          <Icon name="x" size="s" />
        </button>
        <kbd class="not-phone">Esc</kbd>
      </div>
      <div class="palette-list" id="pal-list" role="listbox" aria-label={t.palette.title} ref={list}>
        {groups.map((g) => (
          <div role="group" aria-labelledby={`pal-g-${g.group}`} key={g.group}>
            <div class="menu-head eyebrow" id={`pal-g-${g.group}`}>{t.palette.groups[g.group]}</div>
            {g.items.map(({ offer, parts }) => {
              const n = ++i;
              return (
                <div class={n === here ? "menu-item is-active" : "menu-item"} role="option" id={`pal-${n}`} aria-selected={n === here} key={offer.id} onClick={() => run(offer)} onPointerMove={() => n !== here && setAt(n)}>
                  <Icon name={offer.icon} />
                  <span class="truncate">
                    <Marked parts={parts} />
                    {offer.also && <span class="t3">{` ${offer.also}`}</span>}
                  </span>
                  <span class="push nowrap">{offer.keys ? <Kbd keys={offer.keys} /> : offer.end}</span>
                </div>
              );
            })}
          </div>
        ))}
        {!flat.length && !found.busy && <p class="t2 palette-none">{t.palette.none(q.trim())}</p>}
        {found.failed && <p class="t3 small palette-none">{t.palette.failed}</p>}
      </div>
      <div class="palette-foot">
        <span class="vh" role="status">{found.busy ? t.palette.looking : t.palette.found(flat.length)}</span>
        <span><kbd>↑</kbd> <kbd>↓</kbd> {t.palette.move}</span>
        <span><kbd>Enter</kbd> {t.palette.open}</span>
        <button class="palette-more" type="button" tabIndex={-1} onClick={more}><kbd>Tab</kbd> {t.palette.more}</button>
        {found.busy && <span class="push">{t.palette.looking}</span>}
      </div>
    </dialog>
  );
}
