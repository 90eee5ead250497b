/* SPDX-License-Identifier: Apache-2.0 */
import { render } from "preact";
import { App } from "./app";
import { startKeys } from "./lib/keys";
import { startRouter } from "./lib/router";
import { startLive } from "./live";
import "./ui/tokens.css";
import "./ui/components.css";
import "./ui/product.css";

startRouter();
startKeys();
startLive();
render(<App />, document.getElementById("app")!);
