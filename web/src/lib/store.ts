/* SPDX-License-Identifier: Apache-2.0 */
import { useEffect, useReducer, useRef } from "preact/hooks";

export interface Store<T> {
  get(): T;
  set(patch: Partial<T>): void;
  watch(fn: () => void): () => void;
}

export function createStore<T extends object>(initial: T): Store<T> {
  let value = initial;
  const watchers = new Set<() => void>();
  return {
    get: () => value,
    set(patch) {
      value = { ...value, ...patch };
      for (const fn of [...watchers]) fn();
    },
    watch(fn) {
      watchers.add(fn);
      return () => void watchers.delete(fn);
    },
  };
}

/* Renders again only when what `pick` returns is another value. */
export function useStore<T, R>(store: Store<T>, pick: (value: T) => R): R {
  const [, again] = useReducer<number, void>((n) => n + 1, 0);
  const picked = pick(store.get());
  const last = useRef({ picked, pick });
  last.current = { picked, pick };
  useEffect(() => {
    const check = () => {
      if (!Object.is(last.current.pick(store.get()), last.current.picked)) again();
    };
    check();
    return store.watch(check);
  }, [store]);
  return picked;
}
