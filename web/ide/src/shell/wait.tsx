/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A file that is on its way: the row of tools and the first cells, at their places, so that nothing jumps when they come.
 * index.html has the same shapes for the time before the first script; shell.css shows them after 150 ms.
 */
import type { JSX } from "preact";
import { nameOf } from "../page";
import { t } from "../text";

const CELLS = [1, 2, 3, 4];

export function Wait({ path, text }: { path: string; text: boolean }): JSX.Element {
  return (
    <>
      <div class="tools" />
      <div class="wait" data-kind={text ? "text" : "notebook"} role="status" aria-label={t.shell.loading(nameOf(path))}>
        {CELLS.map((n) => (
          <div class="wait-cell" key={n} aria-hidden="true">
            <i class="skel" />
            <i class="skel" />
            <i class="skel" />
          </div>
        ))}
      </div>
    </>
  );
}
