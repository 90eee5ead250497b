/* SPDX-License-Identifier: Apache-2.0 */
/* The row of tools above the cells. Below 760 px the rest is in the menu at its end. */
import type { JSX } from "preact";
import { useEffect, useReducer } from "preact/hooks";
import { getJson } from "../file/http";
import type { Kernel } from "../kernel/types";
import type { CellKind } from "../model/types";
import { url } from "../page";
import { Icon, type IconName } from "../shell/icons";
import { type MenuItem, openMenu, toast } from "../shell/layers";
import { t } from "../text";
import { doCommand } from "./acts";
import { holds } from "./clipboard";
import { insert } from "./commands";
import type { Control } from "./control";
import { BINDINGS, type Command, keyCaps } from "./keys";

const KINDS: readonly CellKind[] = ["code", "markdown", "raw"];

function capsOf(command: Command): string[] | undefined {
  const key = BINDINGS.find((b) => b.command === command)?.keys[0];
  return key ? keyCaps(key).flat() : undefined;
}

function Tool({ c, command, icon, cls }: { c: Control; command: Command; icon: IconName; cls?: string }): JSX.Element {
  const name = `${t.view.commands[command]}, ${(capsOf(command) ?? []).join(" ")}`;
  return (
    <button class={`btn btn-icon btn-s tb-b${cls ? ` ${cls}` : ""}`} data-kind="quiet" type="button" aria-label={name} title={name} onClick={() => doCommand(c, command)}>
      <Icon name={icon} />
    </button>
  );
}

const entry = (c: Control, command: Command, icon?: IconName, more: Partial<MenuItem> = {}): MenuItem => {
  const keys = capsOf(command);
  return { text: t.view.commands[command], run: () => doCommand(c, command), ...(icon ? { icon } : {}), ...(keys ? { keys } : {}), ...more };
};

export function cellMenu(c: Control): MenuItem[] {
  const off = c.readOnly;
  return [
    entry(c, "runAbove", "ff"),
    entry(c, "runBelow", "ff"),
    entry(c, "runInsert", "play"),
    entry(c, "undo", "undo", { line: true, off: off || !c.model.canUndo }),
    entry(c, "redo", "redo", { off: off || !c.model.canRedo }),
    entry(c, "cut", "cut", { off }),
    entry(c, "copy", "copy"),
    entry(c, "paste", "paste", { off: off || !holds() }),
    entry(c, "delete", "trash", { off }),
    entry(c, "insertAbove", "plus", { line: true, off }),
    entry(c, "moveUp", "up", { off }),
    entry(c, "moveDown", "down", { off }),
    entry(c, "merge", "merge", { off }),
    entry(c, "split", undefined, { off: off || c.mode !== "edit" }),
    entry(c, "foldSource", undefined, { line: true, off }),
    entry(c, "foldOutputs", undefined, { off }),
    entry(c, "clearOutputs", undefined, { off }),
    entry(c, "clearAll", undefined, { off }),
    entry(c, "allLineNumbers", "list", { line: true }),
    entry(c, "find", "search"),
    entry(c, "keys"),
  ];
}

/* On a phone what the row has no room for comes first. */
function phoneMenu(c: Control): MenuItem[] {
  const kinds = KINDS.map((kind, i): MenuItem => ({
    text: t.view.toKind[kind],
    line: i === 0,
    checked: c.cell(c.active)?.kind === kind,
    off: c.readOnly,
    run: () => doCommand(c, TO[kind]),
  }));
  const text: MenuItem = { text: t.view.addText, icon: "plus", off: c.readOnly, run: () => insert(c, "below", "markdown", "edit") };
  return [text, entry(c, "runAll", "ff"), entry(c, "restartRunAll", "restart"), ...kinds, ...cellMenu(c).map((m, i) => (i === 0 ? { ...m, line: true } : m))];
}

const TO: Record<CellKind, Command> = { code: "toCode", markdown: "toMarkdown", raw: "toRaw" };

function KindOf({ c }: { c: Control }): JSX.Element {
  const kind = c.cell(c.active)?.kind ?? "code";
  return (
    <select
      class="select small not-phone kind-of"
      aria-label={t.view.kindLabel}
      value={kind}
      disabled={c.readOnly}
      onChange={(e) => {
        doCommand(c, TO[e.currentTarget.value as CellKind]);
        c.focus();
      }}
    >
      {KINDS.map((k) => (
        <option key={k} value={k}>
          {t.view.kindNames[k]}
        </option>
      ))}
    </select>
  );
}

interface Specs {
  kernelspecs: Record<string, { name: string; spec: { display_name: string } }>;
}

async function kernelMenu(c: Control, kernel: Kernel, at: HTMLElement): Promise<void> {
  let specs: Specs["kernelspecs"] = {};
  try {
    specs = (await getJson<Specs>(url("api/kernelspecs"))).kernelspecs;
  } catch (e) {
    toast(t.view.kernelsFailed(e instanceof Error ? e.message : String(e)), "alert");
  }
  openMenu(
    t.view.kernelMenu,
    [
      entry(c, "interrupt", "stop"),
      entry(c, "restart", "restart"),
      entry(c, "restartRunAll", "ff"),
      ...Object.values(specs).map((s, i): MenuItem => ({
        text: s.spec.display_name,
        checked: s.name === kernel.name,
        line: i === 0,
        run: () => void kernel.choose(s.name).catch((e: unknown) => toast(t.view.chooseFailed(e instanceof Error ? e.message : String(e)), "alert")),
      })),
    ],
    at,
  );
}

function lampOf(kernel: Kernel): string | undefined {
  if (kernel.status === "busy") return undefined;
  return kernel.status === "idle" ? "idle" : "queued";
}

export function Tools({ c, kernel }: { c: Control; kernel: Kernel }): JSX.Element {
  const [, again] = useReducer<number, void>((n) => n + 1, 0);
  useEffect(() => c.watch((what) => (what === "kernel" || what === "select" || what === "order") && again()), [c]);
  const busy = kernel.status === "busy";
  return (
    <div class="tools" role="toolbar" aria-label={t.view.toolbar}>
      <button class="btn btn-s" data-kind="quiet" type="button" disabled={c.readOnly} onClick={() => insert(c, "below", "code", "edit")} aria-label={t.view.addCodeLabel}>
        <Icon name="plus" size="s" />
        {t.view.addCode}
      </button>
      <button class="btn btn-s not-phone" data-kind="quiet" type="button" disabled={c.readOnly} onClick={() => insert(c, "below", "markdown", "edit")} aria-label={t.view.addTextLabel}>
        <Icon name="plus" size="s" />
        {t.view.addText}
      </button>
      <span class="vl" />
      <Tool c={c} command="runMove" icon="play" />
      <button class="btn btn-s not-phone" data-kind="quiet" type="button" onClick={() => doCommand(c, "runAll")}>
        <Icon name="ff" size="s" />
        {t.view.commands.runAll}
      </button>
      <button class={busy ? "btn btn-s stopb" : "btn btn-s"} data-kind={busy ? undefined : "quiet"} type="button" onClick={() => doCommand(c, "interrupt")} aria-label={t.view.commands.interrupt}>
        <Icon name="stop" size="s" />
        <span class={busy ? undefined : "not-phone"}>{t.view.interruptShort}</span>
      </button>
      <Tool c={c} command="restart" icon="restart" />
      <span class="vl not-phone" />
      <KindOf c={c} />
      <Tool c={c} command="moveUp" icon="up" cls="not-phone" />
      <Tool c={c} command="moveDown" icon="down" cls="not-phone" />
      <button class="btn btn-icon btn-s tb-b not-phone" data-kind="quiet" type="button" aria-label={t.view.more} title={t.view.more} aria-haspopup="menu" onClick={(e) => openMenu(t.view.more, cellMenu(c), e.currentTarget)}>
        <Icon name="dots" />
      </button>
      <span class="push" />
      <button class="btn btn-s kernel-of" data-kind="quiet" type="button" aria-haspopup="menu" title={kernel.reason ?? undefined} onClick={(e) => void kernelMenu(c, kernel, e.currentTarget)}>
        <span class="lamp" data-state={lampOf(kernel)} />
        <span class="not-phone">{kernel.displayName}</span>
        <span class="t3">{t.view.kernelStatus[kernel.status]}</span>
        <Icon name="down" size="s" />
      </button>
      <button class="btn btn-icon btn-s tb-b only-phone" data-kind="quiet" type="button" aria-label={t.view.more} aria-haspopup="menu" onClick={(e) => openMenu(t.view.more, phoneMenu(c), e.currentTarget)}>
        <Icon name="dots" />
      </button>
    </div>
  );
}
