/** Reads the ports for links that were chosen for a site, from the file in its folder. */

import { TendrilError } from "../../lib/errors.ts";
import { LINK_PORTS, type LinkPorts } from "../port_access.ts";
import { shown } from "../problems.ts";

/** Name of the file. */
export const LINK_PORTS_FILE = "link-ports.txt";

/** Undefined where none were chosen. Throws SITE_INVALID for a file that says anything else. */
export async function readLinkPorts(dir: string): Promise<LinkPorts | undefined> {
  const path = `${dir.replace(/\/+$/, "")}/${LINK_PORTS_FILE}`;
  let text: string;
  try {
    text = await Deno.readTextFile(path);
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return undefined;
    throw error;
  }
  const ports: Record<string, number> = {};
  for (const [index, line] of text.split("\n").entries()) {
    if (/^\s*(#.*)?$/.test(line)) continue;
    const [, role = "", digits = ""] = /^(\S+) (\d{1,5})\s*$/.exec(line) ?? [];
    const port = Number(digits);
    if (!Object.hasOwn(LINK_PORTS, role) || port < 1 || port > 65_535) {
      throw new TendrilError("SITE_INVALID", `${path}:${index + 1}: ${shown(line)} is no role with its port`, {
        hint: `Write ${Object.entries(LINK_PORTS).map((entry) => entry.join(" ")).join(" and ")}, or remove the file.`,
      });
    }
    ports[role] = port;
  }
  return { ...LINK_PORTS, ...ports };
}
