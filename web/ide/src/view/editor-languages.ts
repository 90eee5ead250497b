/* SPDX-License-Identifier: Apache-2.0 */
/* Languages of editors: those of languages.ts, which know indentation, folding and comments too. */
import { pythonLanguage } from "@codemirror/lang-python";
import { LanguageSupport } from "@codemirror/language";
import { loadOther, languageName, otherNow } from "./languages";

const python = new LanguageSupport(pythonLanguage);

/* What is here already, without waiting. */
export const languageNow = (name: string | null): LanguageSupport | null => (name === "python" ? python : otherNow(name));

export const loadLanguage = (name: string | null): Promise<LanguageSupport | null> =>
  name && languageName(name) === "python" ? Promise.resolve(python) : loadOther(name);
