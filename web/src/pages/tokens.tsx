/* SPDX-License-Identifier: Apache-2.0 */
/* Tokens for programs: shown once, revoked with a question. */
import type { JSX } from "preact";
import { useRef, useState } from "preact/hooks";
import { call, getAll, post } from "../lib/api";
import { useStore } from "../lib/store";
import { ago, atMs, day } from "../lib/time";
import { useAction, useLoad, useNow } from "../lib/use";
import { live } from "../live";
import type { Token } from "../model";
import { t } from "../text";
import { Icon } from "../ui/icons";
import { Dialog, toast } from "../ui/layers";
import { Empty, ErrorBanner, FieldError, SkeletonRows } from "../ui/parts";
import { usePage } from "../ui/shell";

const DAY = 86_400;
const lifetimes = (): [number, string][] => [
  [DAY, t.tokens.day],
  [30 * DAY, t.tokens.month],
  [90 * DAY, t.tokens.quarter],
];

export function TokensPage(): JSX.Element {
  usePage([{ text: t.tokens.title }]);
  const now = useNow(10_000);
  const list = useLoad(async () => (await getAll<Token>("/tokens")).items, []);
  const [making, setMaking] = useState(false);
  const [fresh, setFresh] = useState<Token | null>(null);
  const [revoking, setRevoking] = useState<Token | null>(null);
  return (
    <>
      <div class="page-head">
        <div>
          <h1>{t.tokens.title}</h1>
          <p class="sub-line">{t.tokens.sub}</p>
        </div>
        <div class="actions">
          <button class="btn" data-kind="primary" type="button" onClick={() => setMaking(true)}>
            <Icon name="plus" />
            {t.tokens.create}
          </button>
        </div>
      </div>
      {fresh && <Fresh token={fresh} onDone={() => setFresh(null)} />}
      <ErrorBanner error={list.error} onRetry={list.reload} title={t.tokens.failed} />
      {list.data?.length === 0 && (
        <div class="card">
          <Empty art="list" title={t.tokens.emptyTitle} body={t.tokens.emptyBody} />
        </div>
      )}
      {!list.data && list.slow && !list.error && (
        <div class="card">
          <SkeletonRows rows={3} label={t.loading} />
        </div>
      )}
      {!!list.data?.length && (
        <div class="table-frame">
          <table class="table table-cards">
            <thead>
              <tr>
                <th scope="col">{t.tokens.name}</th>
                <th scope="col">{t.tokens.scopes}</th>
                <th scope="col">{t.tokens.created}</th>
                <th scope="col">{t.tokens.expires}</th>
                <th scope="col">{t.tokens.used}</th>
                <th scope="col">
                  <span class="vh">{t.actions}</span>
                </th>
              </tr>
            </thead>
            <tbody>
              {list.data.map((x) => (
                <tr key={x.id}>
                  <td>
                    <span class="strong truncate">{x.name}</span>
                  </td>
                  <td class="token-scopes">
                    {x.scopes.map((s) => (
                      <span class="badge" key={s}>{s.replace(/^session:(.{8}).*/, "session:$1…")}</span>
                    ))}
                  </td>
                  <td class="t2 nowrap hide">{day(atMs(x.created_at))}</td>
                  <td class="t2 nowrap" data-label={t.tokens.expires}>
                    {!x.expires_at ? t.never : atMs(x.expires_at) < now ? <span class="badge" data-kind="warn">{t.tokens.expired}</span> : day(atMs(x.expires_at))}
                  </td>
                  <td class="t2 nowrap hide">{x.last_used_at ? ago(atMs(x.last_used_at), now) : t.never}</td>
                  <td class="n">
                    <button class="btn btn-s" data-kind="quiet" type="button" aria-label={t.tokens.revokeName(x.name)} onClick={() => setRevoking(x)}>
                      {t.tokens.revoke}
                    </button>
                  </td>
                </tr>
              ))}
            </tbody>
          </table>
        </div>
      )}
      {making && (
        <Make
          onClose={() => setMaking(false)}
          onMade={(x) => {
            setMaking(false);
            setFresh(x);
            list.reload();
          }}
        />
      )}
      {revoking && (
        <Revoke
          token={revoking}
          onClose={() => setRevoking(null)}
          onDone={() => {
            toast(t.tokens.revoked(revoking.name), "key");
            if (fresh?.id === revoking.id) setFresh(null);
            setRevoking(null);
            list.reload();
          }}
        />
      )}
    </>
  );
}

/* The value stands here once and is kept nowhere else. */
function Fresh({ token, onDone }: { token: Token; onDone: () => void }): JSX.Element {
  const field = useRef<HTMLInputElement>(null);
  const copy = async () => {
    try {
      await navigator.clipboard.writeText(token.token ?? "");
      toast(t.copied);
    } catch {
      field.current?.select(); /* no clipboard without a secure context: then Ctrl C */
    }
  };
  return (
    <section class="card card-pad stack" aria-label={t.tokens.value} role="status">
      <div class="row row-wrap">
        <h2 class="h3">{token.name}</h2>
        <span class="t2">{t.tokens.shown}</span>
      </div>
      <div class="row">
        <input class="input mono" ref={field} readOnly value={token.token ?? ""} aria-label={t.tokens.value} onFocus={(e) => e.currentTarget.select()} />
        <button class="btn" data-kind="primary" type="button" onClick={() => void copy()}>
          <Icon name="copy" />
          {t.copy}
        </button>
      </div>
      <div>
        <button class="btn btn-s" type="button" onClick={onDone}>{t.tokens.done}</button>
      </div>
    </section>
  );
}

type Kind = "account" | "read" | "session";

function Make({ onClose, onMade }: { onClose: () => void; onMade: (x: Token) => void }): JSX.Element {
  const sessions = useStore(live, (s) => s.workspaces)?.filter((w) => w.session) ?? [];
  const [name, setName] = useState("");
  const [kind, setKind] = useState<Kind>("account");
  const [session, setSession] = useState(sessions[0]?.session?.id ?? "");
  const [life, setLife] = useState(30 * DAY);
  const [wrong, setWrong] = useState<string | undefined>();
  const action = useAction();
  const submit = async () => {
    if (!name.trim()) {
      setWrong(t.tokens.needName);
      document.getElementById("token-name")?.focus();
      return;
    }
    setWrong(undefined);
    await action.run(async () => {
      const scope = kind === "session" ? `session:${session}` : kind;
      onMade(await post<Token>("/tokens", { name: name.trim(), scopes: [scope], expires_in_seconds: life }));
    });
  };
  const kinds: [Kind, string, string][] = [
    ["account", t.tokens.account, t.tokens.accountHint],
    ["read", t.tokens.read, t.tokens.readHint],
  ];
  if (sessions.length) kinds.push(["session", t.tokens.session, t.tokens.sessionHint]);
  return (
    <Dialog
      title={t.tokens.create}
      onClose={onClose}
      onSubmit={submit}
      foot={
        <>
          <button class="btn" type="button" onClick={onClose}>{t.cancel}</button>
          <button class="btn" data-kind="primary" type="submit" aria-busy={action.busy}>{t.tokens.button}</button>
        </>
      }
    >
      <div class="field">
        <label class="label" for="token-name">{t.tokens.name}</label>
        <input class="input" id="token-name" value={name} maxLength={64} autocomplete="off" autofocus aria-invalid={!!wrong} aria-describedby="token-name-h" onInput={(e) => setName(e.currentTarget.value)} />
        {wrong ? <FieldError id="token-name-h" text={wrong} /> : <p class="hint" id="token-name-h">{t.tokens.nameHint}</p>}
      </div>
      <fieldset class="field">
        <legend class="label legend-gap">{t.tokens.scopes}</legend>
        {kinds.map(([k, text, hint]) => (
          <label class="check" key={k}>
            <input type="radio" name="scope" checked={kind === k} onChange={() => setKind(k)} />
            <span>
              {text}
              <span class="hint block">{hint}</span>
            </span>
          </label>
        ))}
        {kind === "session" && (
          <select class="select" aria-label={t.tokens.sessionWhich} value={session} onChange={(e) => setSession(e.currentTarget.value)}>
            {sessions.map((w) => (
              <option key={w.id} value={w.session!.id}>{w.name}</option>
            ))}
          </select>
        )}
      </fieldset>
      <div class="field">
        <label class="label" for="token-life">{t.tokens.expiry}</label>
        <select class="select" id="token-life" value={String(life)} onChange={(e) => setLife(Number(e.currentTarget.value))}>
          {lifetimes().map(([s, text]) => (
            <option key={s} value={String(s)}>{text}</option>
          ))}
        </select>
      </div>
      <ErrorBanner error={action.error} />
    </Dialog>
  );
}

function Revoke({ token, onClose, onDone }: { token: Token; onClose: () => void; onDone: () => void }): JSX.Element {
  const action = useAction();
  const run = async () => {
    if (await action.run(() => call("DELETE", `/tokens/${encodeURIComponent(token.id)}`))) onDone();
  };
  return (
    <Dialog
      title={t.tokens.revokeTitle(token.name)}
      onClose={onClose}
      onSubmit={run}
      foot={
        <>
          <button class="btn" type="button" onClick={onClose}>{t.cancel}</button>
          <button class="btn" data-kind="danger-fill" type="submit" aria-busy={action.busy}>{t.tokens.revoke}</button>
        </>
      }
    >
      <p class="t2">{t.tokens.revokeBody}</p>
      <ErrorBanner error={action.error} />
    </Dialog>
  );
}
