/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a person does with one open notebook: which cell is active, which are selected, edit or command mode, what is found.
 * One for each open file, shared by the cells, the tools, the outline and the search; nothing of it is in the file.
 */
import type { Kernel } from "../kernel/types";
import type { Cell, Change, NotebookModel, Op, OpenNotebook, Selection } from "../model/types";
import type { SourceEditor } from "./editor";
import { Finder, type Hit, NO_QUERY, type Query } from "./find";
import { COLLAPSED, headingsOf, hiddenCells } from "./headings";
import { afterRemoval, selected } from "./selection";

export interface Surface {
  sync(): void; /* the cells that stand in the page follow the document */
  reveal(id: string, where?: "nearest" | "start" | "center"): void;
  focusCell(id: string): void;
  contains(el: Element | null): boolean;
  page(by: 1 | -1): string | null; /* the cell a page further */
}

/* In a source, or under the pointer. */
export type Place = { anchor: number; head?: number } | { x: number; y: number };

export type Aspect = "order" | "select" | "kernel" | "find" | "view" | "content";

const all = new WeakMap<OpenNotebook, Control>();

export class Control {
  readonly model: NotebookModel;
  kernel: Kernel | null = null;
  surface: Surface | null = null;
  readOnly = false;

  active: string | null = null;
  anchor: string | null = null;
  mode: "command" | "edit" = "command";
  readonly open = new Set<string>(); /* text cells whose source is shown */
  numbers = false;
  readonly numbersOf = new Map<string, boolean>();
  readonly durations = new Map<string, number>(); /* ms of the last run that was seen */
  readonly editors = new Map<string, SourceEditor>();
  finder = new Finder(NO_QUERY);
  hits: Hit[] = [];
  hitNow = -1;

  shown: string[] = []; /* cells that no collapsed heading hides */
  hidden = new Map<string, string>();
  private ids: string[] = [];
  private live: string[] = []; /* cells that hold an editor, the latest last */
  private readonly watchers = new Set<(what: Aspect) => void>();
  private readonly cellWatchers = new Map<string, Set<() => void>>();
  private readonly began = new Map<string, number>();
  private unwatchKernel: (() => void) | null = null;
  private findTimer: ReturnType<typeof setTimeout> | undefined;
  private pending: { id: string; at: Place | null } | null = null;
  typing: string | null = null; /* the cell whose own editor is making a change */

  static of(file: OpenNotebook): Control {
    let c = all.get(file);
    if (!c) all.set(file, (c = new Control(file)));
    return c;
  }

  private constructor(readonly file: OpenNotebook) {
    this.model = file.model;
    this.readOnly = (file as { readOnly?: boolean }).readOnly === true;
    this.reorder();
    this.active = this.anchor = this.shown[0] ?? null;
    this.model.watch((c) => this.onModel(c));
  }

  setKernel(kernel: Kernel): void {
    if (this.kernel === kernel) return;
    this.unwatchKernel?.();
    this.kernel = kernel;
    this.unwatchKernel = kernel.watch(({ cells }) => {
      for (const id of cells ?? []) {
        const r = kernel.running(id);
        if (r?.state === "running") this.began.set(id, r.since);
        else if (!r && this.began.has(id)) {
          this.durations.set(id, Math.max(0, Date.now() - this.began.get(id)!));
          this.began.delete(id);
        }
        this.touch(id);
      }
      this.tell("kernel");
    });
    this.tell("kernel");
  }

  /* Who wants to know */

  watch(fn: (what: Aspect) => void): () => void {
    this.watchers.add(fn);
    return () => void this.watchers.delete(fn);
  }

  watchCell(id: string, fn: () => void): () => void {
    let set = this.cellWatchers.get(id);
    if (!set) this.cellWatchers.set(id, (set = new Set()));
    set.add(fn);
    return () => {
      set.delete(fn);
      if (!set.size && this.cellWatchers.get(id) === set) this.cellWatchers.delete(id);
    };
  }

  tell(what: Aspect): void {
    for (const fn of [...this.watchers]) fn(what);
  }

  touch(id: string | null): void {
    if (id !== null) for (const fn of [...(this.cellWatchers.get(id) ?? [])]) fn();
  }

  /* The document */

  private reorder(): void {
    this.ids = this.model.cells.map((c) => c.id);
    this.hidden = hiddenCells(this.model.cells);
    this.shown = this.hidden.size ? this.ids.filter((id) => !this.hidden.has(id)) : this.ids;
  }

  private onModel(change: Change): void {
    const before = this.ids;
    if (change.order) {
      this.reorder();
      if (this.active !== null && this.model.indexOf(this.active) < 0) {
        const gone = new Set(before.filter((id) => this.model.indexOf(id) < 0));
        this.active = this.anchor = afterRemoval(before, gone) ?? this.shown[0] ?? null;
        this.mode = "command";
      }
      this.active ??= this.anchor = this.shown[0] ?? null;
      this.surface?.sync();
      for (const id of [...this.cellWatchers.keys()]) this.touch(id);
      this.tell("order");
    } else {
      if ([...change.touched].some((id) => this.model.get(id)?.kind === "markdown") || change.ops.some((o) => o.op === "kind")) this.refold();
      for (const id of change.touched) this.touch(id);
    }
    for (const id of change.touched) if (id !== this.typing) this.editors.get(id)?.take(this.model.get(id)?.source ?? "");
    this.tell("content");
    if (this.finder.query.text) this.findSoon();
  }

  /* Headings came, went or were collapsed. */
  private refold(): void {
    const before = this.hidden;
    const now = hiddenCells(this.model.cells);
    if (now.size === before.size && [...now.keys()].every((id) => before.has(id))) return;
    this.hidden = now;
    this.shown = now.size ? this.ids.filter((id) => !now.has(id)) : this.ids;
    if (this.active !== null && now.has(this.active)) this.select(now.get(this.active)!);
    this.surface?.sync();
    this.tell("order");
  }

  /* One step of a person's own; refused where the file can't be written. */
  apply(ops: readonly Op[], join?: string, selection?: Selection): boolean {
    if (!ops.length || this.readOnly) return false;
    const before: Selection | undefined = selection ?? (this.active === null ? undefined : { cell: this.active });
    this.model.apply(ops, { origin: "user", ...(join ? { join } : {}), ...(before ? { selection: before } : {}) });
    return true;
  }

  cell(id: string | null): Cell | undefined {
    return id === null ? undefined : this.model.get(id);
  }

  /* Selection and mode */

  get selection(): string[] {
    return selected(this.ids, this.active, this.anchor);
  }

  isSelected(id: string): boolean {
    if (id === this.active) return true;
    if (this.anchor === this.active || this.anchor === null || this.active === null) return false;
    const [i, a, b] = [this.model.indexOf(id), this.model.indexOf(this.active), this.model.indexOf(this.anchor)];
    return b >= 0 && i >= Math.min(a, b) && i <= Math.max(a, b);
  }

  select(id: string | null, extend = false): void {
    this.selectRange(id, extend ? this.anchor : id);
  }

  selectRange(id: string | null, anchor: string | null): void {
    const were = this.selection;
    const edited = this.mode === "edit" ? this.active : null;
    this.active = id;
    this.anchor = anchor;
    this.mode = "command";
    this.selectionChanged(were, edited);
  }

  /* Into the source of a cell; the focus goes there too. */
  edit(id: string, at?: Place): void {
    const cell = this.cell(id);
    if (!cell) return;
    const were = this.selection;
    this.active = this.anchor = id;
    this.mode = "edit";
    if (cell.kind === "markdown") this.open.add(id);
    this.keepEditor(id);
    this.selectionChanged(were, null);
    this.surface?.reveal(id);
    this.pending = { id, at: at ?? null };
    const editor = this.editors.get(id);
    if (editor) this.arrived(id, editor);
  }

  /* The editor that one is to write in is there: at once, or a moment later when its cell is drawn. */
  arrived(id: string, editor: SourceEditor): void {
    const wish = this.pending;
    if (wish?.id !== id) return;
    this.pending = null;
    if (this.active !== id || this.mode !== "edit") return;
    if (wish.at && "x" in wish.at) {
      const pos = editor.view.posAtCoords(wish.at, false);
      editor.select(pos);
    } else if (wish.at) editor.select(wish.at.anchor, wish.at.head);
    editor.focus();
  }

  /* Where one is, or wants to be, in a source whose editor is on its way. */
  place(id: string, at: Place): void {
    this.pending = { id, at };
  }

  wish(id: string): { anchor: number; head?: number } | null {
    const at = this.pending?.id === id ? this.pending.at : null;
    return at && "anchor" in at ? at : null;
  }

  /* The editor got the focus by a click or the Tab key. */
  entered(id: string): void {
    if (this.mode === "edit" && this.active === id) return;
    const were = this.selection;
    this.active = this.anchor = id;
    this.mode = "edit";
    this.keepEditor(id);
    this.selectionChanged(were, null);
  }

  command(): void {
    const were = this.selection;
    this.mode = "command";
    this.selectionChanged(were, this.active);
    this.focus();
  }

  focus(): void {
    if (this.active === null) return;
    if (this.mode === "edit") this.editors.get(this.active)?.focus();
    else this.surface?.focusCell(this.active);
  }

  private selectionChanged(were: readonly string[], edited: string | null): void {
    for (const id of new Set([...were, ...this.selection, ...(edited ? [edited] : [])])) this.touch(id);
    this.tell("select");
  }

  /* Where undo puts one back: the cell, in edit mode also the place in it. */
  restore(s: Selection | null): void {
    if (!s || this.model.indexOf(s.cell) < 0) {
      if (this.active !== null) this.surface?.reveal(this.active);
      this.focus();
      return;
    }
    if (s.anchor !== undefined && (this.cell(s.cell)?.kind !== "markdown" || this.open.has(s.cell)))
      this.edit(s.cell, { anchor: s.anchor, ...(s.head === undefined ? {} : { head: s.head }) });
    else {
      this.select(s.cell);
      this.surface?.reveal(s.cell);
      this.focus();
    }
  }

  /* A link inside the notebook: Jupyter's anchors are the heading's words with hyphens. */
  jumpTo(anchor: string): void {
    const slug = (s: string): string => s.trim().toLowerCase().replace(/\s+/g, "-");
    let wanted = anchor;
    try {
      wanted = decodeURIComponent(anchor);
    } catch {
      /* a stray % */
    }
    const hit = this.model.cells.find((c) => headingsOf(c).some((h) => slug(h.text) === slug(wanted)));
    if (hit) this.goTo(hit.id);
  }

  /* To a cell, opening the sections that hide it. */
  goTo(id: string, where: "nearest" | "start" | "center" = "start"): void {
    this.show(id);
    this.select(id);
    this.surface?.reveal(id, where);
    this.focus();
  }

  show(id: string): void {
    const by = this.hidden.get(id);
    const head = this.cell(by ?? null);
    if (!head) return;
    const { [COLLAPSED]: _, ...metadata } = head.metadata;
    this.model.apply([{ op: "metadata", id: head.id, metadata }], { origin: "user" });
    if (this.hidden.has(id)) this.show(id);
  }

  /* Editors: the cells last worked in keep theirs. */

  wantsEditor(id: string): boolean {
    return this.live.includes(id);
  }

  /* Somebody began to write, and there is nothing yet to write in: what is typed is no command. */
  get awaitsEditor(): boolean {
    return this.mode === "edit" && this.active !== null && this.wantsEditor(this.active) && !this.editors.has(this.active);
  }

  keepEditor(id: string): void {
    if (this.live[this.live.length - 1] === id) return;
    const fresh = !this.live.includes(id);
    this.live = [...this.live.filter((x) => x !== id), id];
    const old = this.live.length > 10 ? this.live.find((x) => x !== this.active && x !== id) : undefined;
    if (old) {
      this.live = this.live.filter((x) => x !== old);
      this.touch(old);
    }
    if (fresh) this.touch(id);
  }

  linesOf(id: string): boolean {
    return this.numbersOf.get(id) ?? this.numbers;
  }

  /* Find */

  find(query: Query): void {
    this.finder = new Finder(query);
    this.findAll();
  }

  private findSoon(): void {
    clearTimeout(this.findTimer);
    this.findTimer = setTimeout(() => this.findAll(), 120);
  }

  findAll(): void {
    clearTimeout(this.findTimer);
    const was = this.hits[this.hitNow];
    this.hits = this.finder.query.text ? this.finder.all(this.model.cells) : [];
    this.hitNow = was ? this.hits.findIndex((h) => h.cell === was.cell && h.where === was.where && h.from === was.from) : -1;
    this.tell("find");
  }
}
