/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Keyboard. Pages and the shell register maps from key to action; the newest map wins. One-letter keys
 * are off inside fields and while a dialog or menu is open, and can be turned off in the account.
 */
import { useLayoutEffect, useRef } from "preact/hooks";

export type KeyMap = Record<string, (e: KeyboardEvent) => void>;

const maps: { current: KeyMap }[] = [];
let prefix = "";
let prefixTimer: ReturnType<typeof setTimeout> | undefined;

const STORE = "carrel.keys";

export function keysOn(): boolean {
  return read(STORE) !== "off";
}

export function setKeysOn(on: boolean): void {
  write(STORE, on ? null : "off");
}

/* Storage may be closed to us; a setting that cannot be kept is only for this page. */
export function read(key: string): string | null {
  try {
    return localStorage.getItem(key);
  } catch {
    return null;
  }
}

export function write(key: string, value: string | null): void {
  try {
    if (value === null) localStorage.removeItem(key);
    else localStorage.setItem(key, value);
  } catch {
    /* as above */
  }
}

export function useKeys(map: KeyMap): void {
  const held = useRef(map);
  held.current = map;
  useLayoutEffect(() => {
    maps.push(held);
    return () => void maps.splice(maps.indexOf(held), 1);
  }, []);
}

function inField(t: EventTarget | null): boolean {
  const el = t as HTMLElement | null;
  if (!el?.closest) return false;
  const field = el.closest("input, textarea, select, [contenteditable]");
  if (!field) return false;
  return !(field instanceof HTMLInputElement && /^(radio|checkbox|button|range)$/.test(field.type));
}

function find(key: string): ((e: KeyboardEvent) => void) | undefined {
  for (let i = maps.length - 1; i >= 0; i--) {
    const fn = maps[i]!.current[key];
    if (fn) return fn;
  }
  return undefined;
}

function onKey(e: KeyboardEvent): void {
  if (e.defaultPrevented || e.isComposing) return;
  if (e.ctrlKey || e.metaKey) {
    const fn = e.key === "Enter" ? find("Ctrl Enter") : undefined;
    if (fn) {
      e.preventDefault();
      fn(e);
    }
    return;
  }
  if (e.altKey || document.querySelector("dialog[open], [role=menu]")) return;
  if (inField(e.target) || !keysOn()) return;
  /* Enter and space belong to the control that has the focus. */
  if (e.key === "Enter" && (e.target as Element).closest("a, button, input, summary")) return;
  const key = e.key.length === 1 ? e.key.toLowerCase() : e.key;
  const fn = prefix ? find(`${prefix} ${key}`) : find(key);
  clearTimeout(prefixTimer);
  prefix = "";
  if (fn) {
    e.preventDefault();
    fn(e);
  } else if (key === "g") {
    prefix = "g";
    prefixTimer = setTimeout(() => (prefix = ""), 1200);
  }
}

export function startKeys(): void {
  addEventListener("keydown", onKey);
}
