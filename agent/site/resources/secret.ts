/** Secret: named values, base64 in `data` and plain in `stringData`; its type says nothing (control-plane 1.13). */

import { z } from "zod";
import { metadata, type ResourceKind } from "./schema.ts";

const values = z.record(z.string(), z.string().nullish().transform((value) => value ?? "")).nullish()
  .transform((map) => map ?? {});

const schema = z.looseObject({ metadata, data: values, stringData: values });

/** See the head of the file. */
export const secretKind: ResourceKind<typeof schema> = {
  kind: "Secret",
  apiVersion: "v1",
  schema,
  hint: "A Secret has a map of texts in data, as base64, or in stringData, as they are.",
};
