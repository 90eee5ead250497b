/* SPDX-License-Identifier: Apache-2.0 */
import "../../src/ui/tokens.css";
import "../../src/ui/components.css";
import "./shell/shell.css";
import { render } from "preact";
import { isTheme, setTheme } from "../../src/lib/theme";
import { read, write } from "../../src/lib/keys";
import { calmSoon } from "./later";
import { App } from "./shell/app";
import { startRoutes, watchRoutes } from "./shell/routes";
import { shell } from "./shell/state";
import { onAddress, opening } from "./shell/tabs";
import { useLanguage } from "./text";

/* The console opens us with its own theme and language; both are kept here, for this is another origin. */
function takeOver(): string {
  const here = new URL(location.href);
  const theme = here.searchParams.get("theme"), lang = here.searchParams.get("lang");
  if (isTheme(theme)) setTheme(theme);
  if (lang) write("carrel.lang", lang.slice(0, 8));
  if (theme || lang) {
    here.searchParams.delete("theme");
    here.searchParams.delete("lang");
    history.replaceState(history.state, "", here);
  }
  return read("carrel.lang") ?? navigator.language;
}

const language = useLanguage(takeOver());
startRoutes();
watchRoutes(onAddress); /* the file is on its way before anything is drawn */
/* A file that is there in a moment comes with the page: one frame, no shapes between. */
const SOON_MS = 60;
const soon = new Promise<void>((go) => setTimeout(go, SOON_MS));
void Promise.allSettled([language, Promise.race([opening, soon])]).then(() => {
  const app = document.getElementById("app")!;
  /* The shapes of index.html go in the same frame in which the page comes; those that were seen already stay seen. */
  document.documentElement.toggleAttribute("data-late", performance.now() > 150);
  app.replaceChildren();
  render(<App />, app);
  if (!shell.get().tabs.length) calmSoon();
  setTimeout(() => document.documentElement.removeAttribute("data-late"), 1000);
});
