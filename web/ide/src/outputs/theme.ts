/* SPDX-License-Identifier: Apache-2.0 */
/* The theme for what is drawn elsewhere: frames and the terminal get the tokens' values. */
const NAMES = [
  "--bg", "--surface", "--sunken", "--raised", "--hover", "--press", "--selected", "--line", "--line-strong", "--line-control",
  "--text", "--text-2", "--text-3", "--accent", "--accent-soft", "--accent-line", "--on-accent", "--accent-text", "--focus",
  "--info", "--warn", "--danger", "--font-sans", "--font-mono",
  "--syn-string", "--syn-function", "--syn-keyword", "--syn-type", "--syn-number",
] as const;

export function isDark(): boolean {
  const chosen = document.documentElement.dataset.theme;
  return chosen ? chosen === "dark" : matchMedia("(prefers-color-scheme: dark)").matches;
}

/* light-dark() is resolved by asking an element for its colour. */
export function variables(): Record<string, string> {
  const probe = document.createElement("span");
  probe.hidden = true;
  document.body.append(probe);
  const root = getComputedStyle(document.documentElement);
  const all: Record<string, string> = {};
  for (const name of NAMES) {
    const value = root.getPropertyValue(name).trim();
    if (name.startsWith("--font")) {
      all[name] = value;
    } else {
      probe.style.color = `var(${name})`;
      all[name] = getComputedStyle(probe).color;
    }
  }
  probe.remove();
  return all;
}

/* Told when it changes; gives back how to stop. */
export function onTheme(fn: () => void): () => void {
  const seen = new MutationObserver(fn);
  seen.observe(document.documentElement, { attributes: true, attributeFilter: ["data-theme"] });
  const system = matchMedia("(prefers-color-scheme: dark)");
  system.addEventListener("change", fn);
  return () => {
    seen.disconnect();
    system.removeEventListener("change", fn);
  };
}
