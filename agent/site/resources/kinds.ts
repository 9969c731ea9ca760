/** Every kind of resource that a folder may hold, in the order in which people are told of them. */

import type { z } from "zod";
import { declaredGrantKind } from "./access_grant.ts";
import { accessTokenKind } from "./access_token.ts";
import { adaptorKind } from "./adaptor.ts";
import { certificateKind } from "./certificate.ts";
import { connectorKind } from "./connector.ts";
import { httpRouteKind } from "./http_route.ts";
import { KUBERNETES_KINDS } from "./kubernetes_kinds.ts";
import { linkKind } from "./link.ts";
import { listenerKind } from "./listener.ts";
import { multiKeyListenerKind } from "./multi_key_listener.ts";
import { policyKind } from "./policy.ts";
import { routerAccessKind } from "./router_access.ts";
import type { ResourceKind } from "./schema.ts";
import { secretKind } from "./secret.ts";
import { siteKind } from "./site.ts";

/** See the head of the file. */
export const KINDS: readonly ResourceKind<z.ZodType>[] = [
  siteKind,
  listenerKind,
  connectorKind,
  linkKind,
  routerAccessKind,
  policyKind,
  declaredGrantKind,
  accessTokenKind,
  secretKind,
  certificateKind,
  adaptorKind,
  httpRouteKind,
  multiKeyListenerKind,
  ...KUBERNETES_KINDS,
];
