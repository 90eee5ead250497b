/* SPDX-License-Identifier: Apache-2.0 */
/*
 * /open/<label>: where a session's own origin sends those who have no ticket yet, and what Open in the
 * console opens in a tab of its own. Enters if it runs, starts it first if it does not.
 */
import type { JSX } from "preact";
import { useEffect, useRef } from "preact/hooks";
import { type Target, byLabel, enter, start, usualApp } from "../actions";
import { go, usePlace } from "../lib/router";
import { useStore } from "../lib/store";
import { useAction } from "../lib/use";
import { live } from "../live";
import { t } from "../text";
import { ErrorBanner } from "../ui/parts";
import { usePage } from "../ui/shell";
import { NotFound } from "./errors";

/* ?path= is a file in the workspace, ?app= ide or lab; else what the account uses. */
function targetOf(query: string): Target {
  const q = new URLSearchParams(query);
  const path = (q.get("path") ?? "").replace(/^\/+/, "");
  const app = q.get("app");
  return { app: app === "ide" || app === "lab" ? app : usualApp(), path };
}

export function OpenPage({ label }: { label: string }): JSX.Element | null {
  const all = useStore(live, (s) => s.workspaces);
  const w = all ? (byLabel(label) ?? all.find((x) => x.id === label)) : undefined;
  const target = targetOf(usePlace().query);
  const action = useAction();
  const begun = useRef(false);
  usePage([{ text: t.list.title, href: "/workspaces" }, { text: w?.name ?? "" }], t.open.title);

  const run = () =>
    action.run(async () => {
      if (w!.session?.state === "running") return enter(w!.session.id, target);
      if (!w!.session || w!.session.state === "stopping") await start(w!.id);
      go(`/workspaces/${w!.id}/start`, { replace: true, state: { open: true, target } });
    });
  useEffect(() => {
    if (!w || begun.current) return;
    begun.current = true;
    void run();
  }, [!!w]);

  if (!all) return null;
  if (!w) return <NotFound />;
  return (
    <section class="start card">
      <div class="start-head">
        <h1>{t.open.lead(w.name)}</h1>
        {!action.error && <span class="spin push" aria-hidden="true" />}
      </div>
      <div class="card-pad start-pad">
        <p class="t2">{w.session ? "" : t.open.starting(w.name)}</p>
        <ErrorBanner error={action.error} onRetry={() => void run()} />
      </div>
    </section>
  );
}
