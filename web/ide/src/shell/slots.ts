/* SPDX-License-Identifier: Apache-2.0 */
/*
 * How the parts of the page meet. The shell (tabs, tree, head, status bar) owns the layout and knows the parts by these
 * functions only; each is a lazily loaded module, so that the first load holds what a notebook needs and no more.
 *
 * A part exports its component by the name below. NotebookView and TextView fill the centre under the tabs: a grid of
 * two rows, `auto minmax(0, 1fr)`; their own toolbar (class "tools", role "toolbar") is the first child,
 * `<div id="main" tabIndex={-1}>` the second; the shell's <main> is around both. What they have for the status bar goes through status.ts, for the palette through commands.ts.
 */
import type { ComponentType } from "preact";
import type { Kernel } from "../kernel/types";
import type { OpenNotebook, OpenText } from "../model/types";

export interface NotebookProps {
  file: OpenNotebook;
  kernel: Kernel;
  active: boolean; /* its tab is in front */
}

export interface Parts {
  NotebookView: ComponentType<NotebookProps>; /* view/notebook.tsx */
  TextView: ComponentType<{ file: OpenText; active: boolean }>; /* view/text.tsx */
  Outline: ComponentType<{ file: OpenNotebook }>; /* view/outline.tsx */
  OutputArea: ComponentType<{ file: OpenNotebook; kernel: Kernel; cell: string }>; /* outputs/area.tsx */
  Variables: ComponentType<{ kernel: Kernel; active: boolean }>; /* panels/variables.tsx */
  Machine: ComponentType<Record<never, never>>; /* panels/machine.tsx: CPU, memory, cost, time to stop, extend */
  Terminal: ComponentType<{ cwd: string }>; /* panels/terminal.tsx */
  MergeView: ComponentType<{ file: OpenNotebook }>; /* view/merge.tsx */
}

/* kernel/open.ts: the kernel of a notebook, as long as its tab is there. */
export interface KernelModule {
  openKernel(file: OpenNotebook): Kernel & { close(): void };
}
