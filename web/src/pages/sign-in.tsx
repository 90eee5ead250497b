/* SPDX-License-Identifier: Apache-2.0 */
/* Sign in by one-time code (what a new machine prints) or by e-mail and password. Shown at the address
 * that was asked for, so that signing in goes on where one was. */
import type { JSX } from "preact";
import { useEffect, useRef, useState } from "preact/hooks";
import { type ApiError, post } from "../lib/api";
import { tidyCode } from "../lib/code";
import { read, write } from "../lib/keys";
import { go, place } from "../lib/router";
import { useStore } from "../lib/store";
import { otherTheme, setTheme } from "../lib/theme";
import { durationShort } from "../lib/time";
import { useAction } from "../lib/use";
import { boot } from "../follow";
import { live } from "../live";
import { t } from "../text";
import { BrandMark, Icon } from "../ui/icons";
import { FieldError } from "../ui/parts";
import { failText } from "../words";

const KIND = "carrel.sign-in";

function sentence(e: ApiError, kind: "code" | "password"): string {
  if (e.status === 429) return t.signIn.tooMany(durationShort(e.retryAfter || 60));
  if (e.status === 401) return kind === "code" ? t.signIn.badCode : t.signIn.badPassword;
  return failText(e);
}

export function SignIn(): JSX.Element {
  const ended = useStore(live, (s) => s.ended);
  const [kind, setKind] = useState<"code" | "password">(read(KIND) === "password" ? "password" : "code");
  const [code, setCode] = useState("");
  const [email, setEmail] = useState("");
  const [password, setPassword] = useState("");
  const [missing, setMissing] = useState<string | null>(null);
  const action = useAction();
  const form = useRef<HTMLFormElement>(null);

  useEffect(() => {
    document.title = t.title(t.signIn.title);
  }, []);
  useEffect(() => form.current?.querySelector<HTMLElement>("input")?.focus(), [kind]);

  const problem = missing === null && action.error ? sentence(action.error, kind) : null;
  const submit = async (e: Event) => {
    e.preventDefault();
    const lacks = kind === "code" ? (code ? null : "code") : !email ? "email" : !password ? "password" : null;
    setMissing(lacks);
    action.clear();
    if (lacks) {
      document.getElementById(lacks)?.focus();
      return;
    }
    const ok = await action.run(async () => {
      await post("/login", kind === "code" ? { code: tidyCode(code) } : { email: email.trim(), password }, { tries: 1 });
      write(KIND, kind);
      if (place.get().path === "/sign-in") go("/", { replace: true });
      await boot();
    });
    if (!ok) document.getElementById(kind === "code" ? "code" : "password")?.focus();
  };
  const switchTo = (to: "code" | "password") => {
    setKind(to);
    setMissing(null);
    action.clear();
  };
  const field = (id: string, need: string, error: string | null) => ({
    id,
    "aria-invalid": missing === id || !!error,
    "aria-describedby": missing === id || error ? `${id}-e` : `${id}-h`,
    text: missing === id ? need : (error ?? undefined),
  });
  const onCode = field("code", t.signIn.needCode, kind === "code" ? problem : null);
  const onEmail = field("email", t.signIn.needEmail, null);
  const onPassword = field("password", t.signIn.needPassword, kind === "password" ? problem : null);

  return (
    <div class="signin">
      <main class="signin-form" id="main">
        <a class="brand" href="/">
          <BrandMark />
          {t.product}
        </a>
        <form class="stack signin-stack" ref={form} onSubmit={submit} noValidate>
          <div>
            <h1 class="signin-title">{t.signIn.title}</h1>
            <p class="t2 signin-host">{location.host}</p>
          </div>
          {ended && (
            <div class="banner" data-kind="info" role="status">
              <Icon name="info" />
              <div class="banner-body">{t.signIn.ended}</div>
            </div>
          )}
          {kind === "code" ? (
            <div class="field">
              <label class="label" for="code">{t.signIn.code}</label>
              <input
                class="input input-l mono"
                id="code"
                name="code"
                value={code}
                maxLength={24}
                autocomplete="one-time-code"
                autocapitalize="characters"
                spellcheck={false}
                placeholder="XXXX-XXXX"
                aria-invalid={onCode["aria-invalid"]}
                aria-describedby={onCode["aria-describedby"]}
                onInput={(e) => setCode(e.currentTarget.value)}
                onBlur={() => setCode(tidyCode(code))}
              />
              {onCode.text ? <FieldError id="code-e" text={onCode.text} /> : <p class="hint" id="code-h">{t.signIn.codeHint}</p>}
            </div>
          ) : (
            <>
              <div class="field">
                <label class="label" for="email">{t.signIn.email}</label>
                <input
                  class="input input-l"
                  id="email"
                  name="email"
                  type="email"
                  autocomplete="username"
                  value={email}
                  maxLength={254}
                  aria-invalid={onEmail["aria-invalid"]}
                  aria-describedby={onEmail.text ? "email-e" : undefined}
                  onInput={(e) => setEmail(e.currentTarget.value)}
                />
                <FieldError id="email-e" text={onEmail.text} />
              </div>
              <div class="field">
                <label class="label" for="password">{t.signIn.password}</label>
                <input
                  class="input input-l"
                  id="password"
                  name="password"
                  type="password"
                  autocomplete="current-password"
                  value={password}
                  maxLength={1024}
                  aria-invalid={onPassword["aria-invalid"]}
                  aria-describedby={onPassword.text ? "password-e" : undefined}
                  onInput={(e) => setPassword(e.currentTarget.value)}
                />
                <FieldError id="password-e" text={onPassword.text} />
              </div>
            </>
          )}
          <button class="btn btn-l btn-block" data-kind="primary" type="submit" aria-busy={action.busy}>
            {action.busy && <span class="spin" aria-hidden="true" />}
            {action.busy ? t.signIn.busy : t.signIn.button}
          </button>
          {kind === "code" ? (
            <>
              <p class="small t3">
                {t.signIn.codeWhere} <code>{t.signIn.codeCommand}</code>
              </p>
              <p class="small t3">
                {t.signIn.toPassword}{" "}
                <button class="link" type="button" onClick={() => switchTo("password")}>{t.signIn.toPasswordLink}</button>
              </p>
            </>
          ) : (
            <p class="small t3">
              {t.signIn.toCode}{" "}
              <button class="link" type="button" onClick={() => switchTo("code")}>{t.signIn.toCodeLink}</button>
            </p>
          )}
        </form>
        <p class="small t3 signin-foot">
          <span class="push">
            <button class="btn btn-s btn-icon" data-kind="quiet" type="button" aria-label={t.nav.theme} onClick={() => setTheme(otherTheme())}>
              <Icon name="theme" />
            </button>
          </span>
        </p>
      </main>
      <Lamp />
    </div>
  );
}

function Lamp(): JSX.Element {
  return (
    <aside class="signin-art" aria-hidden="true">
      <svg viewBox="56 100 448 474" class="art" preserveAspectRatio="xMidYMid meet">
        <path d="M70 560V130a14 14 0 0 1 14-14h392a14 14 0 0 1 14 14v430" />
        <path d="M70 404h420M70 560h36M454 560h36M106 560V404M454 560V404" />
        <path d="M70 196h420M70 202h420" />
        <g class="b">
          <path d="M98 138h20v58H98zM122 128h15v68h-15zM141 144h24v52h-24zM172 195l13-57 16 4-13 57z" />
          <path d="M402 134h16v62h-16zM422 142h26v54h-26zM452 130h14v66h-14zM380 150h18v46h-18z" />
        </g>
        <path class="glow" d="M212 292L118 404h272L308 292z" />
        <g class="l">
          <path class="shade" d="M204 292a56 38 0 0 1 112 0z" />
          <path d="M204 292a56 38 0 0 1 112 0zM260 254v-14M316 292h14v112M306 404h48" />
          <circle cx="260" cy="237" r="3" />
        </g>
        <g class="n">
          <path class="paper" d="M150 404l14-34h130l14 34z" />
          <path d="M150 404l14-34h130l14 34M176 380h40M172 390h58M250 394l8-7 10 3 12-12 10 5" />
        </g>
        <path d="M214 560v-92a10 10 0 0 1 10-10h112a10 10 0 0 1 10 10v92M200 470h160" />
      </svg>
      <p class="art-line">
        {t.signIn.art[0]}
        <br />
        {t.signIn.art[1]}
      </p>
    </aside>
  );
}
