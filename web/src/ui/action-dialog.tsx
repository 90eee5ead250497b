/* SPDX-License-Identifier: Apache-2.0 */
/* Asks, does it, closes: Cancel, one button that repeats the title's verb, and above them what went wrong. */
import type { ComponentChildren, JSX } from "preact";
import type { useAction } from "../lib/use";
import { t } from "../text";
import { Dialog } from "./layers";
import { ErrorBanner } from "./parts";

export function ActionDialog({ title, verb, kind = "primary", action, run, onClose, focus, off, told, children }: {
  title: string;
  verb: string;
  kind?: "primary" | "danger" | "danger-fill";
  action: ReturnType<typeof useAction>;
  run: () => void;
  onClose: () => void;
  focus?: boolean; /* the button has the focus: nothing is to be typed */
  off?: boolean; /* not yet */
  told?: boolean; /* a field says what is wrong */
  children: ComponentChildren;
}): JSX.Element {
  return (
    <Dialog
      title={title}
      onClose={onClose}
      onSubmit={run}
      foot={
        <>
          <button class="btn" type="button" onClick={onClose}>{t.cancel}</button>
          <button class="btn" data-kind={kind} type="submit" aria-busy={action.busy} disabled={off} autofocus={focus}>{verb}</button>
        </>
      }
    >
      {children}
      {!told && <ErrorBanner error={action.error} />}
    </Dialog>
  );
}
