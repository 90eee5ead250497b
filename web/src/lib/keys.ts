/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Keyboard. Pages and the shell register maps from key to action; the newest map wins. One-letter keys
 * are off inside fields and while a dialog or menu is open, and can be turned off in the account.
 */
import { useLayoutEffect, useRef } from "preact/hooks";
import { read, write } from "./storage";

export { read, write } from "./storage";

export type KeyMap = Record<string, (e: KeyboardEvent) => void>;

const maps: { current: KeyMap }[] = [];
const MOVES = /^(j|k|Arrow.+|Page.+)$/;
let prefix = "";
let prefixTimer: ReturnType<typeof setTimeout> | undefined;

const STORE = "carrel.keys";

export function keysOn(): boolean {
  return read(STORE) !== "off";
}

export function setKeysOn(on: boolean): void {
  write(STORE, on ? null : "off");
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
    if (e.altKey || e.shiftKey) return;
    const k = e.key.toLowerCase();
    const fn = e.key === "Enter" ? find("Ctrl Enter") : k === "k" ? find("Ctrl K") : k === "a" && !inField(e.composedPath()[0] ?? e.target) && !document.querySelector("dialog[open], [role=menu]") ? find("Ctrl A") : undefined;
    if (fn) {
      e.preventDefault();
      fn(e);
    }
    return;
  }
  /* An editor in a shadow root is the target of what is typed in it, not its host. */
  const target = e.composedPath()[0] ?? e.target;
  if (e.altKey || document.querySelector("dialog[open], [role=menu]")) return;
  if (inField(target) || !keysOn()) return;
  /* Enter and space belong to the control that has the focus. */
  if (e.key === "Enter" && (target as Element).closest?.("a, button, input, summary")) return;
  const key = e.key.length === 1 ? e.key.toLowerCase() : e.key;
  const fn = (prefix && find(`${prefix} ${key}`)) || find(key);
  clearTimeout(prefixTimer);
  prefix = "";
  if (fn) {
    e.preventDefault();
    /* A key held down moves on; it does not extend or stop again and again. */
    if (!e.repeat || MOVES.test(key)) fn(e);
  } else if (key === "g") {
    prefix = "g";
    prefixTimer = setTimeout(() => (prefix = ""), 1200);
  }
}

export function startKeys(): void {
  addEventListener("keydown", onKey);
}
