/* SPDX-License-Identifier: Apache-2.0 */
/* The parts of slots.ts: what a notebook's first cells need comes with the page, every other part when it is first shown. */
import type { ComponentType, JSX } from "preact";
import { useEffect, useState } from "preact/hooks";
import { calm } from "../later";
import { t } from "../text";
import type { KernelModule, Parts } from "./slots";
import { Wait } from "./wait";

export { openKernel } from "../kernel/open";
export { NotebookView } from "../view/notebook";
export { Outline } from "../view/outline";

const where = {
  TextView: async () => (await import("../view/text")).TextView,
  MergeView: async () => (await import("../view/merge")).MergeView,
  Variables: async () => (await calm, (await import("../panels/variables")).Variables),
  Machine: async () => (await calm, (await import("../panels/machine")).Machine),
  Terminal: async () => (await import("../panels/terminal")).Terminal,
} satisfies { [N in keyof Omit<Parts, "OutputArea" | "NotebookView" | "Outline">]: () => Promise<Parts[N]> };

type Name = keyof typeof where;
const loaded = new Map<Name, ComponentType<never>>();

async function load(name: Name): Promise<void> {
  loaded.set(name, (await where[name]()) as ComponentType<never>);
}

/* Begins early what will be needed. */
export function preload(name: Name): void {
  if (!loaded.has(name)) void load(name).catch(() => undefined);
}

function part<P extends object>(name: Name, wait?: (props: P) => JSX.Element): ComponentType<P> {
  return function Part(props: P): JSX.Element | null {
    const [state, set] = useState<"loading" | "failed" | "there">(loaded.has(name) ? "there" : "loading");
    useEffect(() => {
      if (state !== "loading") return;
      let gone = false;
      load(name).then(
        () => !gone && set("there"),
        () => !gone && set("failed"),
      );
      return () => void (gone = true);
    }, [state]);
    if (state === "failed")
      return (
        <p class="part-later" role="alert">
          {t.shell.partFailed}{" "}
          <button class="btn btn-s" type="button" onClick={() => set("loading")}>
            {t.shell.tryAgain}
          </button>
        </p>
      );
    const Real = loaded.get(name) as unknown as ComponentType<P> | undefined;
    return Real ? <Real {...props} /> : (wait?.(props) ?? null);
  };
}

type Props<N extends keyof Parts> = Parts[N] extends ComponentType<infer P> ? (P extends object ? P : never) : never;
export const TextView = part<Props<"TextView">>("TextView", (p) => <Wait path={p.file.path} text />);
export const MergeView = part<Props<"MergeView">>("MergeView");
export const Variables = part<Props<"Variables">>("Variables");
export const Machine = part<Props<"Machine">>("Machine");
export const Terminal = part<Props<"Terminal">>("Terminal");

export type OpenKernel = ReturnType<KernelModule["openKernel"]>;
