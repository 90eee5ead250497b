/* SPDX-License-Identifier: Apache-2.0 */
/* What floats: dialogs, menus, toasts. Each gives the focus back where it came from. */
import type { ComponentChildren, JSX } from "preact";
import { useEffect, useLayoutEffect, useRef, useState } from "preact/hooks";
import { createStore, useStore } from "../lib/store";
import { t } from "../text";
import { Icon, type IconName } from "./icons";

/* The browser's own modal dialog: it traps the focus, closes on Esc and returns the focus. */
export function Dialog({ title, onClose, children, foot, onSubmit }: {
  title: string;
  onClose: () => void;
  children: ComponentChildren;
  foot: ComponentChildren;
  onSubmit?: () => void;
}): JSX.Element {
  const ref = useRef<HTMLDialogElement>(null);
  useEffect(() => {
    const d = ref.current;
    d?.showModal();
    return () => d?.close();
  }, []);
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
      onClick={(e) => e.target === ref.current && onClose()}
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

export interface MenuItem {
  text: string;
  icon: IconName;
  danger?: boolean;
  line?: boolean; /* a line above it */
  run: () => void;
}

/* Fixed to the window, so that a scrolling table does not cut it off. */
export function MenuButton({ label, items }: { label: string; items: MenuItem[] }): JSX.Element {
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
    m.querySelector<HTMLElement>("[role=menuitem]")?.focus({ preventScroll: true });
    const away = (e: Event) => !m.contains(e.target as Node) && !button.current!.contains(e.target as Node) && setOpen(false);
    const close = () => setOpen(false);
    document.addEventListener("pointerdown", away);
    addEventListener("scroll", close, true);
    addEventListener("resize", close);
    return () => {
      document.removeEventListener("pointerdown", away);
      removeEventListener("scroll", close, true);
      removeEventListener("resize", close);
    };
  }, [open]);

  const done = (fn?: () => void) => {
    setOpen(false);
    button.current?.focus();
    fn?.();
  };
  const onKey = (e: KeyboardEvent) => {
    const all = [...menu.current!.querySelectorAll<HTMLElement>("[role=menuitem]")];
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
        class="btn btn-s btn-icon"
        data-kind="quiet"
        type="button"
        aria-label={label}
        aria-haspopup="menu"
        aria-expanded={open}
        onClick={() => setOpen(!open)}
      >
        <Icon name="dots" size="s" />
      </button>
      {open && (
        <div class="menu floating" role="menu" aria-label={label} ref={menu} onKeyDown={onKey}>
          {items.map((i) => (
            <div key={i.text} role="none">
              {i.line && <div class="menu-line" role="separator" />}
              <button class="menu-item" role="menuitem" type="button" data-kind={i.danger ? "danger" : undefined} onClick={() => done(i.run)}>
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
}

const toasts = createStore<{ all: Toast[] }>({ all: [] });
let lastToast = 0;

export function toast(text: string, icon: IconName = "checkc"): void {
  const id = ++lastToast;
  toasts.set({ all: [...toasts.get().all.slice(-3), { id, text, icon }] });
  setTimeout(() => dropToast(id), 6000);
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
