/* SPDX-License-Identifier: Apache-2.0 */
import { useEffect, useRef, useState } from "preact/hooks";
import { type ApiError } from "./api";
import { nowMs } from "./time";
import { onWake } from "./wake";

/* The present, once a second; renders stop in a tab that nobody sees. */
export function useNow(every_ms = 1000): number {
  const [now, setNow] = useState(nowMs);
  useEffect(() => {
    const tick = () => !document.hidden && setNow(nowMs());
    const timer = setInterval(tick, every_ms);
    const awake = onWake(tick);
    return () => {
      clearInterval(timer);
      awake();
    };
  }, [every_ms]);
  return now;
}

/* Nothing is shown in the place of what comes at once; true after 150 ms. */
export function useLate(): boolean {
  const [late, setLate] = useState(false);
  useEffect(() => {
    const timer = setTimeout(() => setLate(true), 150);
    return () => clearTimeout(timer);
  }, []);
  return late;
}

export interface Action {
  busy: boolean;
  error: ApiError | null;
  run(fn: () => Promise<unknown>): Promise<boolean>;
  clear(): void;
}

/* One at a time: a second click while the first is on its way does nothing. */
export function useAction(): Action {
  const [busy, setBusy] = useState(false);
  const [error, setError] = useState<ApiError | null>(null);
  const inFlight = useRef(false);
  const mounted = useRef(true);
  useEffect(() => {
    mounted.current = true;
    return () => void (mounted.current = false);
  }, []);
  return {
    busy,
    error,
    clear: () => setError(null),
    async run(fn) {
      if (inFlight.current) return false;
      inFlight.current = true;
      setBusy(true);
      setError(null);
      try {
        await fn();
        return true;
      } catch (e) {
        if (mounted.current) setError(e as ApiError);
        return false;
      } finally {
        inFlight.current = false;
        if (mounted.current) setBusy(false);
      }
    },
  };
}

export interface Loaded<T> {
  data: T | null;
  error: ApiError | null;
  slow: boolean; /* true after 150 ms: only then a skeleton is worth showing */
  reload(): void;
  poll(): void; /* by a timer: never in the middle of a read, whose answer may take longer than the timer */
}

export function useLoad<T>(read: () => Promise<T>, deps: unknown[]): Loaded<T> {
  const [state, set] = useState<{ data: T | null; error: ApiError | null }>({ data: null, error: null });
  const [slow, setSlow] = useState(false);
  const [turn, setTurn] = useState(0);
  const last = useRef<unknown[] | null>(null);
  const reading = useRef(false);
  useEffect(() => {
    let gone = false;
    reading.current = true;
    const fresh = !last.current || last.current.some((d, i) => d !== deps[i]);
    last.current = deps;
    if (fresh) set({ data: null, error: null });
    setSlow(false);
    const timer = setTimeout(() => setSlow(true), 150);
    read().then(
      (data) => !gone && set({ data, error: null }),
      (error: ApiError) => !gone && set((s) => ({ data: s.data, error })),
    ).finally(() => {
      clearTimeout(timer);
      if (!gone) reading.current = false;
    });
    return () => {
      gone = true;
      clearTimeout(timer);
    };
  }, [...deps, turn]);
  const reload = () => setTurn((n) => n + 1);
  return { ...state, slow, reload, poll: () => reading.current || reload() };
}

const PHONE = "(max-width: 760px)";

/* As wide as a phone; follows a window that is made narrower. */
export function useNarrow(): boolean {
  const [narrow, set] = useState(() => matchMedia(PHONE).matches);
  useEffect(() => {
    const m = matchMedia(PHONE);
    const look = () => set(m.matches);
    look();
    m.addEventListener("change", look);
    return () => m.removeEventListener("change", look);
  }, []);
  return narrow;
}
