/* SPDX-License-Identifier: Apache-2.0 */
/* English: the language that says which words there are. Another has the same keys and the same placeholders. */
import { common } from "./common";
import { signIn } from "./signIn";
import { queue } from "./queue";
import { stops } from "./stops";
import { list } from "./list";
import { create } from "./create";
import { starting } from "./starting";
import { workspace } from "./workspace";
import { workspaceFiles } from "./workspace-files";
import { audit } from "./audit";
import { budgets } from "./budgets";
import { usage } from "./usage";
import { home } from "./home";
import { invoices } from "./invoices";
import { account } from "./account";
import { adminSessions } from "./adminSessions";
import { catalogue } from "./catalogue";

export const en = {
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

export type Words = typeof en;
