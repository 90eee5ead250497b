/* SPDX-License-Identifier: Apache-2.0 */
/* A result that is nothing but text. */
import { useMemo } from "preact/hooks";
import type { Output } from "../model/types";
import { LongText } from "./longtext";
import { StreamOutput } from "./stream";

export function Plain({ text, output }: { text: string; output: Output }) {
  const long = useMemo(() => new LongText(text), [text]);
  return <StreamOutput text={long} name="result" of={output} />;
}
