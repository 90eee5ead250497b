/* SPDX-License-Identifier: Apache-2.0 */
/* Ends of lines and byte order mark as in the file. */
export interface TextForm {
  crlf: boolean;
  bom: boolean;
}

export function textIn(raw: string): { text: string; form: TextForm } {
  const bom = raw.charCodeAt(0) === 0xfeff, body = bom ? raw.slice(1) : raw;
  const crlf = body.includes("\r\n") && !/[^\r]\n|^\n|\r(?!\n)/.test(body);
  return { text: crlf ? body.replaceAll("\r\n", "\n") : body, form: { crlf, bom } };
}

export function textOut(text: string, form: TextForm): string {
  return (form.bom ? "\ufeff" : "") + (form.crlf ? text.replaceAll("\n", "\r\n") : text);
}
