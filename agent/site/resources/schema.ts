/** The parts that the schemas of several kinds share (control-plane 1.12). Unknown fields are accepted everywhere. */

import { z } from "zod";

const PORT_MAX = 65_535;

/** A port written as a number or a string. */
export const port = z.union([z.number(), z.string().regex(/^\d+$/, "must be a number").transform(Number)])
  .pipe(z.number().int().min(1, "must be 1 to 65535").max(PORT_MAX, "must be 1 to 65535"));

/** A host name, IPv4 or IPv6 address. */
export const host = z.string().regex(
  /^([A-Za-z0-9]+([-.][A-Za-z0-9]+)*|[0-9A-Fa-f:.]*:[0-9A-Fa-f:.]*)$/,
  "must be a host name or an IP address",
);

/** The name of a resource. */
export const name = z.string().regex(
  /^[a-z0-9]([-a-z0-9]*[a-z0-9])?$/,
  "must consist of lower-case letters, digits and dashes",
);

/** metadata of any kind. */
export const metadata = z.looseObject({ name, uid: z.string().optional() });

/** Free settings; numbers and booleans are taken as text. */
export const settings = z.record(z.string(), z.union([z.string(), z.number(), z.boolean()]).transform(String)).default(
  {},
);
