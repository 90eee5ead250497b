/* SPDX-License-Identifier: Apache-2.0 */
/* German, a file of its own that is fetched when it is chosen. */
import type { Words } from "../en";
import { account } from "./account";
import { adminSessions } from "./adminSessions";
import { audit } from "./audit";
import { budgets } from "./budgets";
import { catalogue } from "./catalogue";
import { common } from "./common";
import { create } from "./create";
import { home } from "./home";
import { invoices } from "./invoices";
import { list } from "./list";
import { queue } from "./queue";
import { signIn } from "./signIn";
import { starting } from "./starting";
import { stops } from "./stops";
import { usage } from "./usage";
import { workspace } from "./workspace";
import { workspaceFiles } from "./workspace-files";

export { forms } from "./forms";

export const words: Words = {
  ...common,
  ...signIn,
  ...queue,
  ...stops,
  ...list,
  ...create,
  ...starting,
  ...workspace,
  ...workspaceFiles,
  ...audit,
  ...budgets,
  ...usage,
  ...home,
  ...invoices,
  ...account,
  ...adminSessions,
  ...catalogue,
};
