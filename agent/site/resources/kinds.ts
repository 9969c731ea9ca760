/** One schema per kind of resource that a site is made of (Skupper v2alpha1; control-plane 1.1 to 1.6, 1.13). */

import { z } from "zod";
import { host, metadata, port, settings } from "./schema.ts";

/** The site itself. */
export const siteResource = z.looseObject({
  metadata,
  spec: z.looseObject({ edge: z.boolean().default(false), linkAccess: z.string().default("") }).default({
    edge: false,
    linkAccess: "",
  }),
});

/** A local port for a routing key. */
export const listenerResource = z.looseObject({
  metadata,
  spec: z.looseObject({ routingKey: z.string().min(1), host, port, type: z.literal("tcp").default("tcp") }),
});

/** A local target for a routing key. */
export const connectorResource = z.looseObject({
  metadata,
  spec: z.looseObject({
    routingKey: z.string().min(1),
    host: host.optional(),
    port,
    type: z.literal("tcp").default("tcp"),
  }),
});

/** An outbound link. */
export const linkResource = z.looseObject({
  metadata,
  spec: z.looseObject({
    endpoints: z.array(z.looseObject({
      name: z.enum(["inter-router", "edge"]),
      host,
      port,
      group: z.string().default(""),
    })).min(1),
    tlsCredentials: z.string().min(1),
    cost: z.number().int().default(1).transform((cost) => Math.max(1, cost)),
    settings,
  }),
});

/** A port for other routers or clients. */
export const routerAccessResource = z.looseObject({
  metadata,
  spec: z.looseObject({
    roles: z.array(z.looseObject({ name: z.enum(["inter-router", "edge", "normal"]), port: port.optional() })).min(1),
    tlsCredentials: z.string().optional(),
    bindHost: z.string().default(""),
    settings,
  }),
});

/** Named values, base64 in `data` and plain in `stringData`. */
export const secretResource = z.looseObject({
  metadata,
  data: z.record(z.string(), z.string()).default({}),
  stringData: z.record(z.string(), z.string()).default({}),
});
