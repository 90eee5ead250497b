/* SPDX-License-Identifier: Apache-2.0 */
/* The session's terminals. They live in the session: another page, or this one after a reload, finds them again. */
import { useEffect, useRef, useState } from "preact/hooks";
import { Icon } from "../shell/icons";
import { call } from "../kernel/api";
import { t } from "../text/index";
import "./panels.css";
import { Term, type TermState } from "./term";

interface Info {
  name: string;
}

function One({ name, on, ended }: { name: string; on: boolean; ended: () => void }) {
  const host = useRef<HTMLDivElement>(null);
  const term = useRef<Term | null>(null);
  const [state, setState] = useState<TermState>("open");
  useEffect(() => {
    const made = new Term(name, t.run.terminalN(name), host.current!, setState);
    term.current = made;
    return () => made.close();
  }, [name]);
  useEffect(() => {
    if (on) term.current?.focus();
  }, [on]);
  useEffect(() => {
    if (state === "ended") ended();
  }, [state]);
  return (
    <div class="term-one" hidden={!on} role="group" aria-label={t.run.terminalN(name)}>
      <div ref={host} style={{ height: "100%" }} />
      {state === "lost" && (
        <p class="term-note" role="status">
          {t.run.terminalLost}
        </p>
      )}
    </div>
  );
}

export function Terminal({ cwd }: { cwd: string }) {
  const [all, setAll] = useState<string[] | null>(null);
  const [on, setOn] = useState("");
  const [failed, setFailed] = useState("");
  const busy = useRef(false);
  const add = async (): Promise<void> => {
    if (busy.current) return;
    busy.current = true;
    try {
      const { name } = await call<Info>("POST", "api/terminals", { cwd });
      setFailed("");
      setAll((list) => [...(list ?? []), name]);
      setOn(name);
    } catch (e) {
      setFailed(t.run.terminalFailed((e as Error).message));
    } finally {
      busy.current = false;
    }
  };
  useEffect(() => {
    call<Info[]>("GET", "api/terminals").then(
      (list) => {
        setAll(list.map((x) => x.name));
        if (list.length) setOn(list[0]!.name);
        else void add();
      },
      (e: unknown) => setFailed(t.run.terminalFailed((e as Error).message)),
    );
  }, []);
  const gone = (name: string): void => {
    const rest = (all ?? []).filter((n) => n !== name);
    setAll(rest);
    if (on === name) setOn(rest.at(-1) ?? "");
  };
  const close = (name: string): void => {
    gone(name);
    call("DELETE", `api/terminals/${encodeURIComponent(name)}`).catch(() => undefined);
  };
  return (
    <div class="terms" onKeyDown={(e) => e.stopPropagation()}>
      <div class="terms-bar" role="group" aria-label={t.run.terminal}>
        {(all ?? []).map((name) => (
          <span key={name} class="terms-tab" data-on={name === on ? "" : undefined}>
            <button type="button" aria-pressed={name === on} onClick={() => setOn(name)}>
              {t.run.terminalN(name)}
            </button>
            <button type="button" class="btn btn-s btn-icon" data-kind="quiet" aria-label={t.run.closeTerminal(name)} onClick={() => close(name)}>
              <Icon name="x" size="s" />
            </button>
          </span>
        ))}
        <button type="button" class="btn btn-s btn-icon" data-kind="quiet" aria-label={t.run.newTerminal} title={t.run.newTerminal} onClick={() => void add()}>
          <Icon name="plus" size="s" />
        </button>
      </div>
      <div class="terms-body">
        {(all ?? []).map((name) => (
          <One key={name} name={name} on={name === on} ended={() => gone(name)} />
        ))}
        {failed && <p class="pnl-note">{failed}</p>}
        {all?.length === 0 && !failed && <p class="pnl-note t3">{t.run.terminalNone}</p>}
      </div>
    </div>
  );
}

export default Terminal;
