/* SPDX-License-Identifier: Apache-2.0 */
import { expect, it } from "vitest";
import type { Cell } from "../model/types";
import { runCells } from "./commands";
import type { Control } from "./control";
import { COLLAPSED, hiddenCells } from "./headings";

it("a collapsed heading runs its section, and no cell runs twice", () => {
  const cell = (id: string, kind: Cell["kind"], source: string, metadata = {}): Cell => ({ id, kind, source, outputs: [], count: null, metadata });
  const cells = [cell("a", "code", "1"), cell("h", "markdown", "# H", { [COLLAPSED]: true }), cell("b", "code", "2"), cell("c", "code", "3")];
  const ran: string[][] = [], get = (id: string): Cell | undefined => cells.find((c) => c.id === id);
  const c = { model: { cells, get }, hidden: hiddenCells(cells), open: new Set(), touch: () => undefined, kernel: { run: (ids: string[]) => ran.push(ids) } } as unknown as Control;
  runCells(c, ["a", "h", "b", "c"]);
  runCells(c, ["h"]);
  expect(ran).toEqual([["a", "b", "c"], ["b", "c"]]);
});
