/* SPDX-License-Identifier: Apache-2.0 */
import { describe, expect, it } from "vitest";
import { keepUsed, usedIn } from "./used-css";

const used = usedIn(['class="a b-x" `toast-${kind}`', "<p class=page>"]);

describe("the style sheet", () => {
  it("loses rules that fit nothing", () => {
    expect(keepUsed(".a{x:1}.gone{y:2}.a .gone,.b-x>p{z:3}", used)).toBe(".a{x:1}.b-x>p{z:3}");
    expect(keepUsed("@media (width>1px){.gone{x:1}}@media print{.gone,.a{x:1}}", used)).toBe("@media print{.a{x:1}}");
  });
  it("keeps what is in doubt", () => {
    for (const css of [
      "p:not(.gone){x:1}", ":is(.gone,.a) p{x:1}", ".toast-any{x:1}", "[data-x=\".gone\"]{x:1}", '.a::before{content:"}.gone{"}', "@keyframes gone{to{x:1}}",
      "@font-face{src:url(a.gone)}", ":root{--x:{.gone}}", "@layer x;.a{y:1}", ".a{&.gone{x:1}}", "@supports (x:y){.a{x:1}}", '.a[title="a,b"],.page{x:1}',
    ])
      expect(keepUsed(css, used), css).toBe(css);
  });
});
