/* SPDX-License-Identifier: Apache-2.0 */
import { render } from "preact";
import { App } from "./app";
import { startLive } from "./follow";
import { startFocusKeeper } from "./lib/focus-keeper";
import { startKeys } from "./lib/keys";
import { startRouter } from "./lib/router";
import { startOnce } from "./lib/twice";
import { startLanguage } from "./text";
import "./ui/tokens.css";
import "./ui/components.css";
import "./ui/product.css";

startRouter();
startKeys();
startOnce();
startFocusKeeper();
startLive();
/* Another language than English is a file of its own: nothing is shown in the wrong one meanwhile. */
void startLanguage().finally(() => render(<App />, document.getElementById("app")!));
