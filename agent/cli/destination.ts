/** What a user names as a destination: a router, or a routing key and with it those who serve it. */

import { TendrilError } from "../lib/errors.ts";
import { mobileKey } from "../router/address.ts";
import { type RouteReport, routeTo, serviceAt, type ServiceReport } from "../management/route_report.ts";
import type { Survey } from "../management/survey.ts";

/** A destination and the ways there. */
export interface Destination {
  /** As the user named it. */
  readonly name: string;
  /** Present for a routing key. */
  readonly service?: ServiceReport;
  /** One to each router that gets what is sent to it from here. */
  readonly routes: readonly RouteReport[];
}

/** `KEY|ROUTER` of commands. */
export const DESTINATION = {
  name: "destination",
  placeholder: "KEY|ROUTER",
  help: "A routing key, or a router's id; of the same name, the router.",
} as const;

/** Finds what `name` means. Throws NETWORK_UNKNOWN, NETWORK_UNTOLD and NETWORK_NO_WAY. */
export function destination(survey: Survey, name: string): Destination {
  const isRouter = survey.routers.some(({ id }) => id === name);
  // What is before and behind a key does not count on the way either.
  const service = isRouter ? undefined : serviceAt(survey, mobileKey(name).slice(1));
  if (!isRouter && service === undefined) throw unknown(survey, name);
  const routers = service === undefined ? [name] : service.chosen;
  const routes = routers.map((router) => routeTo(survey, router)).filter((route) => route !== undefined);
  if (routes.length === 0) {
    throw new TendrilError("NETWORK_NO_WAY", `no way leads to "${name}"`, {
      hint: "`tendril network status` shows which routers and links are missing.",
    });
  }
  return { name, ...(service === undefined ? {} : { service }), routes };
}

/** A router that is silent about itself may know what nobody else has named. */
function unknown({ routers }: Survey, name: string): TendrilError {
  const mute = routers.find(({ silent }) => silent !== null);
  if (mute === undefined) {
    return new TendrilError("NETWORK_UNKNOWN", `"${name}" is no router, and nobody serves a key of that name`, {
      hint: "`tendril network status` lists routers and addresses.",
    });
  }
  return new TendrilError("NETWORK_UNTOLD", `${mute.id} does not tell who serves "${name}": ${mute.silent}`, {
    hint: "Where a Policy refuses it, have it allow to consume `$management`; else see whether that router hangs.",
  });
}
