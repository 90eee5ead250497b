/* SPDX-License-Identifier: Apache-2.0 */
/* What of a notebook stands in its file, as far as the page knows. */
import type { CellModel, FileModel, NotebookContext } from "./jupyter";
import type { Wrote } from "../../shared/run/runs";

/* The cells as they were last saved or read. */
export class Saved {
  private sources = new Map<string, string>();
  private next: Map<string, string> | null = null;

  now(cells: CellModel[]): void {
    this.begin(cells);
    this.done();
  }
  begin(cells: CellModel[]): void {
    this.next = new Map(cells.map((c) => [c.id, c.sharedModel.getSource()]));
  }
  done(): void {
    this.sources = this.next ?? this.sources;
    this.next = null;
  }
  fail(): void {
    this.next = null;
  }
  has(cell: CellModel): boolean {
    return this.sources.get(cell.id) === cell.sharedModel.getSource();
  }
}

export interface DiskCell {
  type: string;
  source: string;
}

export function diskCells(file: FileModel): Map<string, DiskCell> {
  const { cells } = (file.content ?? {}) as { cells?: Record<string, unknown>[] };
  const text = (s: unknown): string => (Array.isArray(s) ? s.join("") : String(s ?? ""));
  return new Map((cells ?? []).map((c, i) => [String(c.id ?? i), { type: String(c.cell_type), source: text(c.source) }]));
}

export function sameSources(cells: CellModel[], disk: Map<string, DiskCell>): boolean {
  const ids = [...disk.keys()];
  return (
    cells.length === ids.length &&
    cells.every((c, i) => {
      const d = disk.get(c.id);
      return ids[i] === c.id && d?.type === c.type && d.source === c.sharedModel.getSource();
    })
  );
}

/* Is the file another one than the page knows, because the server put outputs into it? */
export function wroteMeanwhile(wrote: Wrote, ours: FileModel | null): boolean {
  if (!ours) return false;
  if (ours.hash) return ours.hash !== wrote.hash;
  return Date.parse(wrote.last_modified) > Date.parse(ours.last_modified);
}

/* One save after the other: JupyterLab takes a save of its own that is just ending for a change by somebody else. */
export function saveInTurn(context: Pick<NotebookContext, "save">): void {
  const save = context.save.bind(context);
  let last: Promise<unknown> = Promise.resolve();
  context.save = () => {
    const next = last.then(save);
    last = next.catch(() => undefined);
    return next;
  };
}
