/* SPDX-License-Identifier: Apache-2.0 */
/* What floats: dialogs, menus, toasts. Each gives the focus back where it came from. */
import type { ComponentChildren, JSX, RefObject } from "preact";
import { useEffect, useLayoutEffect, useRef, useState } from "preact/hooks";
import { isBeside, showModal } from "../../shared/dialog/beside";
import { createStore, useStore } from "../lib/store";
import { t } from "../text";
import { Icon, type IconName } from "./icons";

/* The browser's own modal dialog: it traps the focus, closes on Esc and returns the focus. */
function useModal(onClose: () => void): RefObject<HTMLDialogElement> {
  const ref = useRef<HTMLDialogElement>(null);
  useEffect(() => {
    const d = ref.current;
    showModal(d);
    return () => d?.close();
  }, []);
  /* Back leads away from the page that it is about. */
  useEffect(() => {
    addEventListener("popstate", onClose);
    return () => removeEventListener("popstate", onClose);
  }, [onClose]);
  return ref;
}

export function Dialog({ title, onClose, children, foot, onSubmit }: {
  title: string;
  onClose: () => void;
  children: ComponentChildren;
  foot: ComponentChildren;
  onSubmit?: () => void;
}): JSX.Element {
  const ref = useModal(onClose);
  const submit = (e: Event) => {
    e.preventDefault();
    onSubmit?.();
  };
  return (
    <dialog
      class="dialog"
      ref={ref}
      aria-labelledby="dialog-title"
      onCancel={(e) => {
        e.preventDefault();
        onClose();
      }}
      onClick={(e) => isBeside(e, ref.current) && onClose()}
    >
      <form method="dialog" onSubmit={submit}>
        <div class="dialog-body">
          <h2 id="dialog-title">{title}</h2>
          {children}
        </div>
        <div class="dialog-foot">{foot}</div>
      </form>
    </dialog>
  );
}

/* The whole of a phone's window: something to choose from, no form of its own. */
export function Sheet({ title, onClose, children }: { title: string; onClose: () => void; children: ComponentChildren }): JSX.Element {
  const ref = useModal(onClose);
  return (
    <dialog
      class="dialog sheet"
      ref={ref}
      aria-labelledby="sheet-title"
      onCancel={(e) => {
        e.preventDefault();
        onClose();
      }}
    >
      <div class="panel-head">
        <h2 class="h3" id="sheet-title">{title}</h2>
        <button class="btn btn-icon push" data-kind="quiet" type="button" aria-label={t.close} onClick={onClose}>
          <Icon name="x" />
        </button>
      </div>
      <div class="panel-body">{children}</div>
    </dialog>
  );
}

export interface MenuItem {
  text: string;
  icon: IconName;
  danger?: boolean;
  line?: boolean; /* a line above it */
  checked?: boolean; /* one of several that exclude each other */
  run: () => void;
}

/* Fixed to the window, so that a scrolling table does not cut it off. */
export function MenuButton({ label, items, icon = "dots", text, kind, small }: { label: string; items: MenuItem[]; icon?: IconName; text?: string; kind?: string; small?: boolean }): JSX.Element {
  const [open, setOpen] = useState(false);
  const button = useRef<HTMLButtonElement>(null);
  const menu = useRef<HTMLDivElement>(null);

  useLayoutEffect(() => {
    if (!open) return;
    const b = button.current!.getBoundingClientRect();
    const m = menu.current!;
    const below = b.bottom + 4 + m.offsetHeight <= innerHeight;
    m.style.top = `${below ? b.bottom + 4 : Math.max(4, b.top - 4 - m.offsetHeight)}px`;
    m.style.left = `${Math.max(4, Math.min(b.right - m.offsetWidth, innerWidth - m.offsetWidth - 4))}px`;
    m.querySelector<HTMLElement>("[role^=menuitem]")?.focus({ preventScroll: true });
    const away = (e: Event) => !m.contains(e.target as Node) && !button.current!.contains(e.target as Node) && setOpen(false);
    const close = () => setOpen(false);
    /* A page that came to rest a moment after the click moves nothing: only a button that moved loses its menu. */
    const scrolled = () => {
      const r = button.current!.getBoundingClientRect();
      if (Math.abs(r.top - b.top) > 1 || Math.abs(r.left - b.left) > 1) setOpen(false);
    };
    document.addEventListener("pointerdown", away);
    addEventListener("scroll", scrolled, true);
    addEventListener("resize", close);
    return () => {
      document.removeEventListener("pointerdown", away);
      removeEventListener("scroll", scrolled, true);
      removeEventListener("resize", close);
    };
  }, [open]);

  const done = (fn?: () => void) => {
    setOpen(false);
    button.current?.focus();
    fn?.();
  };
  const onKey = (e: KeyboardEvent) => {
    const all = [...menu.current!.querySelectorAll<HTMLElement>("[role^=menuitem]")];
    const at = all.indexOf(document.activeElement as HTMLElement);
    const to: Record<string, number> = { ArrowDown: at + 1, ArrowUp: at - 1 + all.length, Home: 0, End: all.length - 1 };
    if (e.key in to) all[to[e.key]! % all.length]!.focus();
    else if (e.key === "Escape") done();
    else if (e.key === "Tab") setOpen(false);
    else return;
    if (e.key !== "Tab") e.preventDefault();
    e.stopPropagation();
  };

  return (
    <>
      <button
        ref={button}
        class={`btn${icon === "dots" || small ? " btn-s" : ""}${text ? "" : " btn-icon"}`}
        data-kind={kind ?? (icon === "dots" ? "quiet" : undefined)}
        type="button"
        aria-label={text ? undefined : label}
        aria-haspopup="menu"
        aria-expanded={open}
        onClick={() => setOpen(!open)}
      >
        <Icon name={icon} size="s" />
        {text}
      </button>
      {open && (
        <div class="menu floating" role="menu" aria-label={label} ref={menu} onKeyDown={onKey}>
          {items.map((i) => (
            <div key={i.text} role="none">
              {i.line && <div class="menu-line" role="separator" />}
              <button class="menu-item" role={i.checked === undefined ? "menuitem" : "menuitemradio"} aria-checked={i.checked} type="button" data-kind={i.danger ? "danger" : undefined} onClick={() => done(i.run)}>
                <Icon name={i.icon} />
                {i.text}
              </button>
            </div>
          ))}
        </div>
      )}
    </>
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

export function Toasts({ children }: { children?: ComponentChildren }): JSX.Element {
  const all = useStore(toasts, (s) => s.all);
  return (
    <div class="toasts">
      {children}
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
              <button class="btn btn-s btn-icon" data-kind="quiet" type="button" aria-label={t.close} onClick={() => dropToast(x.id)}>
                <Icon name="x" size="s" />
              </button>
            </span>
          </div>
        ))}
      </div>
    </div>
  );
}
