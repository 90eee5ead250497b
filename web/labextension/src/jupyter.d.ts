/* SPDX-License-Identifier: Apache-2.0 */
/* The little of JupyterLab 4's interface that is used here; the page itself brings the code. */

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
  };
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
  "@jupyterlab/statusbar": { IStatusBar: unknown };
  "@lumino/polling": { Debouncer: { prototype: Debouncer } };
  "@lumino/widgets": { Widget: new (options: { node: HTMLElement }) => Widget };
}

/* T: what the optional token stands for. */
export interface Plugin<T> {
  id: string;
  description: string;
  autoStart: boolean;
  requires: unknown[];
  optional: unknown[];
  activate(app: JupyterFrontEnd, service: T | null): void;
}
