/* SPDX-License-Identifier: Apache-2.0 */
/* Start, stop, extend, change, delete: the same everywhere they are offered, with their dialogs. */
import type { ComponentChildren, JSX } from "preact";
import { useState } from "preact/hooks";
import * as actions from "../actions";
import { cheapestFirst } from "../defaults";
import type { Estimate } from "../budget";
import { ApiError, get } from "../lib/api";
import { go } from "../lib/router";
import { size } from "../lib/size";
import { useStore } from "../lib/store";
import { atMs, clock, monthName, monthOf, nowMs } from "../lib/time";
import { useAction } from "../lib/use";
import { live } from "../live";
import type { Workspace } from "../model";
import { t } from "../text";
import { failText, typeName } from "../words";
import { ActionDialog } from "./action-dialog";
import { toast } from "./layers";
import { BudgetNote, estimatePath, useEstimate } from "./estimate";
import { rateText } from "./parts";
import { TypeChoice } from "./type-choice";
import { keptFor, toastDeleted } from "./undo-delete";

export interface WorkspaceActions {
  busy: string | null; /* the workspace that something is being done to */
  start(w: Workspace): Promise<void>;
  extend(w: Workspace): Promise<void>;
  askStop(w: Workspace): void;
  askResize(w: Workspace): void;
  askRemove(w: Workspace): void;
  dialogs: ComponentChildren;
}

const EXTEND_S = 3600;

export function useWorkspaceActions(after: { removed?: () => void } = {}): WorkspaceActions {
  const [busy, setBusy] = useState<string | null>(null);
  const [open, setOpen] = useState<{ kind: "start" | "stop" | "resize" | "remove"; w: Workspace } | null>(null);
  const action = useAction();
  const close = () => setOpen(null);

  const quietly = async (w: Workspace, fn: () => Promise<void>) => {
    if (busy) return;
    setBusy(w.id);
    try {
      await fn();
    } catch (e) {
      toast(e instanceof ApiError ? failText(e) : String(e), "alert");
    } finally {
      setBusy(null);
    }
  };

  return {
    busy,
    /* With a budget that ends before the session could, one is told first. */
    start: (w) =>
      quietly(w, async () => {
        const known = live.get().balance;
        const e = known?.budget || known?.ends_at ? await get<Estimate>(estimatePath(w.id, {}), { tries: 1 }).catch(() => null) : null;
        if (e?.over_budget) return setOpen({ kind: "start", w });
        await startNow(w);
      }),
    extend: (w) =>
      quietly(w, async () => {
        const s = await actions.extend(w.session!.id, EXTEND_S);
        if (s?.stop_at) toast(t.act.extended(w.name, clock(atMs(s.stop_at))));
      }),
    askStop: (w) => setOpen({ kind: "stop", w }),
    askResize: (w) => setOpen({ kind: "resize", w }),
    askRemove: (w) => setOpen({ kind: "remove", w }),
    dialogs: open && (
      <>
        {open.kind === "start" && <StartDialog w={open.w} action={action} onClose={close} />}
        {open.kind === "stop" && (
          <StopDialog w={open.w} action={action} onClose={close} />
        )}
        {open.kind === "resize" && <ResizeDialog w={open.w} action={action} onClose={close} />}
        {open.kind === "remove" && (
          <RemoveDialog
            w={open.w}
            action={action}
            onClose={close}
            onDone={() => {
              toastDeleted(t.ws.deleted(open.w.name), [open.w]);
              after.removed?.();
            }}
          />
        )}
      </>
    ),
  };
}

type Act = ReturnType<typeof useAction>;
interface DialogProps {
  w: Workspace;
  action: Act;
  onClose: () => void;
}

async function startNow(w: Workspace): Promise<void> {
  await actions.start(w.id);
  go(`/workspaces/${w.id}/start`, { state: { open: true } });
}

function StartDialog({ w, action, onClose }: DialogProps): JSX.Element {
  const estimate = useEstimate(estimatePath(w.id, {}));
  const run = async () => {
    if (await action.run(() => startNow(w))) onClose();
  };
  return (
    <ActionDialog title={t.budget.startTitle(w.name)} verb={t.budget.startAnyway} action={action} run={run} onClose={onClose} focus>
      <p class="figure">
        {rateText(w.price_per_hour, w.currency)}
        <span class="figure-unit">{t.create.whileRuns}</span>
      </p>
      <BudgetNote estimate={estimate} month={monthName(monthOf(nowMs()))} />
    </ActionDialog>
  );
}

function StopDialog({ w, action, onClose }: DialogProps): JSX.Element {
  const run = async () => {
    const ok = await action.run(() => actions.stop(w.id));
    if (!ok) return;
    onClose();
    toast(t.act.stopping(w.name), "stop");
  };
  return (
    <ActionDialog title={t.act.stopDialog(w.name)} verb={t.act.stop} action={action} run={run} onClose={onClose} focus>
      <p class="t2">{t.act.stopBody}</p>
    </ActionDialog>
  );
}

function ResizeDialog({ w, action, onClose }: DialogProps): JSX.Element {
  const types = useStore(live, (s) => s.types);
  const [type, setType] = useState(w.instance_type);
  const estimate = useEstimate(estimatePath(w.id, { instance_type: type }));
  const run = async () => {
    const ok = type === w.instance_type || (await action.run(() => actions.change(w, { instance_type: type })));
    if (!ok) return;
    onClose();
    if (type !== w.instance_type) toast(t.ws.resized(w.name, typeName(types, type)));
  };
  return (
    <ActionDialog title={t.ws.resizeTitle(w.name)} verb={t.ws.resizeButton} action={action} run={run} onClose={onClose}>
      <p class="t2">
        {t.ws.resizeLead} {w.session ? t.ws.instanceRestart : ""}
      </p>
      <TypeChoice types={cheapestFirst(types)} value={type} onChange={setType} name="resize" small />
      {estimate?.over_budget && <BudgetNote estimate={estimate} month={monthName(monthOf(nowMs()))} />}
    </ActionDialog>
  );
}

function RemoveDialog({ w, action, onClose, onDone }: DialogProps & { onDone: () => void }): JSX.Element {
  const [typed, setTyped] = useState("");
  const run = async () => {
    if (typed !== w.name) return;
    if (await action.run(() => actions.remove(w))) {
      onClose();
      onDone();
    }
  };
  return (
    <ActionDialog title={t.ws.deleteTitle(w.name)} verb={t.ws.deleteButton} kind="danger-fill" action={action} run={run} onClose={onClose} off={typed !== w.name}>
      <p class="t2">{t.ws.deleteBody(size(w.storage_bytes), keptFor())}</p>
      {w.session && <p class="t2">{t.ws.deleteRunning}</p>}
      <div class="field">
        <label class="label label-name" for="confirm-name">{t.ws.deleteConfirm(w.name)}</label>
        <input
          class="input"
          id="confirm-name"
          value={typed}
          autocomplete="off"
          spellcheck={false}
          autofocus
          onInput={(e) => setTyped(e.currentTarget.value)}
        />
      </div>
    </ActionDialog>
  );
}
