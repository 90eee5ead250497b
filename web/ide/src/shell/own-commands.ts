/* SPDX-License-Identifier: Apache-2.0 */
import { otherTheme, setTheme } from "../../../src/lib/theme";
import { newIn, uploadInto } from "../file/actions";
import { parentOf } from "../page";
import { t } from "../text";
import { addCommands } from "./commands";
import { labAddress } from "./head";
import { saveNow } from "./keys";
import { activeTab, shell, toggle } from "./state";
import { closeTab } from "./tabs";

const folder = (): string => parentOf(activeTab()?.path ?? "");

export function startCommands(): () => void {
  return addCommands([
    { id: "new-notebook", text: t.shell.newNotebook, icon: "nb", run: () => void newIn(folder(), "notebook") },
    { id: "new-file", text: t.shell.newFile, icon: "file", run: () => void newIn(folder(), "file") },
    { id: "upload", text: t.shell.upload, icon: "upload", run: () => uploadInto(folder()) },
    { id: "save", text: t.shell.save, keys: ["Ctrl", "S"], icon: "save", run: saveNow },
    { id: "files", text: t.shell.showFiles, keys: ["Ctrl", "B"], icon: "panell", run: () => toggle("left") },
    { id: "variables", text: t.shell.showVariables, keys: ["Ctrl", "J"], icon: "panel", run: () => toggle("right") },
    { id: "terminal", text: t.shell.showTerminal, keys: ["Ctrl", "`"], icon: "term", run: () => toggle("terminal") },
    { id: "theme", text: t.shell.theme, icon: "theme", run: () => setTheme(otherTheme()) },
    { id: "lab", text: t.shell.lab, icon: "ext", run: () => void window.open(labAddress(activeTab()), "_blank", "noopener") },
    { id: "close", text: t.shell.close, icon: "x", run: () => shell.get().active !== null && closeTab(shell.get().active!) },
  ]);
}
