/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A CodeMirror editor of one source: a cell's or a text file's. It keeps no history of its own; what a person does goes out
 * as changes, what others do comes in by `take`. Offsets are those of the model: only \n ends a line, whatever a file holds.
 */
import type { CompletionSource } from "@codemirror/autocomplete";
import { defaultKeymap, indentLess, indentMore, insertTab, toggleComment } from "@codemirror/commands";
import { bracketMatching, codeFolding, foldGutter, foldKeymap, indentOnInput, indentUnit, syntaxHighlighting } from "@codemirror/language";
import { Annotation, Compartment, EditorSelection, EditorState, type Extension, Prec, StateEffect, StateField } from "@codemirror/state";
import { crosshairCursor, Decoration, type DecorationSet, drawSelection, dropCursor, EditorView, type KeyBinding, keymap, lineNumbers, rectangularSelection, tooltips } from "@codemirror/view";
import { later } from "../later";
import { difference } from "../model/text-change";
import type { TextChange } from "../model/types";
import { assist, complete } from "./assist";
import { languageNow, loadLanguage } from "./editor-languages";
import { colours } from "./highlight";

export interface EditorOptions {
  parent: HTMLElement;
  source: string;
  label: string;
  language: string | null;
  readOnly: boolean;
  wrap: boolean;
  lineNumbers: boolean;
  foldGutter?: boolean;
  keys: KeyBinding[];
  complete?: CompletionSource;
  inspect?: (view: EditorView) => boolean;
  extra?: Extension;
  onChange(changes: TextChange[], before: { anchor: number; head: number }): void;
  onFocus?(): void;
  onBlur?(): void;
  onSelect?(view: EditorView): void;
}

const fromModel = Annotation.define<boolean>();
const setHits = StateEffect.define<{ hits: readonly { from: number; to: number }[]; now: number }>();

const hitMark = Decoration.mark({ class: "hit" });
const nowMark = Decoration.mark({ class: "hit hit-now" });

const hitField = StateField.define<DecorationSet>({
  create: () => Decoration.none,
  update(set, tr) {
    let next = set.map(tr.changes);
    for (const e of tr.effects)
      if (e.is(setHits))
        next = Decoration.set(
          e.value.hits.filter((h) => h.from < h.to && h.to <= tr.state.doc.length).map((h, i) => (i === e.value.now ? nowMark : hitMark).range(h.from, h.to)),
          true,
        );
    return next;
  },
  provide: (f) => EditorView.decorations.from(f),
});

/* Tab completes after a word, else it indents. Shift-Tab asks for help there, else it takes indentation away. */
function afterText(view: EditorView): boolean {
  const { main } = view.state.selection;
  if (!main.empty || view.state.selection.ranges.length > 1) return false;
  const line = view.state.doc.lineAt(main.head);
  return /[^\s]$/.test(line.text.slice(0, main.head - line.from));
}

/* What few keys need comes after the first editor; then they act at once, before what is typed next. */
type Search = typeof import("@codemirror/search");
const search = later<Search>(() => import("@codemirror/search"));
const found = (which: (m: Search) => (view: EditorView) => boolean) => (view: EditorView): boolean => {
  if (search.now) return which(search.now)(view);
  void search.get().then((m) => which(m)(view), () => undefined);
  return true;
};

function tabKeys(o: EditorOptions): KeyBinding[] {
  if (!search.now) void search.get().catch(() => undefined);
  return [
    {
      key: "Tab",
      run: (v) => {
        if (o.readOnly) return false;
        if (o.complete && afterText(v)) return complete(v);
        return v.state.selection.ranges.some((r) => !r.empty) ? indentMore(v) : insertIndent(v);
      },
      shift: (v) => {
        if (o.inspect && v.state.selection.main.empty && /\S/.test(textBefore(v)) && o.inspect(v)) return true;
        return o.readOnly ? false : indentLess(v);
      },
    },
    { key: "Mod-/", run: toggleComment },
    { key: "Mod-d", run: found((m) => m.selectNextOccurrence), preventDefault: true },
    { key: "Mod-Shift-l", run: found((m) => m.selectSelectionMatches) },
  ];
}

function textBefore(view: EditorView): string {
  const { head } = view.state.selection.main;
  const line = view.state.doc.lineAt(head);
  return line.text.slice(0, head - line.from);
}

/* Spaces up to the next step of indentation. */
function insertIndent(view: EditorView): boolean {
  const unit = view.state.facet(indentUnit);
  if (unit === "\t") return insertTab(view);
  view.dispatch(
    view.state.changeByRange((r) => {
      const line = view.state.doc.lineAt(r.head);
      const n = unit.length - ((r.head - line.from) % unit.length);
      return { changes: { from: r.from, to: r.to, insert: " ".repeat(n) }, range: EditorSelection.cursor(r.from + n) };
    }),
    { userEvent: "input", scrollIntoView: true },
  );
  return true;
}

/* It takes the focus by itself; said also to those that look for what can be reached by the keyboard. */
const named = (label: string): Record<string, string> => ({ "aria-label": label, tabindex: "0" });

export class SourceEditor {
  readonly view: EditorView;
  private readonly language = new Compartment();
  private readonly numbers = new Compartment();
  private readonly writable = new Compartment();
  private readonly label = new Compartment();
  private readonly assist: ReturnType<typeof assist>;
  private wanted: string | null;

  constructor(private readonly o: EditorOptions) {
    this.wanted = o.language;
    this.assist = assist(o.complete);
    this.view = new EditorView({
      parent: o.parent,
      state: EditorState.create({ doc: o.source, extensions: this.extensions() }),
    });
    this.assist.start(this.view);
    this.setLanguage(o.language);
  }

  private extensions(): Extension {
    const { o } = this;
    return [
      EditorState.lineSeparator.of("\n"),
      EditorState.allowMultipleSelections.of(true),
      EditorState.tabSize.of(4),
      indentUnit.of("    "),
      Prec.highest(keymap.of(o.keys)),
      Prec.high(keymap.of(tabKeys(o))),
      this.numbers.of(o.lineNumbers ? lineNumbers() : []),
      codeFolding(),
      o.foldGutter ? foldGutter() : [],
      drawSelection(),
      dropCursor(),
      rectangularSelection(),
      crosshairCursor(),
      indentOnInput(),
      bracketMatching(),
      syntaxHighlighting(colours),
      tooltips({ parent: document.body }), /* a cell cuts off what hangs over it */
      hitField,
      this.assist.extension,
      keymap.of([...foldKeymap, ...defaultKeymap]),
      o.wrap ? EditorView.lineWrapping : [],
      this.label.of(EditorView.contentAttributes.of(named(o.label))),
      EditorView.clipboardInputFilter.of((text) => text.replace(/\r\n?/g, "\n")),
      this.writable.of(EditorState.readOnly.of(o.readOnly)),
      this.language.of(languageNow(o.language) ?? []),
      EditorView.updateListener.of((u) => {
        if (u.docChanged && !u.transactions.some((tr) => tr.annotation(fromModel))) this.tell(u.startState, u.changes);
        if (u.selectionSet || u.docChanged) o.onSelect?.(u.view);
        if (u.focusChanged) (u.view.hasFocus ? o.onFocus : o.onBlur)?.();
      }),
      o.extra ?? [],
    ];
  }

  private tell(before: EditorState, changes: { iterChanges(f: (fa: number, ta: number, fb: number, tb: number, ins: { toString(): string }) => void): void }): void {
    const out: TextChange[] = [];
    changes.iterChanges((from, to, _fb, _tb, insert) => out.push({ from, to, insert: insert.toString() }));
    const { anchor, head } = before.selection.main;
    if (out.length) this.o.onChange(out, { anchor, head });
  }

  get source(): string {
    return this.view.state.sliceDoc();
  }

  /* What the model has now: only the part that differs is replaced, so that the cursor stays where it can. */
  take(source: string): void {
    const change = difference(this.source, source);
    if (change.length) this.view.dispatch({ changes: change, annotations: fromModel.of(true) });
  }

  setLanguage(name: string | null): void {
    this.wanted = name;
    void loadLanguage(name).then((l) => {
      if (this.wanted === name) this.view.dispatch({ effects: this.language.reconfigure(l ?? []) });
    });
  }

  setLineNumbers(on: boolean): void {
    this.view.dispatch({ effects: this.numbers.reconfigure(on ? lineNumbers() : []) });
  }

  setReadOnly(on: boolean): void {
    this.view.dispatch({ effects: this.writable.reconfigure(EditorState.readOnly.of(on)) });
  }

  setLabel(label: string): void {
    this.view.dispatch({ effects: this.label.reconfigure(EditorView.contentAttributes.of(named(label))) });
  }

  showHits(hits: readonly { from: number; to: number }[], now: number): void {
    if (hits.length || this.view.state.field(hitField).size) this.view.dispatch({ effects: setHits.of({ hits, now }) });
  }

  select(anchor: number, head = anchor): void {
    const end = this.view.state.doc.length;
    this.view.dispatch({ selection: { anchor: Math.min(anchor, end), head: Math.min(head, end) } });
  }

  focus(): void {
    this.view.focus();
  }

  destroy(): void {
    this.wanted = null;
    this.view.destroy();
  }
}
