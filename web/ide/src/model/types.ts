/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The document model of the IDE: one notebook in memory, changed only by operations. Views, the kernel's outputs, undo,
 * autosave and the merge all speak these; live co-editing will bring operations of other people to the same `apply`.
 *
 * Snapshots are immutable: a cell that changed is another object, one that did not is the same, so a view compares by ===.
 * nbformat: https://nbformat.readthedocs.io/en/latest/format_description.html
 */

export type Json = null | boolean | number | string | Json[] | { [key: string]: Json };
export type JsonObject = { [key: string]: Json };

export type CellKind = "code" | "markdown" | "raw";

/* Output of nbformat 4, with texts joined to one string ("text", each "data" entry but JSON ones). */
export type Output =
  | { output_type: "stream"; name: string; text: string }
  | { output_type: "display_data"; data: JsonObject; metadata: JsonObject }
  | { output_type: "execute_result"; data: JsonObject; metadata: JsonObject; execution_count: number | null }
  | { output_type: "error"; ename: string; evalue: string; traceback: string[] };

export interface Cell {
  readonly id: string; /* unique in the document; made here where the file has none */
  readonly kind: CellKind;
  readonly source: string;
  readonly outputs: readonly Output[]; /* empty unless kind is "code" */
  readonly count: number | null; /* execution_count */
  readonly metadata: Readonly<JsonObject>;
  readonly attachments?: Readonly<JsonObject>;
}

/* One replaced range of a source, in UTF-16 units of the source before the operation; ranges ascend and do not touch. */
export interface TextChange {
  from: number;
  to: number;
  insert: string;
}

export type Op =
  | { op: "insert"; at: number; cell: Cell }
  | { op: "remove"; id: string }
  | { op: "move"; id: string; to: number } /* to: the index after the move */
  | { op: "kind"; id: string; kind: CellKind }
  | { op: "text"; id: string; changes: TextChange[] }
  | { op: "outputs"; id: string; outputs: readonly Output[] } /* the whole list */
  | { op: "append"; id: string; output: Output } /* a stream of the same name grows; else one more */
  | { op: "count"; id: string; count: number | null }
  | { op: "attachments"; id: string; attachments: Readonly<JsonObject> | undefined } /* all of them */
  | { op: "metadata"; id: string | null; metadata: JsonObject }; /* null: the notebook's own */

export type Origin = "user" | "kernel" | "undo" | "file";

export interface ApplyOptions {
  origin: Origin; /* only "user" makes undo steps */
  join?: string; /* joins with the step before it of the same name within a second: typing in one cell */
  selection?: Selection; /* where the user was before; given back by undo */
}

export interface Selection {
  cell: string; /* id of the active cell */
  anchor?: number; /* in its source, when in edit mode */
  head?: number;
}

export interface Change {
  ops: readonly Op[];
  origin: Origin;
  touched: ReadonlySet<string>; /* ids of cells whose snapshot is another one */
  order: boolean; /* cells came, went or moved */
}

export interface NotebookModel {
  readonly path: string;
  readonly cells: readonly Cell[];
  readonly metadata: Readonly<JsonObject>;
  get(id: string): Cell | undefined;
  indexOf(id: string): number;
  newCell(kind: CellKind, source?: string): Cell; /* with a fresh id; not yet in the document */
  apply(ops: readonly Op[], options: ApplyOptions): void; /* all or, if one names no cell, none (throws) */
  readonly canUndo: boolean;
  readonly canRedo: boolean;
  undo(): Selection | null;
  redo(): Selection | null;
  watch(fn: (change: Change) => void): () => void;
}

/* What the head says about the file; the words are made in text/. */
export type SaveState =
  | { state: "saved"; at: number } /* ms */
  | { state: "dirty" }
  | { state: "saving" }
  | { state: "offline" } /* kept in this browser */
  | { state: "conflict" } /* the merge is open */
  | { state: "failed"; why: string };

export interface OpenFile {
  readonly path: string;
  readonly save: SaveState;
  saveNow(): Promise<void>;
  close(): Promise<void>;
  watch(fn: () => void): () => void;
}

/* A cell that was changed here and in the file. null: it is not there (was deleted, or never was). */
export interface CellConflict {
  readonly id: string;
  readonly base: Cell | null; /* as both began */
  readonly mine: Cell | null;
  readonly theirs: Cell | null;
  readonly merged: string | null; /* source with both changes, where they do not touch */
}

export type Resolution = { take: "mine" | "theirs" | "both" } | { source: string }; /* both: two cells, mine first */

export interface OpenNotebook extends OpenFile {
  readonly model: NotebookModel;
  readonly conflicts: readonly CellConflict[]; /* not empty while save.state is "conflict" */
  resolve(answers: ReadonlyMap<string, Resolution>): Promise<void>; /* by cell id; when none is left, it is saved */
  written(hash: string): void; /* the server wrote outputs into the file, which has this hash now */
}

/*
 * Sources and texts may hold \r: an editor takes "\n" as its only end of line (EditorState.lineSeparator), or places do not fit.
 * A file whose lines all end in \r\n is given with \n and written as it was.
 */
export interface OpenText extends OpenFile {
  readonly text: string;
  edit(changes: TextChange[]): void;
  watchText(fn: (changes: readonly TextChange[]) => void): () => void; /* changes that came from the file, not by edit() */
}
