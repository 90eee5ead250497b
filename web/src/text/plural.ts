/* SPDX-License-Identifier: Apache-2.0 */
/* Plural by the language's own rule. In the text, # is the number. */
import { count as written } from "../lib/locale";

export type Plural = (count: number, one: string, other: string, more?: Partial<Record<Intl.LDMLPluralRule, string>>) => string;

export function plural(tag: string): Plural {
  const rules = new Intl.PluralRules(tag);
  return (count, one, other, more) => {
    const kind = rules.select(count);
    const text = kind === "one" ? one : (more?.[kind] ?? other);
    return text.includes("#") ? text.replace("#", written(count)) : text;
  };
}
