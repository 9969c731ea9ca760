/** The parts that the schemas of several kinds share (control-plane 1.0, 1.12). Unknown fields are accepted everywhere. */

import { isIP } from "node:net";
import { z } from "zod";
import { isHostName } from "../../lib/host_name.ts";

/** How one kind of resource is recognized, checked and explained. */
export interface ResourceKind<S extends z.ZodType> {
  /** `kind` of the documents. */
  readonly kind: string;
  /** `apiVersion` of the documents. */
  readonly apiVersion: string;
  /** What a document must look like, and what it is turned into. */
  readonly schema: S;
  /** What a correct one has, as a full sentence. */
  readonly hint: string;
}

/** apiVersion of Skupper's resources. */
export const SKUPPER_API = "skupper.io/v2alpha1";

const PORT_MAX = 65_535;
const NAME_MAX = 253;
const NAME = /^[a-z0-9]([-a-z0-9]*[a-z0-9])?$/;
const UUID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i;

/** True for what may be the name of a resource. */
export function isResourceName(text: string): boolean {
  return text.length <= NAME_MAX && NAME.test(text);
}

/** True for a host name, an IPv4 or an IPv6 address (without brackets). */
export function isHost(text: string): boolean {
  return isIP(text) !== 0 || isHostName(text);
}

/** A port, 1 to 65535, written as a number or a string. */
export const port = z.unknown().transform(toPort);

/** The same; undefined when it is absent, null or 0. */
export const optionalPort = z.unknown().transform((value, context) => {
  return value === undefined || value === null || value === 0 ? undefined : toPort(value, context);
}).optional();

function toPort(value: unknown, context: z.RefinementCtx): number {
  const number = typeof value === "string" && /^\d{1,5}$/.test(value) ? Number(value) : value;
  if (typeof number === "number" && Number.isInteger(number) && number >= 1 && number <= PORT_MAX) return number;
  context.addIssue({ code: "custom", message: value === undefined ? "is missing" : "must be a port, 1 to 65535" });
  return z.NEVER;
}

/** A host name or address. */
export const host = z.string().refine(isHost, "must be a host name or an IP address");

/** The name of a resource. */
export const name = z.string().refine(
  isResourceName,
  "must consist of lower-case letters, digits and dashes, with no dash at either end",
);

/** A text that may be absent, null or empty; then it is empty. */
export const optionalText = z.string().nullish().transform((text) => text ?? "");

/** metadata of any kind. */
export const metadata = z.looseObject({ name, namespace: optionalText });

/** metadata of a Site. */
export const siteMetadata = metadata.extend({
  uid: z.string().regex(UUID, "must be a UUID").nullish().transform((uid) => uid?.toLowerCase()),
});

/** Free settings; numbers and booleans are taken as text. */
export const settings = z.record(
  z.string(),
  z.union([z.string(), z.number(), z.boolean()], "must be text").transform(String),
).nullish().transform((map) => map ?? {});

/** Credentials where Tendril can't use them; to pass over them would serve in the clear what was meant to be TLS. */
export const noTls = z.string().nullish().refine(
  (name) => name === undefined || name === null || name === "",
  "is not supported here: Tendril carries the connection as it comes",
);
