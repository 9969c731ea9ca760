/** Secret: named values, base64 in `data` and plain in `stringData`; its type says nothing (control-plane 1.13). */

import { z } from "zod";
import { field, metadata, type ResourceKind, unusedFlag, unusedText } from "./schema.ts";

const values = z.record(z.string(), z.string().nullish().transform((value) => value ?? "")).nullish()
  .transform((map) => map ?? {});

const schema = z.looseObject({
  metadata,
  data: field(values, "acting", "Values in base64, such as ca.crt, tls.crt and tls.key"),
  stringData: field(values, "acting", "Values as they are"),
  type: field(unusedText, "warned", "Says nothing: the keys count", [
    "kubernetes.io/tls",
    "kubernetes.io/basic-auth",
    "Opaque",
  ]),
  immutable: field(unusedFlag, "warned", "Protection on Kubernetes"),
});

/** See the head of the file. */
export const secretKind: ResourceKind<typeof schema> = {
  kind: "Secret",
  apiVersion: "v1",
  schema,
  hint: "A Secret has a map of texts in data, as base64, or in stringData, as they are.",
  summary: "Named values: credentials of links and ports, and of proxies.",
};
