/* SPDX-License-Identifier: Apache-2.0 */
/* The way to the other editor: the file in front, in Carrel's own IDE. */
import type { JupyterFrontEnd, Shared, StatusBar } from "./jupyter";

/* Documents have a context; consoles, terminals and the launcher none. */
function pathInFront(app: JupyterFrontEnd): string {
  const shell = (app as unknown as { shell?: { currentWidget?: { context?: { path?: unknown } } | null } }).shell;
  const path = shell?.currentWidget?.context?.path;
  return typeof path === "string" ? path : "";
}

export function ideAddress(base: string, path: string): string {
  const below = path.split("/").filter(Boolean).map(encodeURIComponent).join("/");
  return `${base.replace(/\/?$/, "/")}ide${below ? `/${below}` : ""}`;
}

export function addIdeLink(app: JupyterFrontEnd, shared: Shared, bar: StatusBar): void {
  const a = document.createElement("a"), widget = new shared["@lumino/widgets"].Widget({ node: document.createElement("div") });
  const aim = (): void => void (a.href = ideAddress(app.serviceManager.serverSettings.baseUrl, pathInFront(app)));
  a.className = "jp-StatusBar-TextItem";
  a.textContent = "Carrel IDE";
  a.title = "Open this file in Carrel's own IDE";
  a.target = "_blank";
  a.rel = "noopener";
  a.style.color = "inherit";
  for (const event of ["pointerdown", "focus", "mouseenter"]) a.addEventListener(event, aim);
  aim();
  widget.node.id = "carrel-ide";
  widget.node.append(a);
  bar.registerStatusItem("@carrel/labextension:ide", { item: widget, align: "right", rank: -8 });
}
