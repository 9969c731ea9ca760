/** What the `system` commands have in common. */

import { usage } from "../args.ts";
import type { PermissionNeed } from "../permissions.ts";

/** `--system`. */
export const SYSTEM_FLAG = { kind: "switch", help: "A unit of the machine, not of the user." } as const;

/** `--unit-folder`. */
export const UNIT_FOLDER_FLAG = {
  kind: "text",
  placeholder: "DIR",
  help: "Where the unit is; else ~/.config/systemd/user, with --system /etc/systemd/system.",
} as const;

/** `--name`. */
export const UNIT_NAME_FLAG = {
  kind: "text",
  placeholder: "UNIT",
  help: "Which unit, tendril-UNIT.service; else it has the name of the namespace, or of a site that is in none.",
} as const;

/** What stands in a unit's name besides that, of 255 characters at most (systemd.unit(5)). */
const UNIT_NAME = /^[A-Za-z0-9:_.\\-]{1,239}$/;

/** Throws USAGE_FLAG_VALUE where `--name` of `command` says what systemd takes for no name. */
export function checkUnitName(name: string | undefined, command: string): void {
  if (name === undefined || UNIT_NAME.test(name)) return;
  const reason = `--name ${JSON.stringify(name)} is no name of a unit`;
  throw usage("USAGE_FLAG_VALUE", reason, command, "Use letters, digits, and of other characters : - _ . alone.");
}

/** To see whose unit it is. */
export const UNITS_READ: PermissionNeed = {
  kind: "read",
  scope: "UNITS",
  why: "to see that the unit of that name is not of another site",
  optional: true,
};

/** To find the units of the user. */
export const HOME: PermissionNeed = {
  kind: "sys",
  scope: "homedir",
  why: "to find the folder of units; not with --unit-folder or --system",
  optional: true,
};

/** To talk to systemd. */
export const SYSTEMCTL: PermissionNeed = {
  kind: "run",
  scope: "systemctl",
  why: "to tell systemd; without it the line to type is told",
  optional: true,
};
