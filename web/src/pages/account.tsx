/* SPDX-License-Identifier: Apache-2.0 */
import type { JSX } from "preact";
import { useState } from "preact/hooks";
import { ApiError, post } from "../lib/api";
import { keysOn } from "../lib/keys";
import { useStore } from "../lib/store";
import { type Theme, theme } from "../lib/theme";
import { useAction } from "../lib/use";
import { live, putMe } from "../live";
import { usualApp } from "../actions";
import { patchMe, setMyApp, setMyKeys, setMyLanguage, setMyTheme, signOut } from "../me";
import { type Choice, chosen, LANGUAGES, t } from "../text";
import { ADMIN } from "../ui/admin-nav";
import { Icon } from "../ui/icons";
import { toast } from "../ui/layers";
import { ErrorBanner, FieldError } from "../ui/parts";
import { usePage } from "../ui/shell";
import { failText } from "../words";

const PASSWORD_MIN = 10;

export function AccountPage(): JSX.Element {
  usePage([{ text: t.account.title }]);
  const me = useStore(live, (s) => s.me)!;
  const out = useAction();
  return (
    <>
      <div class="page-head">
        <div>
          <h1>{t.account.title}</h1>
          <p class="sub-line">{me.account.email}</p>
        </div>
      </div>
      {me.account.admin && me.warnings.length > 0 && (
        <div class="banner" data-kind="warn">
          <Icon name="alert" />
          <div class="banner-body">
            <span class="strong">{t.account.warnings}</span>
            <ul class="warn-list">
              {me.warnings.map((x) => (
                <li key={x}>{x}</li>
              ))}
            </ul>
          </div>
        </div>
      )}
      {/* What the phone's bar has no room for. */}
      <nav class="card card-pad only-phone admin-links" aria-label={t.nav.you}>
        <a class="nav-item" href="/tokens">
          <Icon name="key" />
          {t.nav.tokens}
        </a>
        <a class="nav-item" href="/invoices">
          <Icon name="list" />
          {t.invoice.list}
        </a>
      </nav>
      {me.account.admin && ADMIN.length > 0 && (
        <nav class="card card-pad only-phone admin-links" aria-label={t.nav.administration}>
          <p class="eyebrow">{t.nav.administration}</p>
          {ADMIN.map((x) => (
            <a class="nav-item" href={`/admin/${x.path}`} key={x.path}>
              <Icon name={x.icon} />
              {x.text()}
            </a>
          ))}
        </nav>
      )}
      <div class="grid cols-2 account-grid">
        <Profile />
        <Password />
        <Look />
        <section class="card">
          <div class="card-head">
            <h2 class="h3">{t.account.out}</h2>
          </div>
          <div class="card-pad stack">
            <p class="t2">{t.account.outBody}</p>
            <ErrorBanner error={out.error} />
            <div>
              <button class="btn" type="button" aria-busy={out.busy} onClick={() => void out.run(signOut)}>{t.account.out}</button>
            </div>
            <p class="t3 small">{t.account.version(me.version)}</p>
          </div>
        </section>
      </div>
    </>
  );
}

function Profile(): JSX.Element {
  const me = useStore(live, (s) => s.me)!;
  const [name, setName] = useState(me.account.name);
  const [wrong, setWrong] = useState<string | undefined>();
  const action = useAction();
  const save = async (e: Event) => {
    e.preventDefault();
    setWrong(name.trim() ? undefined : t.account.needName);
    if (name.trim() && (await action.run(() => patchMe({ name: name.trim() })))) toast(t.account.saved);
  };
  return (
    <section class="card">
      <div class="card-head">
        <h2 class="h3">{t.account.profile}</h2>
        {me.account.admin && <span class="badge push">{t.account.admin}</span>}
      </div>
      <form class="card-pad stack" onSubmit={save} noValidate>
        <div class="field">
          <label class="label" for="me-name">{t.account.name}</label>
          <input class="input" id="me-name" autocomplete="name" value={name} maxLength={64} aria-invalid={!!wrong} aria-describedby="me-name-e" onInput={(e) => setName(e.currentTarget.value)} />
          <FieldError id="me-name-e" text={wrong} />
        </div>
        <dl class="kv kv-left">
          <dt>{t.account.email}</dt>
          <dd>{me.account.email}</dd>
        </dl>
        <ErrorBanner error={action.error} />
        <div>
          <button class="btn" type="submit" aria-busy={action.busy}>{t.save}</button>
        </div>
      </form>
    </section>
  );
}

function Password(): JSX.Element {
  const me = useStore(live, (s) => s.me)!;
  const has = me.account.has_password;
  const [current, setCurrent] = useState("");
  const [fresh, setFresh] = useState("");
  const [wrong, setWrong] = useState<{ current?: string; fresh?: string }>({});
  const action = useAction();
  const save = async (e: Event) => {
    e.preventDefault();
    const w: typeof wrong = {};
    if (has && !current) w.current = t.account.needCurrent;
    if ([...fresh].length < PASSWORD_MIN) w.fresh = t.account.short;
    setWrong(w);
    if (w.current || w.fresh) {
      document.getElementById(w.current ? "pw-current" : "pw-new")?.focus();
      return;
    }
    const ok = await action.run(async () => {
      try {
        await post("/me/password", { ...(has ? { current } : {}), new: fresh }, { tries: 1 });
      } catch (x) {
        if (x instanceof ApiError && (x.status === 403 || x.field === "current")) setWrong({ current: x.detail || t.account.wrongCurrent });
        else if (x instanceof ApiError && x.field === "new") setWrong({ fresh: failText(x) });
        throw x;
      }
    });
    if (!ok) return;
    setCurrent("");
    setFresh("");
    putMe({ ...live.get().me!, account: { ...live.get().me!.account, has_password: true } });
    toast(t.account.changed, "key");
  };
  const shownAtField = wrong.current || wrong.fresh;
  return (
    <section class="card">
      <div class="card-head">
        <h2 class="h3">{t.account.password}</h2>
      </div>
      <form class="card-pad stack" onSubmit={save} noValidate>
        {!has && <p class="t2">{t.account.noPassword}</p>}
        <input class="vh" type="text" name="username" autocomplete="username" value={me.account.email} readOnly tabIndex={-1} aria-hidden="true" />
        {has && (
          <div class="field">
            <label class="label" for="pw-current">{t.account.current}</label>
            <input class="input" id="pw-current" type="password" autocomplete="current-password" value={current} maxLength={1024} aria-invalid={!!wrong.current} aria-describedby="pw-current-e" onInput={(e) => setCurrent(e.currentTarget.value)} />
            <FieldError id="pw-current-e" text={wrong.current} />
          </div>
        )}
        <div class="field">
          <label class="label" for="pw-new">{t.account.fresh}</label>
          <input class="input" id="pw-new" type="password" autocomplete="new-password" value={fresh} maxLength={1024} aria-invalid={!!wrong.fresh} aria-describedby="pw-new-h" onInput={(e) => setFresh(e.currentTarget.value)} />
          {wrong.fresh ? <FieldError id="pw-new-h" text={wrong.fresh} /> : <p class="hint" id="pw-new-h">{t.account.freshHint}</p>}
        </div>
        {!shownAtField && <ErrorBanner error={action.error} />}
        <div>
          <button class="btn" type="submit" aria-busy={action.busy}>{has ? t.account.change : t.account.set}</button>
        </div>
      </form>
    </section>
  );
}

/* Each language by its own name, whatever is spoken now. */
function Languages(): JSX.Element {
  const [now, setNow] = useState<Choice>(chosen());
  const all: { id: Choice; name: string }[] = [{ id: "system", name: t.account.languageSystem }, ...LANGUAGES];
  return (
    <div class="field">
      <label class="label" for="language">{t.account.language}</label>
      <select
        class="select"
        id="language"
        value={now}
        onChange={(e) => {
          const to = e.currentTarget.value as Choice;
          setNow(to);
          setMyLanguage(to);
        }}
      >
        {all.map((l) => (
          <option key={l.id} value={l.id} lang={l.id === "system" ? undefined : l.id}>{l.name}</option>
        ))}
      </select>
    </div>
  );
}

function Look(): JSX.Element {
  const now = useStore(theme, (s) => s.theme);
  const editor = useStore(live, () => usualApp());
  const [keys, setKeys] = useState(keysOn());
  const themes: [Theme, string][] = [
    ["system", t.account.system],
    ["light", t.account.light],
    ["dark", t.account.dark],
  ];
  return (
    <section class="card">
      <div class="card-head">
        <h2 class="h3">{t.account.look}</h2>
      </div>
      <div class="card-pad stack">
        <Languages />
        <fieldset class="field">
          <legend class="label legend-gap">{t.account.theme}</legend>
          <div>
            <div class="seg" role="radiogroup" aria-label={t.account.theme}>
              {themes.map(([k, text]) => (
                <label key={k}>
                  <input type="radio" name="theme" checked={now === k} onChange={() => setMyTheme(k)} />
                  {text}
                </label>
              ))}
            </div>
          </div>
        </fieldset>
        <fieldset class="field">
          <legend class="label legend-gap">{t.act.editor}</legend>
          <div>
            <div class="seg" role="radiogroup" aria-label={t.act.editor}>
              {(["lab", "ide"] as const).map((app) => (
                <label key={app}>
                  <input type="radio" name="app" checked={editor === app} onChange={() => setMyApp(app)} />
                  {t.act.app[app]}
                </label>
              ))}
            </div>
          </div>
          <p class="hint">{t.account.editorHint}</p>
        </fieldset>
        <label class="switch">
          <input
            type="checkbox"
            role="switch"
            checked={keys}
            onChange={(e) => {
              setMyKeys(e.currentTarget.checked);
              setKeys(e.currentTarget.checked);
            }}
          />
          {t.account.keys}
        </label>
        <p class="hint">{t.account.keysHint}</p>
      </div>
    </section>
  );
}
