/** What the `system` commands have in common. */

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
