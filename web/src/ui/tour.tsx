/* SPDX-License-Identifier: Apache-2.0 */
/* The first steps, once: a card on Home, never over anything; skipped or done is kept in the account. */
import type { JSX } from "preact";
import { useEffect, useRef, useState } from "preact/hooks";
import { read, write } from "../lib/storage";
import { useStore } from "../lib/store";
import { useAction } from "../lib/use";
import { live } from "../live";
import { closeTour, openExample } from "../me";
import { t } from "../text";
import { Icon } from "./icons";
import { ErrorBanner } from "./parts";

const STEPS = ["desk", "run", "find", "cost"] as const;
const KEY = "carrel.tour";

export function Tour(): JSX.Element | null {
  const kept = useStore(live, (s) => s.me?.prefs?.tour_done);
  const none = useStore(live, (s) => s.workspaces?.length === 0);
  const [over, setOver] = useState(read(KEY) === "done");
  const [at, setAt] = useState(0);
  const [moved, setMoved] = useState(false);
  const head = useRef<HTMLHeadingElement>(null);
  const example = useAction();
  /* Somebody who has workspaces already and never saw it does not need it. */
  const begun = useRef(false);
  if (none) begun.current = true;
  const show = !over && !kept && begun.current;

  const step = STEPS[at]!;
  useEffect(() => {
    if (!show) return;
    const target = document.querySelector(`[data-tour="${step}"]`);
    target?.setAttribute("data-tour-on", "");
    return () => target?.removeAttribute("data-tour-on");
  }, [show, step]);
  useEffect(() => {
    if (moved) head.current?.focus();
  }, [at]);
  if (!show) return null;

  const close = () => {
    write(KEY, "done");
    setOver(true);
    closeTour();
    document.getElementById("main")?.focus({ preventScroll: true });
  };
  const to = (i: number) => {
    setMoved(true);
    setAt(i);
  };
  const [title, body] = t.tour.steps[step]!;
  const last = at === STEPS.length - 1;
  return (
    <section
      class="card tour"
      aria-label={t.tour.label}
      onKeyDown={(e) => {
        if (e.key === "Escape") close();
        else if (e.key === "ArrowRight" && !last) to(at + 1);
        else if (e.key === "ArrowLeft" && at) to(at - 1);
        else return;
        e.preventDefault();
      }}
    >
      <div class="tour-words">
        <p class="eyebrow">
          {t.tour.label} <span class="num">{t.tour.at(at + 1, STEPS.length)}</span>
        </p>
        <h2 tabIndex={-1} ref={head}>{title}</h2>
        <p class="t2">{body}</p>
        <ErrorBanner error={example.error} />
      </div>
      <div class="row row-wrap tour-go">
        {step === "desk" && (
          <button class="btn" data-kind="soft" type="button" aria-busy={example.busy} onClick={() => void example.run(openExample)}>
            <Icon name="play" />
            {t.tour.make}
          </button>
        )}
        <span class="push" />
        {!last && (
          <button class="btn" data-kind="quiet" type="button" onClick={close}>{t.tour.skip}</button>
        )}
        {at > 0 && (
          <button class="btn" type="button" onClick={() => to(at - 1)}>{t.tour.back}</button>
        )}
        <button class="btn" data-kind="primary" type="button" onClick={() => (last ? close() : to(at + 1))}>{last ? t.tour.done : t.tour.next}</button>
      </div>
    </section>
  );
}
