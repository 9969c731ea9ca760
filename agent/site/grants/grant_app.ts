/**
 * What a site answers to those who redeem its tokens (control-plane 1.15): the routes, the words, and who has to wait.
 * Requests in, responses out; sockets and files are others' business.
 */

import { Hono } from "hono/tiny";
import { TendrilError } from "../../lib/errors.ts";
import { RateLimit } from "../../lib/rate_limit.ts";
import type { Logger } from "../../telemetry/log.ts";
import type { Bundle } from "./bundle.ts";
import { isResourceName } from "../resources/schema.ts";

/** Failed attempts that one address has at once. */
const FAILURES = 20;
/** Time until it has one more, in ms. */
const FAILURE_REFILL_MS = 3000;
/** Downloads of the program at once; who comes then is told to come again. */
const MAX_DOWNLOADS = 16;
/** Longest `subject`, in characters. */
const MAX_SUBJECT = 253;

/** Who redeems what. */
export interface Redemption {
  /** Uid of the grant. */
  readonly uid: string;
  /** As it came. */
  readonly code: Uint8Array;
  /** What Secret and Link are to be called; without one, as the grant. */
  readonly name: string | undefined;
  /** Whom the certificate is to be for; without one, {@link Redemption.name}. */
  readonly subject: string | undefined;
}

/** Redeems: the link file, or a `GRANT_*` or `SITE_*` error. */
export type Redeem = (redemption: Redemption) => Promise<string>;

/** What is known of a connection: the address of its peer as `host:port`. */
export type Peer = { readonly peer: string };

/** What answers at the port for tokens. */
export interface GrantApp {
  /** The answer to `request`; rejects for defects alone. */
  fetch(request: Request, peer: Peer): Response | Promise<Response>;
}

/** Answers requests. */
export interface GrantApp {
  /** The answer to `request` of `peer`. */
  fetch(request: Request, peer: Peer): Response | Promise<Response>;
}

const NO_BUNDLE = "this site has no tendril.js: run it from the bundle, or make one with `deno task bundle`\n";

/** What an error of each code is to HTTP; others are 500. The same as Skupper's controller answers. */
const STATUS: Readonly<Record<string, 400 | 403 | 404 | 503>> = {
  GRANT_REQUEST: 400,
  GRANT_CODE: 403,
  GRANT_UNKNOWN: 404,
  GRANT_EXPIRED: 404,
  GRANT_USED_UP: 404,
  GRANT_STORAGE: 503,
};

/** Makes the answers. `now` is in ms of a clock that goes forward; `bundle` is the program to hand out, if there is one. */
export function grantApp(
  redeem: Redeem,
  logger: Logger,
  now: () => number,
  bundle: () => Promise<Bundle | undefined>,
): GrantApp {
  const limit = new RateLimit(FAILURES, FAILURE_REFILL_MS);
  const charge = (address: string) => {
    limit.charge(address, now());
    if (limit.wait(address, now()) === 0) return;
    const fields = { code: "GRANT_RATE", peer: address, next: "See who this is; it has to wait a little now." };
    logger.warn("an address has failed to redeem tokens too often", fields);
  };
  const app = new Hono<{ Bindings: Peer }>();
  app.post("/:uid", async ({ req, env, text }) => {
    const address = env.peer.replace(/:\d+$/, "");
    const wait = limit.wait(address, now());
    if (wait > 0) {
      return text("too many attempts, wait a little [GRANT_RATE]\n", 429, {
        "retry-after": `${Math.ceil(wait / 1000)}`,
      });
    }
    try {
      const [name, subject] = [header(req.header("name")), header(req.header("subject"))];
      check(name, subject);
      const code = new Uint8Array(await req.arrayBuffer());
      const file = await redeem({ uid: req.param("uid"), code, name, subject });
      return text(file, 200, { "content-type": "application/yaml", "cache-control": "no-store" });
    } catch (error) {
      if (!(error instanceof TendrilError)) throw error;
      const status = STATUS[error.code] ?? 500;
      if (status < 500) charge(address);
      const fields = { code: error.code, grant: req.param("uid"), peer: env.peer, next: error.hint };
      logger.warn(`a token was not redeemed: ${error.message}`, fields);
      // What is wrong inside the site is its own business.
      return text(`${status < 500 ? error.message : "the site can't issue a link now"} [${error.code}]\n`, status);
    }
  });
  app.post("*", ({ text }) => text("there is no such grant [GRANT_UNKNOWN]\n", 404));
  let downloads = 0;
  app.get("/tendril.js", async ({ req, text, body }) => {
    const program = await bundle();
    if (program === undefined) return text(NO_BUNDLE, 404);
    const headers = { etag: `"sha256:${program.sha256}"`, "cache-control": "no-cache" };
    if (req.header("if-none-match") === headers.etag) return body(null, 304, headers);
    const told = { ...headers, "content-type": "text/javascript; charset=utf-8", "content-length": `${program.size}` };
    if (req.raw.method === "HEAD") return body(null, 200, told);
    if (downloads >= MAX_DOWNLOADS) return text("too many downloads, come again\n", 503, { "retry-after": "1" });
    downloads++;
    return body(whenOver(await program.open(), () => downloads--), 200, told);
  });
  app.get("/tendril.js.sha256", async ({ text }) => {
    const program = await bundle();
    return program === undefined ? text(NO_BUNDLE, 404) : text(`${program.sha256}  tendril.js\n`);
  });
  app.all("*", ({ text }) => text("Only POST is supported\n", 405, { allow: "POST" }));
  return app;
}

/** The same octets; `over` is called once, when they were read or are not wanted any more. */
function whenOver(octets: ReadableStream<Uint8Array>, over: () => void): ReadableStream<Uint8Array> {
  const reader = octets.getReader();
  return new ReadableStream({
    async pull(controller) {
      try {
        const { done, value } = await reader.read();
        if (!done) return controller.enqueue(value);
        controller.close();
      } catch (error) {
        controller.error(error);
      }
      over();
    },
    async cancel(reason) {
      over();
      await reader.cancel(reason);
    },
  });
}

function header(value: string | undefined): string | undefined {
  return value === undefined || value === "" ? undefined : value;
}

function check(name: string | undefined, subject: string | undefined): void {
  const fault = name !== undefined && !isResourceName(name)
    ? "the field 'name' is no name for a link"
    : subject !== undefined && (subject.length > MAX_SUBJECT || !/^[\x20-\x7e]+$/.test(subject))
    ? "the field 'subject' is too long or has strange characters"
    : undefined;
  if (fault === undefined) return;
  throw new TendrilError("GRANT_REQUEST", fault, {
    hint: "Name the token in lower-case letters, digits, dashes and dots.",
  });
}
