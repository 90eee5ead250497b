/* SPDX-License-Identifier: Apache-2.0 */
/* The kernel of an open notebook, for the shell: a part that is loaded when a notebook is opened. */
import { calm, later } from "../later";
import type { OpenNotebook } from "../model/types";
import { nameOf } from "../page";
import { toast } from "../shell/layers";
import { t } from "../text/index";
import { type NotebookKernel, SessionKernel } from "./kernel";

const SAVE_MS = 1000;

/* What is run should be in the file soon: there the agent finds it when no page is open. */
function savesSoon(file: OpenNotebook): () => void {
  let timer: ReturnType<typeof setTimeout> | undefined;
  return () => {
    if (file.save.state !== "dirty" || timer !== undefined) return;
    timer = setTimeout(() => {
      timer = undefined;
      if (file.save.state === "dirty") file.saveNow().catch(() => undefined); /* the head says what is wrong */
    }, SAVE_MS);
  };
}

/* The stop is told wherever the reader is. */
const session = later(() => import("../panels/session"));
const AGAIN_MS = 10_000;
let watched = false;

function watchStop(): void {
  session.get().then(
    (m) => void m.session.watch(() => undefined),
    () => setTimeout(watchStop, AGAIN_MS),
  );
}

export function openKernel(file: OpenNotebook): NotebookKernel {
  if (!watched) void calm.then(watchStop);
  watched = true;
  return new SessionKernel({
    path: () => file.path,
    model: file.model,
    ran: savesSoon(file),
    wrote: (w) => file.written(w.hash),
    notice: (text) => toast(`${nameOf(file.path)}: ${text}`, "alert", { text: t.run.understood, run: () => undefined }),
  });
}
