/* SPDX-License-Identifier: Apache-2.0 */
/* Markdown that is headings and paragraphs of plain words: it is shown without the renderer, which is fetched for all other. */

export interface Block {
  tag: "p" | "h1" | "h2" | "h3" | "h4" | "h5" | "h6";
  text: string;
}

const MOST = 4000; /* characters */
/* Nothing that means something to Markdown, to formulas or to those that find addresses in a text. */
const WORDS = String.raw`[\p{L}][\p{L}\p{N}.,;!?'"()%/–—… -]*`;
const HEADING = new RegExp(`^(#{1,6}) (${WORDS})$`, "u");
const LINE = new RegExp(`^${WORDS}$`, "u");
const ADDRESS = /www\.|[^ ] {2}$| $/im;

/* null: it needs the renderer. */
export function plainBlocks(source: string): Block[] | null {
  if (source.length > MOST || ADDRESS.test(source)) return null;
  const blocks: Block[] = [];
  let open: Block | null = null;
  for (const line of source.split("\n")) {
    const heading = HEADING.exec(line);
    if (line === "") open = null;
    else if (heading) {
      blocks.push({ tag: `h${heading[1]!.length}` as Block["tag"], text: heading[2]! });
      open = null;
    } else if (!LINE.test(line)) return null;
    else if (open) open.text += `\n${line}`;
    else blocks.push((open = { tag: "p", text: line }));
  }
  return blocks;
}

export function plainDom(blocks: readonly Block[]): Node[] {
  return blocks.map((b) => Object.assign(document.createElement(b.tag), { textContent: b.text }));
}
