/* SPDX-License-Identifier: Apache-2.0 */
/* What was dropped or chosen, folders with all that is in them, as files with their paths. */
import { join } from "./api";

export interface Picked {
  path: string; /* below the folder it goes to */
  file: File;
}

const MOST = 10_000;

interface FsEntry {
  isFile: boolean;
  isDirectory: boolean;
  name: string;
  file?(done: (f: File) => void, failed: (e: unknown) => void): void;
  createReader?(): { readEntries(done: (all: FsEntry[]) => void, failed: (e: unknown) => void): void };
}

export function pickedOf(files: FileList | File[]): Picked[] {
  return [...files].slice(0, MOST).map((file) => ({ path: file.webkitRelativePath || file.name, file }));
}

/* The entries must be taken before the event ends; what is in folders is read after it. */
export function droppedOf(data: DataTransfer): Promise<Picked[]> {
  const entries = [...data.items].map((i) => (typeof i.webkitGetAsEntry === "function" ? (i.webkitGetAsEntry() as unknown as FsEntry | null) : null));
  if (!entries.some(Boolean)) return Promise.resolve(pickedOf(data.files));
  return walk(entries.filter((e): e is FsEntry => !!e));
}

async function walk(entries: FsEntry[], folder = "", out: Picked[] = []): Promise<Picked[]> {
  for (const e of entries) {
    if (out.length >= MOST) break;
    const path = join(folder, e.name);
    if (e.isFile && e.file) {
      const file = await new Promise<File | null>((done) => e.file!(done, () => done(null)));
      if (file) out.push({ path, file });
    } else if (e.isDirectory && e.createReader) {
      const reader = e.createReader();
      for (;;) {
        const part = await new Promise<FsEntry[]>((done) => reader.readEntries(done, () => done([])));
        if (!part.length) break;
        await walk(part, path, out);
      }
    }
  }
  return out;
}
