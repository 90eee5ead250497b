/* SPDX-License-Identifier: Apache-2.0 */
/* One formula: KaTeX builds elements, no HTML from strings. What it can't read stays as it was written. */
import katex from "katex";
import "katex/dist/katex.min.css";

export function setFormula(el: HTMLElement): void {
  const source = el.textContent ?? "";
  try {
    katex.render(source, el, {
      displayMode: el.classList.contains("mx-d"),
      trust: false,
      throwOnError: true,
      strict: "ignore",
      maxSize: 40,
      maxExpand: 500,
      output: "htmlAndMathml",
    });
    el.classList.add("mx-set");
  } catch (e) {
    el.textContent = source;
    el.classList.add("mx-bad");
    el.title = e instanceof Error ? e.message : String(e);
  }
}
