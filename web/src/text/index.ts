/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Every word of the console, in the language that is spoken. `t` is what all pages read; it is another object after
 * speak(), so nobody may keep parts of it outside a function. English comes with the console, others are fetched.
 */
import { setForms, type Forms } from "../lib/locale";
import { read, write } from "../lib/storage";
import { createStore } from "../lib/store";
import { en, type Words } from "./en";

export type { Words } from "./en";

export const LANGUAGES = [
  { id: "en", name: "English" },
  { id: "de", name: "Deutsch" },
] as const;

export type Language = (typeof LANGUAGES)[number]["id"];
export type Choice = Language | "system";

const KEY = "carrel.language";

export let t: Words = en;
export const spoken = createStore<{ language: Language }>({ language: "en" });

const fetchers: Record<Exclude<Language, "en">, () => Promise<{ words: Words; forms: Forms }>> = {
  de: () => import("./de"),
};

export function isChoice(v: unknown): v is Choice {
  return v === "system" || LANGUAGES.some((l) => l.id === v);
}

/* What was chosen here before, else the first of the browser's languages that we have. */
export function languageOf(choice: string | null | undefined, wanted: readonly string[]): Language {
  const known = (v: string) => LANGUAGES.find((l) => l.id === v.toLowerCase().split("-")[0])?.id;
  if (choice && choice !== "system") {
    const found = known(choice);
    if (found) return found;
  }
  for (const w of wanted) {
    const found = known(w);
    if (found) return found;
  }
  return "en";
}

let asked = 0;

/* A language that can't be fetched leaves the present one: words in another tongue are better than none. */
export async function speak(language: Language): Promise<void> {
  const turn = ++asked;
  if (language === spoken.get().language) return;
  const got = language === "en" ? { words: en, forms: null } : await fetchers[language]().catch(() => null);
  if (!got || turn !== asked) return;
  t = got.words;
  setForms(got.forms);
  document.documentElement.lang = language;
  spoken.set({ language });
}

export function chosen(): Choice {
  const kept = read(KEY);
  return isChoice(kept) ? kept : "system";
}

export async function choose(choice: Choice): Promise<void> {
  write(KEY, choice === "system" ? null : choice);
  await speak(languageOf(choice, navigator.languages));
}

export function startLanguage(): Promise<void> {
  return speak(languageOf(chosen(), navigator.languages));
}
