/** Site: the site itself, exactly one per folder (control-plane 1.1). */

import { z } from "zod";
import {
  ACCESS_LOG_SETTING,
  accessLogSetting,
  field,
  optionalText,
  type ResourceKind,
  setting,
  settingsOf,
  siteMetadata,
  SKUPPER_API,
  unusedFlag,
  unusedText,
} from "./schema.ts";

const unusedSetting = (description: string) => field(setting, "warned", description);

const schema = z.looseObject({
  metadata: siteMetadata,
  spec: z.looseObject({
    edge: field(unusedFlag, "acting", "True for an edge, which links out and accepts no links; else an interior"),
    linkAccess: field(
      optionalText,
      "acting",
      "Anything but none: links are accepted, by a RouterAccess, else at ports 55671 and 45671 of all addresses",
    ),
    ha: field(unusedFlag, "warned", "A second router on Kubernetes; a folder runs one"),
    defaultIssuer: field(
      optionalText,
      "acting",
      "Name of the Secret with the authority of the site, which is made if it is not there; else skupper-site-ca",
    ),
    serviceAccount: field(unusedText, "warned", "Account on Kubernetes"),
    settings: settingsOf({
      [ACCESS_LOG_SETTING]: field(
        accessLogSetting,
        "acting",
        "A line of log for each HTTP request at Listeners: off, the default; path; or query, with that; Tendril's own",
      ),
      "router-data-connection-count": unusedSetting("Tendril opens one data connection for each link"),
      routerDataConnections: unusedSetting("The same by another name"),
      "router-logging": unusedSetting("The log is set by --log-level"),
      routerLogging: unusedSetting("The same by another name"),
      "tls-prior-valid-revisions": unusedSetting("How long old certificates are good for on Kubernetes"),
      "disable-anti-affinity": unusedSetting("Placement on Kubernetes"),
      size: unusedSetting("Size on Kubernetes"),
      ingressClassName: unusedSetting("Ingress on Kubernetes"),
    }),
  }).nullish(),
});

/** See the head of the file. */
export const siteKind: ResourceKind<typeof schema> = {
  kind: "Site",
  apiVersion: SKUPPER_API,
  schema,
  hint: "A Site has metadata.name, may have metadata.uid, and spec.edge is true or false.",
  summary: "The site itself: its name and what it is to others. A folder has exactly one.",
};
