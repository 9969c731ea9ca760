/** Every command of `tendril`, in the order in which help lists them. */

import type { Command } from "./command.ts";
import { adaptorBuild } from "./commands/adaptor_build.ts";
import { adaptorInspect } from "./commands/adaptor_inspect.ts";
import { adaptorList } from "./commands/adaptor_list.ts";
import { adaptorNew } from "./commands/adaptor_new.ts";
import { adaptorPush } from "./commands/adaptor_push.ts";
import { adaptorSign } from "./commands/adaptor_sign.ts";
import { adaptorTest } from "./commands/adaptor_try.ts";
import { adaptorVerify } from "./commands/adaptor_verify.ts";
import { apply } from "./commands/apply.ts";
import { completionCommands } from "./commands/completion.ts";
import { connectorCommands } from "./commands/connector.ts";
import { deleteCommand } from "./commands/delete.ts";
import { certificateImport } from "./commands/certificate_import.ts";
import { certificateRenew } from "./commands/certificate_renew.ts";
import { certificateRevoke } from "./commands/certificate_revoke.ts";
import { certificateRotateCa } from "./commands/certificate_rotate_ca.ts";
import { certificateStatus } from "./commands/certificate_status.ts";
import { debugCheck } from "./commands/debug_check.ts";
import { debugDump } from "./commands/debug_dump.ts";
import { debugEvents } from "./commands/debug_events.ts";
import { demo } from "./commands/demo.ts";
import { explain } from "./commands/explain.ts";
import { expose } from "./commands/expose.ts";
import { forward } from "./commands/forward.ts";
import { linkCommands } from "./commands/link.ts";
import { linkGenerate } from "./commands/link_generate.ts";
import { listenerCommands } from "./commands/listener.ts";
import { multiKeyListenerCommands } from "./commands/multikeylistener.ts";
import { networkPath } from "./commands/network_path.ts";
import { networkStatus } from "./commands/network_status.ts";
import { ping } from "./commands/ping.ts";
import { plan } from "./commands/plan.ts";
import { reload } from "./commands/reload.ts";
import { run } from "./commands/run.ts";
import { siteCommands } from "./commands/site.ts";
import { siteCreate } from "./commands/site_create.ts";
import { status } from "./commands/status.ts";
import { systemBundle } from "./commands/system_bundle.ts";
import { systemCommands } from "./commands/system_control.ts";
import { systemNamespaces } from "./commands/system_namespaces.ts";
import { systemInstall } from "./commands/system_install.ts";
import { tokenDelete } from "./commands/token_delete.ts";
import { tokenInspect } from "./commands/token_inspect.ts";
import { tokenIssue } from "./commands/token_issue.ts";
import { tokenRedeem } from "./commands/token_redeem.ts";
import { tokenStatus } from "./commands/token_status.ts";
import { version } from "./commands/version.ts";
import { withNamespace } from "./namespace.ts";

/** The command table: it drives parsing, help, did-you-mean and the documentation tests. */
export const commands: readonly Command[] = [
  demo,
  expose,
  forward,
  siteCreate,
  ...siteCommands,
  linkGenerate,
  ...linkCommands,
  ...listenerCommands,
  ...multiKeyListenerCommands,
  ...connectorCommands,
  tokenIssue,
  tokenRedeem,
  tokenInspect,
  tokenStatus,
  tokenDelete,
  certificateStatus,
  certificateImport,
  certificateRenew,
  certificateRotateCa,
  certificateRevoke,
  run,
  plan,
  apply,
  deleteCommand,
  reload,
  status,
  systemInstall,
  ...systemCommands,
  systemNamespaces,
  systemBundle,
  networkStatus,
  networkPath,
  ping,
  debugCheck,
  debugDump,
  debugEvents,
  adaptorList,
  adaptorNew,
  adaptorBuild,
  adaptorInspect,
  adaptorTest,
  adaptorSign,
  adaptorVerify,
  adaptorPush,
  explain,
  ...completionCommands,
  version,
].map(withNamespace);
