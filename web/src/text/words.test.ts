/* SPDX-License-Identifier: Apache-2.0 */
import { readdirSync, readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import ts from "typescript";
import { afterEach, describe, expect, it } from "vitest";
import { count, decimal, setForms } from "../lib/locale";
import { cents, exactParts, rate, whole } from "../lib/money";
import { sizeOf } from "../lib/size";
import { ago, day } from "../lib/time";
import { forms, words as de } from "./de";
import { en } from "./en";
import { languageOf } from "./index";
import { plural } from "./plural";

type Leaf = [path: string, value: unknown];

function leaves(value: unknown, path = ""): Leaf[] {
  if (typeof value !== "object" || value === null) return [[path, value]];
  return Object.entries(value).flatMap(([k, v]) => leaves(v, path ? `${path}.${k}` : k));
}

const SENTINELS = [7001, 8002, 9003, 6004];

/* Some placeholders are words, some numbers: whichever makes it speak. */
function speakOnce(fn: (...a: unknown[]) => unknown, arity: number): string {
  for (let mask = 0; mask < 1 << arity; mask++) {
    const args = SENTINELS.slice(0, arity).map((v, i) => (mask & (1 << i) ? v : `‹${v}›`));
    try {
      const said = fn(...args);
      return Array.isArray(said) ? said.join("") : String(said);
    } catch {
      /* another mix */
    }
  }
  throw new Error("it says nothing");
}

function marks(value: unknown, arity: number): number[] {
  const text = typeof value === "function" ? speakOnce(value as () => unknown, arity) : String(value);
  return SENTINELS.filter((v) => text.includes(String(v)));
}

describe("catalogues", () => {
  const english = leaves(en);
  const german = new Map(leaves(de));

  it("have the same keys", () => {
    expect([...german.keys()].sort()).toEqual(english.map(([k]) => k).sort());
  });

  it("have the same placeholders, and words for each", () => {
    for (const [path, value] of english) {
      const other = german.get(path);
      expect(typeof other, path).toBe(typeof value);
      const arity = typeof value === "function" ? Math.max(value.length, (other as () => unknown).length) : 0;
      expect(marks(other, arity), path).toEqual(marks(value, arity));
      if (typeof other === "string" && value) expect(other, path).not.toBe("");
    }
  });

  it("choose the plural by rule", () => {
    const ru = plural("ru");
    expect([1, 2, 5].map((c) => ru(c, "# one", "# many", { few: "# few" }))).toEqual(["1 one", "2 few", "5 many"]);
    expect(en.list.count(12345, 0, "")).toBe("12\u202f345 workspaces. Nothing runs.");
    expect(de.list.count(1, 1, "0,22 $")).toBe("Ein Workspace. Eine Sitzung läuft, zusammen 0,22 $ pro Stunde.");
  });

  it("are chosen by the account, else by the browser", () => {
    expect(languageOf("de", ["en-GB"])).toBe("de");
    expect(languageOf("system", ["fr", "de-AT", "en"])).toBe("de");
    expect(languageOf(null, ["fr"])).toBe("en");
    expect(languageOf("tlh", ["de"])).toBe("de");
  });
});

describe("numbers in German", () => {
  afterEach(() => setForms(null));
  it("have the comma, the sign behind, and the day's point", () => {
    setForms(forms);
    expect(cents(-12_500_000n, "USD")).toBe("−12,50\u00a0$");
    expect(whole(80_000_000n, "EUR")).toBe("80\u00a0€");
    expect(rate(123_400n, "USD")).toBe("0,1234\u00a0$");
    expect(exactParts(591_067n, "USD")).toEqual({ main: "0,59", sub: "1067", tail: "\u00a0$" });
    expect(sizeOf(18.4 * 1024 ** 3, 50 * 1024 ** 3)).toBe("18,4 von 50 GiB");
    expect(decimal(0.25, 3)).toBe("0,25");
    expect(count(10000)).toBe("10\u202f000");
    const now = new Date(2026, 10, 21, 10, 54).getTime();
    expect(day(now)).toBe("21. Nov.");
    expect(ago(now - 44 * 60_000, now)).toBe("vor 44 min");
  });
});

/* --- no page has words of its own --- */

function sources(folder: string): string[] {
  return readdirSync(folder).flatMap((name) => {
    const path = join(folder, name);
    if (statSync(path).isDirectory()) return name === "text" ? [] : sources(path);
    return /\.tsx?$/.test(name) && !/\.test\.ts$/.test(name) ? [path] : [];
  });
}

const SPOKEN = new Set(["aria-label", "title", "placeholder", "alt", "label", "aria-description", "hint", "lead", "body"]);
const NO_WORDS = /^[^\p{L}]*$|^(?:Ctrl|Esc|Enter|Home|End|Shift|Alt|Tab|XXXX-XXXX|[A-Z?/])$/u;

function isWord(text: string): boolean {
  return !NO_WORDS.test(text.trim());
}

function ownWords(path: string): string[] {
  const file = ts.createSourceFile(path, readFileSync(path, "utf8"), ts.ScriptTarget.ES2022, true, path.endsWith("x") ? ts.ScriptKind.TSX : ts.ScriptKind.TS);
  const found: string[] = [];
  const note = (node: ts.Node, what: string) => found.push(`${path}:${file.getLineAndCharacterOfPosition(node.getStart()).line + 1} ${what}`);
  const visit = (node: ts.Node, inside: boolean): void => {
    if (ts.isJsxText(node) && isWord(node.text)) note(node, node.text.trim());
    if (ts.isJsxAttribute(node) && node.initializer && ts.isStringLiteral(node.initializer) && SPOKEN.has(node.name.getText()) && isWord(node.initializer.text))
      note(node, node.getText());
    if (ts.isJsxExpression(node) && node.expression && ts.isStringLiteral(node.expression) && ts.isJsxElement(node.parent) && isWord(node.expression.text))
      note(node, node.expression.text);
    /* t is another object after the language was changed. */
    if (!inside && ts.isPropertyAccessExpression(node) && node.expression.getText() === "t") note(node, `${node.getText()} outside a function`);
    const now = inside || ts.isFunctionLike(node);
    ts.forEachChild(node, (child) => visit(child, now));
  };
  visit(file, false);
  return found;
}

describe("pages", () => {
  it("have no words of their own", () => {
    expect(sources("src").flatMap(ownWords)).toEqual([]);
  });
});
