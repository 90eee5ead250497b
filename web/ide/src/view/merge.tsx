/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A notebook that was changed here and in its file: each cell in which both changed the source, with both sides, and a choice.
 * What could be joined by itself is joined already; nothing is written before every choice is made.
 */
import type { JSX } from "preact";
import { useEffect, useLayoutEffect, useMemo, useReducer, useRef, useState } from "preact/hooks";
import type { Cell, CellConflict, Op, OpenNotebook, Resolution } from "../model/types";
import { nameOf } from "../page";
import { Icon } from "../shell/icons";
import { toast } from "../shell/layers";
import { t } from "../text";
import { Control } from "./control";
import { SourceEditor } from "./editor";
import { languageOf } from "./source";
import "./view.css";

type Take = "mine" | "theirs" | "both" | "edit";

interface Choice {
  take: Take;
  source: string; /* for "edit" */
  keep: boolean; /* my side as a cell of its own below */
}

/* What a choice means for the file, and the cell that keeps what would be gone. */
export function resolutionOf(choice: Choice): Resolution {
  return choice.take === "edit" ? { source: choice.source } : { take: choice.take };
}

export function keptCells(model: OpenNotebook["model"], conflicts: readonly CellConflict[], choices: ReadonlyMap<string, Choice>): Op[] {
  const ops: Op[] = [];
  let added = 0;
  for (const c of conflicts) {
    const choice = choices.get(c.id);
    const at = model.indexOf(c.id);
    if (!choice?.keep || !c.mine || at < 0 || (choice.take !== "theirs" && choice.take !== "edit")) continue;
    added++;
    ops.push({ op: "insert", at: at + added, cell: model.newCell(c.mine.kind, c.mine.source) });
  }
  return ops;
}

export function MergeView({ file }: { file: OpenNotebook }): JSX.Element {
  const c = Control.of(file);
  const [, again] = useReducer<number, void>((n) => n + 1, 0);
  const [choices, setChoices] = useState<ReadonlyMap<string, Choice>>(new Map());
  const [busy, setBusy] = useState(false);
  const title = useRef<HTMLHeadingElement>(null);
  useEffect(() => file.watch(() => again()), [file]);
  useEffect(() => title.current?.focus(), []);
  const conflicts = useMemo(() => [...file.conflicts].sort((a, b) => c.model.indexOf(a.id) - c.model.indexOf(b.id)), [file.conflicts]);
  const left = conflicts.filter((x) => !choices.has(x.id)).length;
  const choose = (id: string, choice: Choice): void => setChoices((was) => new Map(was).set(id, choice));
  const all = (take: "mine" | "theirs"): void => setChoices(new Map(conflicts.map((x) => [x.id, { take, source: "", keep: choices.get(x.id)?.keep ?? false }])));
  const finish = async (): Promise<void> => {
    if (busy || left) return;
    setBusy(true);
    try {
      const ops = keptCells(c.model, conflicts, choices);
      if (ops.length) c.apply(ops);
      await file.resolve(new Map(conflicts.map((x) => [x.id, resolutionOf(choices.get(x.id)!)])));
    } catch (e) {
      toast(t.shell.failed(e instanceof Error ? e.message : String(e)), "alert");
    } finally {
      setBusy(false);
    }
  };
  return (
    <section class="merge" id="main" aria-labelledby="merge-title">
      <div class="merge-head">
        <h1 class="h2" id="merge-title" tabIndex={-1} ref={title}>{t.view.merge.title(nameOf(file.path))}</h1>
        <p class="t2">{conflicts.length ? t.view.merge.lead(conflicts.length) : t.view.merge.none}</p>
        <div class="row row-wrap">
          <button class="btn btn-s" type="button" onClick={() => all("mine")}>{t.view.merge.allMine}</button>
          <button class="btn btn-s" type="button" onClick={() => all("theirs")}>{t.view.merge.allTheirs}</button>
          <span class="push t3 small" role="status">{left > 0 && t.view.merge.left(left)}</span>
          <button class="btn" data-kind="primary" type="button" aria-disabled={left > 0} aria-busy={busy} onClick={() => void finish()}>{t.view.merge.finish}</button>
        </div>
      </div>
      {conflicts.map((x, i) => (
        <One key={x.id} c={c} conflict={x} at={i + 1} of={conflicts.length} choice={choices.get(x.id) ?? null} onChoose={(choice) => choose(x.id, choice)} />
      ))}
    </section>
  );
}

interface OneProps {
  c: Control;
  conflict: CellConflict;
  at: number;
  of: number;
  choice: Choice | null;
  onChoose: (choice: Choice) => void;
}

function One({ c, conflict, at, of, choice, onChoose }: OneProps): JSX.Element {
  const { mine, theirs } = conflict;
  const start = conflict.merged ?? mine?.source ?? theirs?.source ?? "";
  const takes: [Take, string][] = [["mine", t.view.merge.takeMine], ["theirs", t.view.merge.takeTheirs], ["both", t.view.merge.takeBoth], ["edit", t.view.merge.edit]];
  const usable = takes.filter(([take]) => take !== "both" || (mine && theirs));
  const cell = (mine ?? theirs)!;
  return (
    <article class="merge-one" data-done={choice !== null}>
      <div class="row row-wrap">
        <h2 class="h3">
          {t.view.merge.cell(at, of)} <span class="t3">{t.view.kinds[cell.kind]}</span>
        </h2>
        <span class="seg push" role="radiogroup" aria-label={t.view.merge.cell(at, of)}>
          {usable.map(([take, text]) => (
            <label key={take} class="merge-take">
              <input type="radio" name={`merge-${conflict.id}`} checked={choice?.take === take} onChange={() => onChoose({ take, source: choice?.source || start, keep: choice?.keep ?? false })} />
              <span>{text}</span>
            </label>
          ))}
        </span>
      </div>
      <div class="merge-names small t2" aria-hidden="true">
        <span>{t.view.merge.mine}</span>
        <span>{t.view.merge.theirs}</span>
      </div>
      {mine && theirs ? <Both c={c} mine={mine} theirs={theirs} /> : <Alone mine={mine} theirs={theirs} />}
      {choice?.take === "edit" && <Edited c={c} cell={cell} start={choice.source || start} onChange={(source) => onChoose({ ...choice, source })} />}
      {mine && (choice?.take === "theirs" || choice?.take === "edit") && (
        <label class="check">
          <input type="checkbox" checked={choice.keep} onChange={(e) => onChoose({ ...choice, keep: e.currentTarget.checked })} />
          <span>{t.view.merge.keepOther}</span>
        </label>
      )}
    </article>
  );
}

/* The two editors come when their cell comes near the window. */
function Both({ c, mine, theirs }: { c: Control; mine: Cell; theirs: Cell }): JSX.Element {
  const ref = useRef<HTMLDivElement>(null);
  useEffect(() => {
    const el = ref.current!;
    let gone = false;
    let close: (() => void) | null = null;
    const near = new IntersectionObserver((seen) => {
      if (!seen.some((x) => x.isIntersecting)) return;
      near.disconnect();
      void import("./merge-editor").then(({ showSides }) => {
        if (gone) return;
        el.replaceChildren();
        close = showSides(
          el,
          { mine: mine.source, theirs: theirs.source, labels: { mine: t.view.merge.mine, theirs: t.view.merge.theirs }, language: languageOf(c, mine) },
          matchMedia("(max-width: 760px)").matches,
        );
      });
    }, { rootMargin: "400px" });
    near.observe(el);
    return () => {
      gone = true;
      near.disconnect();
      close?.();
    };
  }, [mine.source, theirs.source]);
  return (
    <div class="merge-sides" ref={ref}>
      <p class="t3">{t.view.merge.loading}</p>
    </div>
  );
}

function Alone({ mine, theirs }: { mine: Cell | null; theirs: Cell | null }): JSX.Element {
  const side = (cell: Cell | null, name: string): JSX.Element => (
    <div class="merge-alone" role="group" aria-label={name}>
      {cell ? <pre class="src still is-wrapped" tabIndex={0}>{cell.source}</pre> : <p class="t3"><Icon name="trash" size="s" /> {t.view.merge.gone}</p>}
    </div>
  );
  return (
    <div class="merge-sides merge-two">
      {side(mine, t.view.merge.mine)}
      {side(theirs, t.view.merge.theirs)}
    </div>
  );
}

function Edited({ c, cell, start, onChange }: { c: Control; cell: Cell; start: string; onChange: (source: string) => void }): JSX.Element {
  const ref = useRef<HTMLDivElement>(null);
  const tell = useRef(onChange);
  tell.current = onChange;
  useLayoutEffect(() => {
    const e = new SourceEditor({
      parent: ref.current!,
      source: start,
      label: t.view.merge.edited,
      language: languageOf(c, cell),
      readOnly: false,
      wrap: true,
      lineNumbers: false,
      keys: [],
      onChange: () => tell.current(e.source),
    });
    e.focus();
    return () => e.destroy();
  }, []);
  return (
    <div class="merge-edit">
      <p class="small t2">{t.view.merge.edited}</p>
      <div class="src live is-wrapped" ref={ref} />
    </div>
  );
}
