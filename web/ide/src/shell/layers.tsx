/* SPDX-License-Identifier: Apache-2.0 */
/* What floats: dialogs, menus, toasts. Each gives the focus back where it came from. */
import { isBeside, showModal } from "../../../shared/dialog/beside";
import type { ComponentChildren, JSX } from "preact";
import { useEffect, useLayoutEffect, useRef, useState } from "preact/hooks";
import { createStore, useStore } from "../../../src/lib/store";
import { t } from "../text";
import { Icon, type IconName } from "./icons";

/* The browser's own modal dialog: it traps the focus, closes on Esc and returns the focus. */
export function Dialog({ title, onClose, children, foot, onSubmit, wide }: {
  title: string;
  onClose: () => void;
  children?: ComponentChildren;
  foot: ComponentChildren;
  onSubmit?: () => void;
  wide?: boolean;
}): JSX.Element {
  const ref = useRef<HTMLDialogElement>(null);
  useEffect(() => {
    const d = ref.current;
    showModal(d);
    return () => d?.close();
  }, []);
  return (
    <dialog
      class={wide ? "dialog dialog-wide" : "dialog"}
      ref={ref}
      aria-labelledby="dialog-title"
      onCancel={(e) => {
        e.preventDefault();
        onClose();
      }}
      onClick={(e) => isBeside(e, ref.current) && onClose()}
      onKeyDown={(e) => e.stopPropagation()}
    >
      <form
        method="dialog"
        onSubmit={(e) => {
          e.preventDefault();
          onSubmit?.();
        }}
      >
        <div class="dialog-body">
          <h2 id="dialog-title">{title}</h2>
          {children}
        </div>
        <div class="dialog-foot">{foot}</div>
      </form>
    </dialog>
  );
}

export interface MenuItem {
  text: string;
  icon?: IconName;
  keys?: string[];
  danger?: boolean;
  off?: boolean;
  line?: boolean; /* a line above it */
  checked?: boolean; /* one of several */
  run: () => void;
}

interface OpenMenu {
  label: string;
  items: MenuItem[];
  at: { left: number; right: number; top: number; bottom: number };
  from: HTMLElement | null; /* gets the focus back */
}

const menu = createStore<{ open: OpenMenu | null }>({ open: null });

/* Below an element, or at a point (a context menu). */
export function openMenu(label: string, items: MenuItem[], at: HTMLElement | { x: number; y: number }): void {
  const from = document.activeElement instanceof HTMLElement ? document.activeElement : null;
  if (at instanceof HTMLElement) {
    const r = at.getBoundingClientRect();
    menu.set({ open: { label, items, from: at, at: { left: r.left, right: r.right, top: r.top, bottom: r.bottom } } });
  } else {
    menu.set({ open: { label, items, from, at: { left: at.x, right: at.x, top: at.y, bottom: at.y } } });
  }
}

export function Menus(): JSX.Element | null {
  const open = useStore(menu, (s) => s.open);
  const ref = useRef<HTMLDivElement>(null);
  useLayoutEffect(() => {
    const m = ref.current;
    if (!open || !m) return;
    const below = open.at.bottom + 4 + m.offsetHeight <= innerHeight;
    m.style.top = `${below ? open.at.bottom + 4 : Math.max(4, open.at.top - 4 - m.offsetHeight)}px`;
    m.style.left = `${Math.max(4, Math.min(open.at.left, innerWidth - m.offsetWidth - 4))}px`;
    m.querySelector<HTMLElement>("[role^=menuitem]:not([aria-disabled=true])")?.focus({ preventScroll: true });
    const away = (e: Event) => !m.contains(e.target as Node) && menu.set({ open: null });
    const close = () => menu.set({ open: null });
    document.addEventListener("pointerdown", away, true);
    addEventListener("resize", close);
    addEventListener("blur", close);
    return () => {
      document.removeEventListener("pointerdown", away, true);
      removeEventListener("resize", close);
      removeEventListener("blur", close);
    };
  }, [open]);
  if (!open) return null;
  const done = (fn?: () => void) => {
    menu.set({ open: null });
    open.from?.focus();
    fn?.();
  };
  const onKey = (e: KeyboardEvent) => {
    const all = [...ref.current!.querySelectorAll<HTMLElement>("[role^=menuitem]:not([aria-disabled=true])")];
    const at = all.indexOf(document.activeElement as HTMLElement);
    const to: Record<string, number> = { ArrowDown: at + 1, ArrowUp: at - 1 + all.length, Home: 0, End: all.length - 1 };
    if (e.key in to) all[to[e.key]! % all.length]?.focus();
    else if (e.key === "Escape" || e.key === "Tab") done();
    else if (e.key.length === 1 && !e.ctrlKey && !e.metaKey) {
      const hit = [...all.slice(at + 1), ...all].find((el) => el.textContent?.trim().toLowerCase().startsWith(e.key.toLowerCase()));
      hit?.focus();
      if (!hit) return;
    } else return;
    e.preventDefault();
    e.stopPropagation();
  };
  return (
    <div class="menu floating" role="menu" aria-label={open.label} ref={ref} onKeyDown={onKey} onContextMenu={(e) => e.preventDefault()}>
      {open.items.map((i) => (
        <div key={i.text} role="none">
          {i.line && <div class="menu-line" role="separator" />}
          <button
            class="menu-item"
            role={i.checked === undefined ? "menuitem" : "menuitemradio"}
            aria-checked={i.checked}
            aria-disabled={i.off || undefined}
            type="button"
            tabIndex={-1}
            data-kind={i.danger ? "danger" : undefined}
            onClick={() => !i.off && done(i.run)}
          >
            {i.checked !== undefined ? i.checked ? <Icon name="check" /> : <span class="icon" /> : i.icon && <Icon name={i.icon} />}
            {i.text}
            {i.keys && (
              <span class="push menu-keys">
                {i.keys.map((k) => (
                  <kbd key={k}>{k}</kbd>
                ))}
              </span>
            )}
          </button>
        </div>
      ))}
    </div>
  );
}

export function MenuButton({ label, items, icon = "dots", class: cls }: { label: string; items: () => MenuItem[]; icon?: IconName; class?: string }): JSX.Element {
  return (
    <button
      class={cls ?? "btn btn-s btn-icon tb-b"}
      data-kind="quiet"
      type="button"
      aria-label={label}
      title={label}
      aria-haspopup="menu"
      onClick={(e) => openMenu(label, items(), e.currentTarget)}
    >
      <Icon name={icon} />
    </button>
  );
}

interface Toast {
  id: number;
  text: string;
  icon: IconName;
  action?: { text: string; run: () => void };
}

const toasts = createStore<{ all: Toast[] }>({ all: [] });
let lastToast = 0;

/* One with an action stays until it is closed. */
export function toast(text: string, icon: IconName = "checkc", action?: Toast["action"]): void {
  const id = ++lastToast;
  toasts.set({ all: [...toasts.get().all.slice(-3), action ? { id, text, icon, action } : { id, text, icon }] });
  if (!action) setTimeout(() => dropToast(id), 6000);
}

function dropToast(id: number): void {
  toasts.set({ all: toasts.get().all.filter((x) => x.id !== id) });
}

export function Toasts(): JSX.Element {
  const all = useStore(toasts, (s) => s.all);
  return (
    <div class="toasts">
      <div role="status" class="toast-stack">
        {all.map((x) => (
          <div class="toast" key={x.id}>
            <Icon name={x.icon} />
            <span>{x.text}</span>
            <span class="toast-actions">
              {x.action && (
                <button
                  class="btn btn-s"
                  type="button"
                  onClick={() => {
                    dropToast(x.id);
                    x.action!.run();
                  }}
                >
                  {x.action.text}
                </button>
              )}
              <button class="btn btn-s btn-icon" data-kind="quiet" type="button" aria-label={t.shell.close} onClick={() => dropToast(x.id)}>
                <Icon name="x" size="s" />
              </button>
            </span>
          </div>
        ))}
      </div>
    </div>
  );
}

interface Question {
  title: string;
  body?: string;
  input?: { value: string; check: (value: string) => string | null }; /* null: can be used */
  buttons: { text: string; value: string; kind?: "primary" | "danger-fill" }[]; /* the last is Enter's */
  resolve: (answer: { value: string; text: string } | null) => void;
}

const question = createStore<{ open: Question | null }>({ open: null });

/* A small dialog with one answer; null when it was closed. */
export function askUser(q: Omit<Question, "resolve">): Promise<{ value: string; text: string } | null> {
  question.get().open?.resolve(null);
  return new Promise((resolve) => question.set({ open: { ...q, resolve } }));
}

export function Questions(): JSX.Element | null {
  const open = useStore(question, (s) => s.open);
  return open && <Ask key={open.title} q={open} />;
}

function Ask({ q }: { q: Question }): JSX.Element {
  const [text, setText] = useState(q.input?.value ?? "");
  const [wrong, setWrong] = useState<string | null>(null);
  const field = useRef<HTMLInputElement>(null);
  useEffect(() => {
    const f = field.current;
    if (!f) return;
    f.focus();
    const dot = f.value.lastIndexOf(".");
    f.setSelectionRange(0, dot > 0 ? dot : f.value.length);
  }, []);
  const end = (value: string | null) => {
    const bad = value !== null && q.input ? q.input.check(text) : null;
    setWrong(bad);
    if (bad) return field.current?.focus();
    question.set({ open: null });
    q.resolve(value === null ? null : { value, text });
  };
  const main = q.buttons[q.buttons.length - 1]!;
  return (
    <Dialog
      title={q.title}
      onClose={() => end(null)}
      onSubmit={() => end(main.value)}
      foot={
        <>
          <button class="btn" type="button" onClick={() => end(null)}>
            {t.shell.cancel}
          </button>
          {q.buttons.map((b) => (
            <button key={b.value} class="btn" type={b === main ? "submit" : "button"} data-kind={b.kind} onClick={b === main ? undefined : () => end(b.value)} autofocus={b === main && !q.input}>
              {b.text}
            </button>
          ))}
        </>
      }
    >
      {q.body && <p class="t2">{q.body}</p>}
      {q.input && (
        <div class="field">
          <input
            class="input"
            ref={field}
            aria-label={q.title}
            aria-invalid={!!wrong}
            aria-describedby={wrong ? "ask-wrong" : undefined}
            value={text}
            spellcheck={false}
            autocomplete="off"
            onInput={(e) => setText(e.currentTarget.value)}
          />
          {wrong && (
            <p class="error-text" id="ask-wrong">
              <Icon name="xc" size="s" />
              <span>{wrong}</span>
            </p>
          )}
        </div>
      )}
    </Dialog>
  );
}
