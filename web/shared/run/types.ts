/* SPDX-License-Identifier: Apache-2.0 */
/* What following a run needs of a page: JupyterLab's models fit as they are, the IDE's by collect.ts. */

/* One of nbformat's outputs. */
export interface Output {
  output_type: string;
  [key: string]: unknown;
}

export interface KernelMessage {
  channel: string;
  header: { msg_id: string; msg_type: string; session: string; date?: string };
  parent_header: { msg_id?: string; session?: string; msg_type?: string };
  metadata: Record<string, unknown>;
  content: Record<string, unknown>;
}

export interface OutputsModel {
  length: number;
  add(output: Output): number;
  set(index: number, output: Output): void;
  clear(wait?: boolean): void;
  fromJSON(outputs: Output[]): void;
}

export interface RunCell {
  id: string;
  isDisposed: boolean;
  outputs: OutputsModel;
  executionCount: number | null;
  executionState: string;
  trusted: boolean;
}
