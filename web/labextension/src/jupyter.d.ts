/* SPDX-License-Identifier: Apache-2.0 */
/* The little of JupyterLab 4's interface that is used here; the page itself brings the code. */
import type { KernelMessage, Output, OutputsModel, RunCell } from "../../shared/run/types";

export type { KernelMessage, Output, OutputsModel };

export interface Signal<T> {
  connect(slot: (sender: unknown, args: T) => void): boolean;
}

export interface ServerEvent {
  schema_id?: string;
  [key: string]: unknown;
}

export interface JupyterFrontEnd {
  restored: Promise<void>;
  serviceManager: {
    serverSettings: { baseUrl: string };
    events?: { stream: Signal<ServerEvent> };
    contents: ContentsManager;
  };
  commands: { execute(id: string, args?: Record<string, unknown>): Promise<unknown> };
}

export interface FileModel {
  hash?: string | null;
  last_modified: string;
  writable?: boolean;
  content?: unknown;
  [key: string]: unknown;
}

export interface ContentsManager {
  get(path: string, options: { content: boolean; hash?: boolean; type?: string }): Promise<FileModel>;
  save(path: string, options?: object): Promise<FileModel>;
}

export interface KernelConnection {
  id: string;
  clientId: string;
  connectionStatus: "connected" | "connecting" | "disconnected";
  anyMessage: Signal<{ msg: KernelMessage; direction: "send" | "recv" }>;
}

export interface SessionContext {
  session: { kernel: KernelConnection | null } | null;
  kernelChanged: Signal<{ newValue: KernelConnection | null }>;
  connectionStatusChanged: Signal<string>;
  iopubMessage: Signal<KernelMessage>;
}

export interface CellModel {
  id: string;
  type: string;
  isDisposed: boolean;
  sharedModel: { getSource(): string };
}

export interface CodeCellModel extends CellModel, RunCell {
  id: string;
  isDisposed: boolean;
}

export interface NotebookContext {
  path: string;
  localPath: string;
  ready: Promise<void>;
  isReady: boolean;
  isDisposed: boolean;
  canSave: boolean;
  contentsModel: FileModel | null;
  saveState: Signal<"started" | "completed" | "failed" | "completed manually">;
  model: { cells: Iterable<CellModel>; readOnly: boolean };
  sessionContext: SessionContext;
  save(): Promise<void>;
  revert(): Promise<void>;
}

export interface NotebookPanel {
  context: NotebookContext;
  content: object;
}

export interface NotebookTracker {
  widgetAdded: Signal<NotebookPanel>;
  forEach(fn: (panel: NotebookPanel) => void): void;
  find(fn: (panel: NotebookPanel) => boolean): NotebookPanel | undefined;
}

export interface SettingRegistry {
  load(plugin: string): Promise<{ changed: Signal<void>; composite: Record<string, unknown> }>;
}

export interface Widget {
  node: HTMLElement;
  addClass(name: string): void;
  show(): void;
  hide(): void;
}

export interface Disposable {
  dispose(): void;
}

export interface StatusBar {
  registerStatusItem(
    id: string,
    item: { item: Widget; align: "left" | "middle" | "right"; rank: number; isActive?: () => boolean },
  ): Disposable;
}

export interface NotificationApi {
  warning(message: string, options: NotificationOptions): string;
  info(message: string, options: NotificationOptions): string;
  error(message: string, options: NotificationOptions): string;
  dismiss(id?: string): void;
}

export interface NotificationOptions {
  autoClose?: number | false;
  actions?: { label: string; displayType?: "accent" | "default" | "warn" | "link"; callback: (e: MouseEvent) => void }[];
}

export interface Debouncer {
  limit: number; /* milliseconds */
  invoke(...args: unknown[]): Promise<unknown>;
}

export interface Router {
  routed: Signal<unknown>;
}

export interface Shared {
  "@jupyterlab/application": { IRouter: unknown };
  "@jupyterlab/apputils": { Notification: NotificationApi };
  "@jupyterlab/notebook": {
    INotebookTracker: unknown;
    NotebookActions: { executionScheduled: Signal<{ notebook: object; cell: { model: CellModel } }> };
  };
  "@jupyterlab/settingregistry": { ISettingRegistry: unknown };
  "@jupyterlab/statusbar": { IStatusBar: unknown };
  "@lumino/polling": { Debouncer: { prototype: Debouncer } };
  "@lumino/widgets": { Widget: new (options: { node: HTMLElement }) => Widget };
}

/* A, B: what the optional tokens stand for. */
export interface Plugin<A, B = null> {
  id: string;
  description: string;
  autoStart: boolean;
  requires: unknown[];
  optional: unknown[];
  activate(app: JupyterFrontEnd, a: A | null, b: B | null): void;
}
