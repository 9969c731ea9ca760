/** What is spoken at a routing key, as the resources of a site say it. */

import type { ListenerSpec, MultiKeyListenerSpec, SiteSpec } from "../spec.ts";

/** What Listeners and Connectors speak that name no type. */
const TCP = "tcp";

/** The type of whatever leads to `key` or serves it at this site; undefined where nothing does. */
export function protocolOf(spec: SiteSpec, key: string): string | undefined {
  const { listeners, connectors, multiKeyListeners = [] } = spec;
  const service = connectors.find(({ routingKey }) => routingKey === key) ??
    listeners.find((listener) => leadsTo(listener, spec, key));
  if (service !== undefined) return service.protocol ?? TCP;
  return multiKeyListeners.some((listener) => keysOf(listener).includes(key)) ? TCP : undefined;
}

/** Its own routing key is one of those to which a Listener leads; its subjects and its HttpRoutes name others. */
function leadsTo({ name, routingKey, subjects = [] }: ListenerSpec, { routes = [] }: SiteSpec, key: string): boolean {
  const backends = routes.filter(({ listeners }) => listeners.includes(name))
    .flatMap(({ rules }) => rules.flatMap(({ backends }) => backends));
  return routingKey === key || [...subjects, ...backends].some((each) => each.routingKey === key);
}

function keysOf({ strategy }: MultiKeyListenerSpec): readonly string[] {
  return strategy.kind === "priority" ? strategy.keys : Object.keys(strategy.weights);
}
