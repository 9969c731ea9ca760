/**
 * One HTTPS request to a server of which nothing is known but its address and its CA: the peer is judged as that of a
 * link is, before a byte is sent. Redirects are not followed.
 */

import { TendrilError } from "../lib/errors.ts";
import type { Channel } from "./channel.ts";
import { dial } from "./dial.ts";
import { BodyReader, framingOf, TooLargeError } from "./http_body.ts";
import { HeadError, HeadReader, statusOf } from "./http_head.ts";
import { formatAddress, type TcpTarget } from "./tcp_connect.ts";
import { timeoutError } from "./link_error.ts";

/** What is asked, and of whom. */
export interface HttpsRequest {
  /** Must be `https:`. */
  readonly url: URL;
  /** The only CA that may vouch for the server, PEM. */
  readonly ca: string;
  /** Of the request. */
  readonly method: "GET" | "POST";
  /** Fields besides those that every request has; values without line breaks. */
  readonly headers: Readonly<Record<string, string>>;
  /** Of the request. */
  readonly body: Uint8Array;
  /** Largest answer taken, in octets. */
  readonly maxBody: number;
  /** For connecting, and again for the exchange, in milliseconds. */
  readonly timeoutMs: number;
  /** Resolves a name to addresses; for tests. */
  readonly resolve?: NonNullable<TcpTarget["resolve"]>;
}

/** What came back. */
export interface HttpsAnswer {
  /** Of the response. */
  readonly status: number;
  /** The body, read as UTF-8. */
  readonly text: string;
}

/**
 * Asks. Throws a `LINK_*` error when the server can't be reached or is not the right one, and HTTP_ANSWER when what it
 * answers is not HTTP, or too much, or is cut off, or never comes.
 */
export async function requestHttps(request: HttpsRequest): Promise<HttpsAnswer> {
  const { url, ca, timeoutMs, resolve } = request;
  const host = url.hostname.replace(/^\[|\]$/g, "");
  const port = url.port === "" ? 443 : Number(url.port);
  const way = { host, port, tls: { ca }, websocket: false, timeoutMs };
  const channel = await dial(resolve === undefined ? way : { ...way, resolve }, new AbortController().signal);
  return await exchange(channel, request, formatAddress(host, port));
}

function exchange(channel: Channel, request: HttpsRequest, peer: string): Promise<HttpsAnswer> {
  return new Promise((resolve, reject) => {
    const head = new HeadReader("HTTP/1.");
    let status = 0;
    let body: BodyReader | undefined;
    let failure: TendrilError | undefined;
    const fail = (error: TendrilError) => {
      failure ??= error;
      channel.destroy();
    };
    const guard = (action: () => void) => {
      try {
        action();
      } catch (error) {
        if (!(error instanceof HeadError || error instanceof TooLargeError)) throw error;
        fail(
          new TendrilError("HTTP_ANSWER", `The answer of ${peer} can't be used: ${error.message}.`, {
            hint: "Check the address; something else may be answering there.",
          }),
        );
      }
    };
    const timer = setTimeout(
      () => fail(lost(peer, timeoutError(peer, "The request", request.timeoutMs))),
      request.timeoutMs,
    );
    channel.start({
      onData: (chunk) =>
        guard(() => {
          let rest = chunk;
          if (body === undefined) {
            const found = head.push(chunk);
            if (found === undefined) return;
            status = statusOf(found.head.startLine);
            body = new BodyReader(framingOf(found.head, "close"), request.maxBody);
            rest = found.rest;
          }
          body.push(rest);
          if (body.done) channel.close();
        }),
      onClose: (error) => {
        clearTimeout(timer);
        if (failure === undefined && body?.done !== true) {
          if (error !== undefined) failure = lost(peer, error);
          else guard(() => body === undefined ? cutOff() : body.end());
        }
        if (failure !== undefined) reject(failure);
        else resolve({ status, text: new TextDecoder().decode(body?.bytes()) });
      },
    });
    channel.write(encode(request, peer), () => {});
  });
}

/** The request may have had its effect: that makes the difference to a server that was not reached. */
function lost(peer: string, cause: TendrilError): TendrilError {
  return new TendrilError("HTTP_ANSWER", `The answer of ${peer} did not come.`, {
    cause,
    hint: "See the log of the other side.",
  });
}

function cutOff(): never {
  throw new HeadError("the connection ended before it");
}

function encode({ url, method, headers, body }: HttpsRequest, peer: string): Uint8Array {
  const fields = { host: peer, ...headers, "content-length": `${body.length}`, connection: "close" };
  const lines = Object.entries(fields).map(([name, value]) => `${name}: ${value.replace(/[^\t\x20-\x7e]/g, "?")}\r\n`);
  const head = new TextEncoder().encode(`${method} ${url.pathname}${url.search} HTTP/1.1\r\n${lines.join("")}\r\n`);
  const all = new Uint8Array(head.length + body.length);
  all.set(head);
  all.set(body, head.length);
  return all;
}
