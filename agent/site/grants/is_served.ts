/** Does the running site redeem its tokens? Asked the way a redeemer asks, so that the answer is worth something. */

import { TendrilError } from "../../lib/errors.ts";
import { requestHttps } from "../../transport/http_client.ts";
import { localSocket } from "../local_access.ts";
import type { IssuedToken } from "./issue_token.ts";

/** Time a running site has to open its port, in ms: it looks for new tokens several times in that time. */
const LIMIT_MS = 5000;
const STEP_MS = 100;

/**
 * `not running` when the site in `dir` has no socket, `not asked` when this process may not connect; else whether the
 * server of the token answers.
 */
export async function isServed(
  dir: string,
  { url, ca }: Pick<IssuedToken, "url" | "ca">,
): Promise<"yes" | "no answer" | "not running" | "not asked"> {
  if (!await Deno.stat(localSocket(dir)).then(() => true, () => false)) return "not running";
  const target = new URL("/", url);
  const net = { name: "net", host: `${target.hostname}:${target.port || 443}` } as const;
  if ((await Deno.permissions.query(net)).state !== "granted") return "not asked";
  for (const deadline = performance.now() + LIMIT_MS; performance.now() < deadline;) {
    try {
      const request = { url: target, ca, method: "GET", headers: {}, body: new Uint8Array() } as const;
      await requestHttps({ ...request, maxBody: 1024, timeoutMs: LIMIT_MS });
      return "yes";
    } catch (error) {
      if (!(error instanceof TendrilError)) throw error;
      await new Promise((resolve) => setTimeout(resolve, STEP_MS));
    }
  }
  return "no answer";
}
