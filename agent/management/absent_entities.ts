/** Types of a real router of which there is never anything here; tools ask for them all the same. */

import { define, type EntityType, none } from "./entity_type.ts";

function nothing(type: string, ...attributes: readonly string[]): EntityType {
  return define<never>({
    type,
    facts: () => [],
    identity: () => "",
    attributes: Object.fromEntries(attributes.map((name) => [name, none])),
  });
}

/** Memory pools, automatic links, addresses and hosts with settings of their own. */
export const NOTHING: readonly EntityType[] = [
  nothing(
    "allocator",
    ...["typeName", "typeSize", "transferBatchSize", "localFreeListMax", "globalFreeListMax"],
    ...["totalAllocFromHeap", "totalFreeToHeap", "heldByThreads", "batchesRebalancedToThreads"],
    "batchesRebalancedToGlobal",
  ),
  nothing(
    "router.config.autoLink",
    ...["address", "direction", "containerId", "connection", "externalAddress", "linkRef", "operStatus", "lastError"],
  ),
  nothing("router.config.address", "prefix", "pattern", "distribution", "priority"),
  nothing("proxyProfile", "host", "port", "username"),
  nothing(
    "vhost",
    ...["hostname", "aliases", "maxConnections", "maxMessageSize", "maxConnectionsPerUser", "maxConnectionsPerHost"],
    ...["allowUnknownUser", "groups"],
  ),
  nothing(
    "vhostUserGroupSettings",
    ...["groupName", "users", "remoteHosts", "maxFrameSize", "maxMessageSize", "maxSessionWindow", "maxSessions"],
    ...["maxSenders", "maxReceivers", "allowDynamicSource", "allowAnonymousSender", "sources", "targets"],
  ),
];
