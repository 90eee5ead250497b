/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Colours of code: the classes of components.css, in editors and in the still text of cells that have none. The still text
 * has the same lines at the same heights as an editor, so that one takes the other's place without a jump.
 */
import type { Parser } from "@lezer/common";
import { highlightCode, tagHighlighter, tags as t } from "@lezer/highlight";

export const colours = tagHighlighter([
  { tag: [t.keyword, t.operatorKeyword, t.modifier, t.controlKeyword, t.definitionKeyword, t.moduleKeyword], class: "k" },
  { tag: [t.string, t.special(t.string), t.character, t.regexp, t.attributeValue, t.inserted], class: "s" },
  { tag: [t.number, t.bool, t.null, t.atom, t.unit, t.color, t.changed], class: "m" },
  { tag: [t.function(t.variableName), t.function(t.propertyName), t.function(t.definition(t.variableName)), t.macroName, t.attributeName, t.tagName, t.link, t.url], class: "f" },
  { tag: [t.comment, t.meta, t.processingInstruction, t.deleted, t.documentMeta], class: "c" },
  { tag: [t.typeName, t.className, t.definition(t.className), t.namespace, t.labelName], class: "y" },
  { tag: [t.heading, t.strong], class: "hd" },
  { tag: t.emphasis, class: "em" },
]);

const LONG = 40_000; /* characters; beyond them only the first are coloured */

/* Lines as elements, each token a span. Text goes in as text. */
export function still(source: string, parser: Parser | null): DocumentFragment {
  const out = document.createDocumentFragment();
  let line = newLine(out);
  const text = (s: string, classes: string): void => {
    if (!classes) {
      line.append(s);
      return;
    }
    const span = document.createElement("span");
    span.className = classes;
    span.textContent = s;
    line.append(span);
  };
  const end = (): void => {
    line = newLine(out);
  };
  const coloured = parser ? source.slice(0, LONG) : "";
  if (parser) highlightCode(coloured, parser.parse(coloured), colours, text, end);
  source.slice(coloured.length).split("\n").forEach((s, i) => {
    if (i) end();
    if (s) text(s, "");
  });
  for (const l of out.childNodes) if (!l.firstChild) l.appendChild(document.createElement("br"));
  return out;
}

function newLine(out: DocumentFragment): HTMLElement {
  const line = document.createElement("div");
  line.className = "ln";
  out.append(line);
  return line;
}
