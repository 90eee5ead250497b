/* SPDX-License-Identifier: Apache-2.0 */
/* A program waits at input(): its question, a field, Enter. */
import { useEffect, useRef } from "preact/hooks";
import type { Kernel } from "../kernel/types";
import { t } from "../text/index";

export function InputField({ kernel, prompt, password }: { kernel: Kernel; prompt: string; password: boolean }) {
  const field = useRef<HTMLInputElement>(null);
  /* Only when nobody is writing elsewhere. */
  useEffect(() => {
    const busy = document.activeElement?.closest("input, textarea, [contenteditable=true]");
    if (!busy) field.current?.focus();
  }, []);
  return (
    <form
      class="out-input"
      onSubmit={(e) => {
        e.preventDefault();
        const value = field.current?.value ?? "";
        if (field.current) field.current.value = "";
        kernel.answer(value);
      }}
      onKeyDown={(e) => e.stopPropagation()}
    >
      <label>
        <span class="out-prompt">{prompt || t.run.inputLabel}</span>
        <input ref={field} class="input" type={password ? "password" : "text"} autocomplete="off" spellcheck={false} aria-description={password ? t.run.password : t.run.inputLabel} />
      </label>
      <button type="submit" class="btn btn-s">
        {t.run.send}
      </button>
    </form>
  );
}
