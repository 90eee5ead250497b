/* SPDX-License-Identifier: Apache-2.0 */
/* Several workspaces at once: the bar in the filter's place, and its two dialogs. */
import type { JSX } from "preact";
import { useState } from "preact/hooks";
import * as actions from "../actions";
import { count as written } from "../lib/locale";
import { size } from "../lib/size";
import { useAction } from "../lib/use";
import type { Workspace } from "../model";
import { t } from "../text";
import { ActionDialog } from "./action-dialog";
import { Icon } from "./icons";
import { toast } from "./layers";
import { keptFor, toastDeleted } from "./undo-delete";

export function ChosenBar({ chosen, onClear, onLeft }: { chosen: Workspace[]; onClear: () => void; onLeft: (ids: string[]) => void }): JSX.Element {
  const [asks, setAsks] = useState<"stop" | "remove" | null>(null);
  const on = chosen.filter((w) => w.session && w.session.state !== "stopping");
  return (
    <div class="row row-wrap chosen-bar" role="region" aria-label={t.lists.chosen(chosen.length)}>
      <span class="strong num" role="status">{t.lists.chosen(chosen.length)}</span>
      <button class="btn" type="button" disabled={!on.length} onClick={() => setAsks("stop")}>
        <Icon name="stop" />
        {t.act.stop}
      </button>
      <button class="btn" data-kind="danger" type="button" onClick={() => setAsks("remove")}>
        <Icon name="trash" />
        {t.act.remove}
      </button>
      <button class="btn push" data-kind="quiet" type="button" onClick={onClear}>
        {t.lists.letGo} <kbd class="not-phone">Esc</kbd>
      </button>
      {asks && <Many kind={asks} all={asks === "stop" ? on : chosen} onClose={() => setAsks(null)} onLeft={onLeft} />}
    </div>
  );
}

/* One after the other; what could not be done stays chosen and the reason is said. */
function Many({ kind, all, onClose, onLeft }: { kind: "stop" | "remove"; all: Workspace[]; onClose: () => void; onLeft: (ids: string[]) => void }): JSX.Element {
  const [typed, setTyped] = useState("");
  const [left, setLeft] = useState(all);
  const action = useAction();
  const number = written(left.length);
  const ready = kind === "stop" || typed.trim() === number;
  const run = async () => {
    if (!ready) return;
    const rest = [...left];
    const ok = await action.run(async () => {
      while (rest.length) {
        await (kind === "stop" ? actions.stop(rest[0]!.id) : actions.remove(rest[0]!));
        rest.shift();
      }
    });
    if (ok) {
      if (kind === "stop") toast(t.lists.stoppedMany(left.length), "stop");
      else toastDeleted(t.lists.deletedMany(left.length), left);
      onClose();
      onLeft([]);
    } else setLeft(rest);
  };
  return (
    <ActionDialog
      title={kind === "stop" ? t.lists.stopMany(left.length) : t.lists.deleteMany(left.length)}
      verb={kind === "stop" ? t.lists.stopButton(left.length) : t.lists.deleteButton(left.length)}
      kind={kind === "stop" ? "danger" : "danger-fill"}
      action={action}
      run={() => void run()}
      onClose={() => {
        onClose();
        if (left.length < all.length) onLeft(left.map((w) => w.id));
      }}
      off={!ready}
    >
      <p class="t2">{kind === "stop" ? t.lists.stopManyBody : t.lists.deleteManyBody(size(left.reduce((a, w) => a + w.storage_bytes, 0)), keptFor())}</p>
      {kind === "remove" && (
        <div class="field">
          <label class="label" for="many-confirm">{t.lists.deleteConfirm(number)}</label>
          <input class="input" id="many-confirm" value={typed} autocomplete="off" inputMode="numeric" onInput={(e) => setTyped(e.currentTarget.value)} />
        </div>
      )}
      {action.error && <p class="t2">{t.lists.someFailed(all.length - left.length, all.length)}</p>}
    </ActionDialog>
  );
}
