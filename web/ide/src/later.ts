/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Modules that the first cells do not need: fetched when one is first wanted, and all of them once the page is calm, that is
 * when the kernel has said how it is, or a moment after the page came. So a first use seldom waits.
 */
import { useEffect, useReducer } from "preact/hooks";
import { whenIdle } from "./model/slices";

export interface Later<T> {
  now: T | undefined; /* once it is there */
  get(): Promise<T>;
}

const all: Later<unknown>[] = [];

export function later<T>(load: () => Promise<T>): Later<T> {
  let coming: Promise<T> | null = null;
  const part: Later<T> = {
    now: undefined,
    get() {
      coming ??= load().then(
        (m) => (part.now = m),
        (e: unknown) => {
          coming = null; /* no network: another try later */
          throw e;
        },
      );
      return coming;
    },
  };
  all.push(part as Later<unknown>);
  return part;
}

const AGAIN_MS = 5000;

/* For a component: once more when it has come. */
export function useLater<T>(part: Later<T>, wanted = true): T | undefined {
  const [tries, again] = useReducer<number, void>((n) => n + 1, 0);
  useEffect(() => {
    if (part.now || !wanted) return undefined;
    let gone = false, timer: ReturnType<typeof setTimeout> | undefined;
    part.get().then(
      () => !gone && again(),
      () => !gone && (timer = setTimeout(again, AGAIN_MS)),
    );
    return () => {
      gone = true;
      clearTimeout(timer);
    };
  }, [part.now, wanted, tries]);
  return part.now;
}

const LATEST_MS = 1500; /* a kernel that is long in coming holds nothing back */
const SETTLE_MS = 150; /* what the kernel's answer changes is drawn first */
const REST_MS = 500;

let quiet: () => void = () => undefined;
export const calm = new Promise<void>((resolve) => (quiet = resolve));
void calm.then(() => setTimeout(() => void rest(), REST_MS));

export function isCalm(): void {
  setTimeout(quiet, SETTLE_MS);
}

export function calmSoon(): void {
  setTimeout(quiet, LATEST_MS);
}

/* One after the other, between what a person does. */
async function rest(): Promise<void> {
  for (const part of all) {
    await new Promise<void>((go) => whenIdle(go, 2000));
    await part.get().catch(() => undefined);
  }
}
