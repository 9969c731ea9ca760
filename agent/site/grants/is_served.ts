/** Does the running site redeem its tokens? Asked the way a redeemer asks, so that the answer is worth something. */

import { TendrilError } from "../../lib/errors.ts";
import { requestHttps } from "../../transport/http_client.ts";
import { localSocket } from "../local_access.ts";
import type { IssuedToken } from "./issue_token.ts";

/** Time a running site has to open its port, in ms: it looks for new tokens several times in that time. */
const LIMIT_MS = 5000;
const STEP_MS = 100;

/** What the running site answers. */
export interface Served {
  /** Whether it does. */
  readonly state: "yes" | "no answer" | "not running" | "not asked";
  /** SHA-256 of the program that it hands out, in hex; undefined where it has none. */
  readonly bundle?: string;
}

/**
 * `not running` when the site in `dir` has no socket, `not asked` when this process may not connect; else whether the
 * server of the token answers.
 */
export async function isServed(
  dir: string,
  { url, ca }: Pick<IssuedToken, "url" | "ca">,
): Promise<Served> {
  if (!await Deno.stat(localSocket(dir)).then(() => true, () => false)) return { state: "not running" };
  const target = new URL("/tendril.js.sha256", url);
  const net = { name: "net", host: `${target.hostname}:${target.port || 443}` } as const;
  if ((await Deno.permissions.query(net)).state !== "granted") return { state: "not asked" };
  for (const deadline = performance.now() + LIMIT_MS; performance.now() < deadline;) {
    try {
      const request = { url: target, ca, method: "GET", headers: {}, body: new Uint8Array() } as const;
      const { status, text } = await requestHttps({ ...request, maxBody: 1024, timeoutMs: LIMIT_MS });
      const bundle = status === 200 ? /^[0-9a-f]{64}/.exec(text)?.[0] : undefined;
      return { state: "yes", ...(bundle === undefined ? {} : { bundle }) };
    } catch (error) {
      if (!(error instanceof TendrilError)) throw error;
      await new Promise((resolve) => setTimeout(resolve, STEP_MS));
    }
  }
  return { state: "no answer" };
}
