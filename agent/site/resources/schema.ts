/**
 * The parts that the schemas of several kinds share (control-plane 1.0, 1.12). Unknown fields are accepted everywhere,
 * with a warning; `field` says what becomes of the known ones.
 */

import { isIP } from "node:net";
import { z } from "zod";
import { isHostName } from "../../lib/host_name.ts";
import { isInnerAddress } from "../../router/address.ts";
import type { AccessLog } from "../http_route_spec.ts";

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
  /** What it is for, as a full sentence. */
  readonly summary: string;
  /** Why Tendril accepts the kind and does not use it, as a full sentence; absent for kinds that act. */
  readonly unused?: string;
}

/** What becomes of a field: it is used, it is accepted with a warning that it has no effect, or it is an error. */
export type Support = "acting" | "warned" | "refused";

/** What JSON Schema says about {@link field}, in words of ours. */
export const SUPPORT_KEY = "x-tendril";
/** Values of a `warned` field that ask for no more than Tendril does: nothing is said about them. */
export const QUIET_KEY = "x-tendril-quiet";

/** `schema` as a field of a resource; `description` is a phrase or sentence for people, without a stop at its end. */
export function field<S extends z.ZodType>(
  schema: S,
  support: Support,
  description: string,
  quiet: readonly unknown[] = [],
): S {
  const silent = quiet.length === 0 ? {} : { [QUIET_KEY]: quiet };
  return schema.meta({ description, [SUPPORT_KEY]: support, ...silent });
}

/** apiVersion of Skupper's resources. */
export const SKUPPER_API = "skupper.io/v2alpha1";
/** apiVersion of the resources that Skupper lacks. */
export const TENDRIL_API = "tendril.dev/v1alpha1";

const PORT_MAX = 65_535;
const NAME_MAX = 253;
const NAME_PART = "[a-z0-9]([-a-z0-9]*[a-z0-9])?";
/** As Kubernetes has it. Names are those of files, too: no part is empty, so none leads out of a folder. */
const NAME = new RegExp(`^${NAME_PART}(\\.${NAME_PART})*$`);
const UUID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i;

/** True for what may be the name of a resource. */
export function isResourceName(text: string): boolean {
  return text.length <= NAME_MAX && NAME.test(text);
}

/** True for a host name, an IPv4 or an IPv6 address (without brackets). */
export function isHost(text: string): boolean {
  return isIP(text) !== 0 || isHostName(text);
}

const NO_PORT = "must be a port, 1 to 65535";
const numberOrText = z.union([z.number(), z.string()], {
  error: ({ input }) => input === undefined ? "is missing" : NO_PORT,
});

/** A port, 1 to 65535, written as a number or a string. */
export const port = numberOrText.transform(toPort);

/** The same; undefined when it is absent, null or 0. */
export const optionalPort = numberOrText.nullish().transform((value, context) => {
  return value === undefined || value === null || value === 0 ? undefined : toPort(value, context);
});

function toPort(value: number | string, context: z.RefinementCtx): number {
  const number = typeof value === "string" && /^\d{1,5}$/.test(value) ? Number(value) : value;
  if (typeof number === "number" && Number.isInteger(number) && number >= 1 && number <= PORT_MAX) return number;
  context.addIssue({ code: "custom", message: NO_PORT });
  return z.NEVER;
}

/** A host name or address. */
export const host = z.string().refine(isHost, "must be a host name or an IP address");

/** The name of a resource. */
export const name = z.string().refine(
  isResourceName,
  "must consist of lower-case letters, digits, dashes and dots, with a letter or digit at either end and beside each dot",
);

/** What is wrong with a routing key that is an inner address of routers. */
export const NO_ROUTING_KEY =
  "must not be an address of the routers themselves: $…, _$…, _topo, _edge, _local and _tendril";

/** The address of a service in the network. */
export const routingKey = z.string().min(1).refine((key) => !isInnerAddress(key), NO_ROUTING_KEY);

/** A text that may be absent, null or empty; then it is empty. */
export const optionalText = z.string().nullish().transform((text) => text ?? "");

/** True or false; `otherwise` when it is absent or null. */
export function flag(otherwise: boolean) {
  return z.boolean().nullish().transform((value) => value ?? otherwise);
}

/** metadata of any kind. */
export const metadata = z.looseObject({
  name: field(name, "acting", "Name of the resource, unique for its kind in the folder"),
  namespace: field(optionalText, "warned", "All resources of a folder make one site; a resource of another is told of"),
});

/** metadata of a Site. */
export const siteMetadata = metadata.extend({
  uid: field(
    z.string().regex(UUID, "must be a UUID").nullish().transform((uid) => uid?.toLowerCase()),
    "acting",
    "Stable id of the site; without one it is made from the name",
  ),
});

const settingText = z.union([z.string(), z.number(), z.boolean()], "must be text").transform(String);

/** Free settings of which none is used; numbers and booleans are taken as text. */
export const settings = z.record(z.string(), settingText).nullish().transform((map) => map ?? {});

/** One setting that is known; to be given to {@link settingsOf}. */
export const setting = settingText.nullish().transform((text) => text ?? "");

/** Free settings of which `known` are. */
export function settingsOf<const K extends Readonly<Record<string, z.ZodType<string | undefined>>>>(known: K) {
  return z.object(known).partial().catchall(settingText).nullish();
}

/** Setting of Sites and Listeners: whether a line is logged for each HTTP request. */
export const ACCESS_LOG_SETTING = "tendril.access-log";
/** Its values; undefined where nothing is said. */
export const accessLogSetting = z.enum(["off", "path", "query", ""]).nullish()
  .transform((form): AccessLog | undefined => form === "" || form === null ? undefined : form);

/** A field that is accepted, whatever it is meant for: on Kubernetes, or in Skupper's own router. */
export const unusedText = z.string().nullish();
/** The same for a field that is true or false. */
export const unusedFlag = z.boolean().nullish();
