/* SPDX-License-Identifier: Apache-2.0 */
/* Find and replace over the whole notebook. It stays at the top while one works on; Esc goes back to the cell. */
import type { JSX } from "preact";
import { useEffect, useReducer, useRef, useState } from "preact/hooks";
import { Icon } from "../shell/icons";
import { t } from "../text";
import type { Control } from "./control";
import { type Hit, nextHit, type Query } from "./find";

type Toggle = "matchCase" | "word" | "regexp" | "outputs";
const TOGGLES: [Toggle, string][] = [["matchCase", "Aa"], ["word", "ab|"], ["regexp", ".*"], ["outputs", "[ ]"]];

export function FindBar({ c, replace, turn, onClose }: { c: Control; replace: boolean; turn: number; onClose: () => void }): JSX.Element {
  const [query, setQuery] = useState<Query>(c.finder.query);
  const [into, setInto] = useState("");
  const [wide, setWide] = useState(replace);
  const [, again] = useReducer<number, void>((n) => n + 1, 0);
  const field = useRef<HTMLInputElement>(null);
  const from = useRef<{ cell: string; at: number } | null>(null);

  useEffect(() => c.watch((what) => what === "find" && again()), [c]);
  useEffect(() => () => c.find({ ...c.finder.query, text: "" }), [c]);
  /* Asked for again: with what is selected in the cell, as every editor does. */
  useEffect(() => {
    if (replace) setWide(true);
    const editor = c.active !== null && c.mode === "edit" ? c.editors.get(c.active) : undefined;
    const main = editor?.view.state.selection.main;
    const chosen = main && editor ? editor.view.state.sliceDoc(main.from, main.to) : "";
    from.current = c.active === null ? null : { cell: c.active, at: main?.from ?? 0 };
    if (chosen && !chosen.includes("\n")) search({ ...query, text: chosen, regexp: false });
    else if (query.text) search(query);
    field.current?.focus();
    field.current?.select();
  }, [turn]);

  const order = (id: string): number => c.model.indexOf(id);
  const search = (q: Query): void => {
    setQuery(q);
    c.find(q);
    const i = nextHit(c.hits, order, from.current, false);
    if (i >= 0) show(i);
  };
  const show = (i: number): void => {
    const hit = c.hits[i];
    if (!hit) return;
    c.hitNow = i;
    c.show(hit.cell);
    c.select(hit.cell);
    c.surface?.reveal(hit.cell);
    c.tell("find");
    showPlace(c, hit);
  };
  const next = (back: boolean): void => {
    if (!c.hits.length) return;
    if (c.hitNow >= 0) show((c.hitNow + (back ? -1 : 1) + c.hits.length) % c.hits.length);
    else show(nextHit(c.hits, order, from.current, back));
  };
  const replaceOne = (): void => {
    const hit = c.hits[c.hitNow];
    if (!hit || hit.where === "output") return next(false);
    const source = c.cell(hit.cell)?.source ?? "";
    const insert = c.finder.replacement(source, hit, into);
    if (!c.apply([{ op: "text", id: hit.cell, changes: [{ from: hit.from, to: hit.to, insert }] }])) return;
    from.current = { cell: hit.cell, at: hit.from + insert.length };
    c.findAll();
    const i = nextHit(c.hits, order, from.current, false);
    if (i >= 0) show(i);
  };
  const replaceEvery = (): void => {
    const { ops, count } = c.finder.replaceAll(c.model.cells, into);
    if (!c.apply(ops)) return;
    c.findAll();
    setDone(t.view.replaced(count));
  };
  const [done, setDone] = useState("");
  const onKey = (e: KeyboardEvent): void => {
    if (e.key === "Escape") onClose();
    else if (e.key === "Enter" && e.target === field.current) next(e.shiftKey);
    else if (e.key === "F3") next(e.shiftKey);
    else return;
    e.preventDefault();
    e.stopPropagation();
  };
  const hit = c.hits[c.hitNow];
  const count = !query.text ? "" : c.finder.error ? t.view.badPattern(c.finder.error) : c.hits.length ? t.view.hitOf(Math.max(0, c.hitNow) + 1, c.hits.length, hit?.where === "output") : t.view.noHits;
  return (
    <div class="findbar" role="search" aria-label={t.view.findTitle} onKeyDown={onKey}>
      <div class="findrows">
        <div class="findrow">
          <button class="btn btn-s btn-icon" data-kind="quiet" type="button" aria-label={t.view.showReplace} title={t.view.showReplace} aria-expanded={wide} onClick={() => setWide(!wide)}>
            <Icon name={wide ? "down" : "right"} size="s" />
          </button>
          <input
            ref={field}
            class="input"
            value={query.text}
            aria-label={t.view.findLabel}
            placeholder={t.view.findLabel}
            aria-invalid={c.finder.error !== null && query.text !== ""}
            spellcheck={false}
            autocomplete="off"
            onInput={(e) => {
              setDone("");
              search({ ...query, text: e.currentTarget.value });
            }}
          />
          {TOGGLES.map(([key, sign]) => (
            <button
              key={key}
              class="btn btn-s find-toggle"
              data-sign={sign}
              data-kind="quiet"
              type="button"
              aria-pressed={query[key]}
              aria-label={t.view.findToggles[key]}
              title={t.view.findToggles[key]}
              onClick={() => search({ ...query, [key]: !query[key] })}
            />
          ))}
          <span class="find-count small num" role="status">{done || count}</span>
          <button class="btn btn-s btn-icon" data-kind="quiet" type="button" aria-label={t.view.findPrevious} title={t.view.findPrevious} onClick={() => next(true)}>
            <Icon name="up" size="s" />
          </button>
          <button class="btn btn-s btn-icon" data-kind="quiet" type="button" aria-label={t.view.findNext} title={t.view.findNext} onClick={() => next(false)}>
            <Icon name="down" size="s" />
          </button>
          <button class="btn btn-s btn-icon" data-kind="quiet" type="button" aria-label={t.shell.close} onClick={onClose}>
            <Icon name="x" size="s" />
          </button>
        </div>
        {wide && (
          <div class="findrow">
            <input class="input" value={into} aria-label={t.view.replaceLabel} placeholder={t.view.replaceLabel} spellcheck={false} autocomplete="off" onInput={(e) => setInto(e.currentTarget.value)}
              onKeyDown={(e) => {
                if (e.key !== "Enter") return;
                e.preventDefault();
                e.stopPropagation();
                replaceOne();
              }} />
            <button class="btn btn-s" type="button" disabled={c.readOnly} onClick={replaceOne}>{t.view.replaceOne}</button>
            <button class="btn btn-s" type="button" disabled={c.readOnly} onClick={replaceEvery}>{t.view.replaceAll}</button>
          </div>
        )}
      </div>
    </div>
  );
}

/* A hit far down in a long cell is brought into the window. */
function showPlace(c: Control, hit: Hit): void {
  const el = document.querySelector<HTMLElement>(`.row-host[data-cell="${CSS.escape(hit.cell)}"]`);
  if (!el) return;
  const lines = el.querySelectorAll(".src.still > .ln");
  const n = (c.cell(hit.cell)?.source.slice(0, hit.from).match(/\n/g) ?? []).length;
  const editor = c.editors.get(hit.cell);
  if (hit.where === "output") el.querySelector(".out")?.scrollIntoView({ block: "nearest" });
  else if (editor) {
    const at = editor.view.lineBlockAt(Math.min(hit.from, editor.view.state.doc.length));
    const box = el.closest(".nb")!;
    const y = editor.view.documentTop + at.top;
    const r = box.getBoundingClientRect();
    if (y < r.top + 60 || y > r.bottom - 40) box.scrollTop += y - r.top - r.height / 2;
  } else lines[n]?.scrollIntoView({ block: "nearest" });
}
