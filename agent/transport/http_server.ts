/**
 * A small HTTPS server for strangers: one request per connection, everything about it bounded. In: a handler from
 * `Request` to `Response`. The runtime's own server keeps idle connections and slow heads for ever and takes any number
 * of them, and they would eat the descriptors that links need.
 */

import { messageOf, TendrilError } from "../lib/errors.ts";
import { accept, type Acceptor, acceptThrough, type OnRefused } from "./accept.ts";
import type { Channel, TlsCredentials } from "./channel.ts";
import { readCredentials } from "./credentials.ts";
import { BodyReader, framingOf, TooLargeError } from "./http_body.ts";
import { HeadError, HeadReader, type HttpHead } from "./http_head.ts";
import { publicGate } from "./public_tls.ts";
import { SocketChannel } from "./socket_channel.ts";

/** What is served, and within which bounds. */
export interface HttpServerOptions {
  /** Address or name to bind. */
  readonly host: string;
  /** 0 lets the system choose. */
  readonly port: number;
  /** Who we are. */
  readonly tls: TlsCredentials;
  /** Connections open at once; more are closed as they come. */
  readonly maxConnections: number;
  /** The same for one address. */
  readonly maxPerAddress: number;
  /** Largest body taken, in octets. */
  readonly maxBody: number;
  /** Deadline for the handshake, again for the whole request, and again for taking the answer, in milliseconds. */
  readonly timeoutMs: number;
}

/** Answers a request of the client at `peer` (`host:port`); what it throws becomes a 500 without a word more. */
export type HttpHandler = (request: Request, peer: string) => Promise<Response>;

/**
 * Opens a port. `onRefused` hears of connections and requests that came to nothing, with the codes of `accept.ts` or
 * HTTP_REQUEST, HTTP_HANDLER. Throws ACCEPT_PORT and LINK_TLS_CREDENTIALS.
 */
export async function serveHttps(
  options: HttpServerOptions,
  handler: HttpHandler,
  onRefused: OnRefused,
): Promise<Acceptor> {
  const open = new Set<Exchange>();
  const acceptor = await acceptThrough(
    (tls: TlsCredentials = options.tls, admit, refuse) => {
      readCredentials(tls);
      const gate = { tls, handshakeTimeoutMs: options.timeoutMs, minVersion: "TLSv1.3" } as const;
      return publicGate(gate, (socket, peer) => new SocketChannel(socket, peer), admit, refuse);
    },
    options,
    (channel: SocketChannel) => {
      const exchange = new Exchange(channel, options, handler, onRefused, () => open.delete(exchange));
      open.add(exchange);
      exchange.start();
    },
    onRefused,
  );
  return untilAnswered(acceptor, open);
}

/** The same without TLS, on loopback alone. Throws ACCEPT_PORT and ACCEPT_PLAIN_REMOTE. */
export async function serveHttp(
  options: Omit<HttpServerOptions, "tls">,
  handler: HttpHandler,
  onRefused: OnRefused,
): Promise<Acceptor> {
  const open = new Set<Exchange>();
  const port = { ...options, handshakeTimeoutMs: options.timeoutMs, websocket: false };
  const acceptor = await accept(port, (channel) => {
    const exchange = new Exchange(channel, options, handler, onRefused, () => open.delete(exchange));
    open.add(exchange);
    exchange.start();
  }, onRefused);
  return untilAnswered(acceptor, open);
}

/** `acceptor`, which closes when what is being answered was: it may have had its effect already. */
function untilAnswered(acceptor: Acceptor, open: ReadonlySet<Exchange>): Acceptor {
  return {
    host: acceptor.host,
    port: acceptor.port,
    get connections() {
      return acceptor.connections;
    },
    renew: (tls) => acceptor.renew(tls),
    async close() {
      const closed = acceptor.close();
      await Promise.all([...open].map((exchange) => exchange.end()));
      await closed;
    },
  };
}

/** One connection: a request, its answer, the end. */
class Exchange {
  readonly #channel: Channel;
  readonly #options: Omit<HttpServerOptions, "tls">;
  readonly #handler: HttpHandler;
  readonly #onRefused: OnRefused;
  readonly #onGone: () => void;
  readonly #head = new HeadReader("");
  #request: { readonly line: string; readonly head: HttpHead; readonly body: BodyReader } | undefined;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #answered = false;
  #handling = false;
  readonly #closed = Promise.withResolvers<void>();
  #gone = false;

  constructor(
    channel: Channel,
    options: Omit<HttpServerOptions, "tls">,
    handler: HttpHandler,
    onRefused: OnRefused,
    onGone: () => void,
  ) {
    this.#channel = channel;
    this.#options = options;
    this.#handler = handler;
    this.#onRefused = onRefused;
    this.#onGone = onGone;
  }

  start(): void {
    this.#timer = setTimeout(
      () => this.#refuse(408, "the request took too long"),
      this.#options.timeoutMs,
    );
    this.#channel.start({
      onData: (chunk) => this.#read(chunk),
      onClose: () => {
        clearTimeout(this.#timer);
        this.#answered = this.#gone = true;
        this.#onGone();
        this.#closed.resolve();
      },
    });
  }

  /** Ends the exchange, unless its answer is under way; resolves when it is over. */
  async end(): Promise<void> {
    if (!this.#handling) this.#channel.destroy();
    await this.#closed.promise;
  }

  #read(chunk: Uint8Array): void {
    if (this.#answered) return;
    try {
      let rest = chunk;
      if (this.#request === undefined) {
        const found = this.#head.push(chunk);
        if (found === undefined) return;
        const body = new BodyReader(framingOf(found.head, 0), this.#options.maxBody);
        this.#request = { line: found.head.startLine, head: found.head, body };
        rest = found.rest;
      }
      this.#request.body.push(rest);
      if (this.#request.body.done) this.#handle(toRequest(this.#request.head, this.#request.body.bytes()));
    } catch (error) {
      if (error instanceof TooLargeError) this.#refuse(413, error.message);
      else if (error instanceof HeadError) this.#refuse(400, error.message);
      else throw error;
    }
  }

  #handle(request: Request): void {
    this.#answered = this.#handling = true;
    clearTimeout(this.#timer);
    const { address } = this.#channel.peer;
    this.#handler(request, address).catch((error) => {
      this.#onRefused(
        new TendrilError("HTTP_HANDLER", `The request of ${address} could not be answered: ${messageOf(error)}.`, {
          cause: error,
          hint: "This is a defect of Tendril; please report it.",
        }),
        address,
      );
      return new Response("internal error\n", { status: 500 });
    }).then((response) => this.#answer(response));
  }

  #refuse(status: number, reason: string): void {
    if (this.#answered) return;
    this.#answered = true;
    clearTimeout(this.#timer);
    const { address } = this.#channel.peer;
    this.#onRefused(
      new TendrilError("HTTP_REQUEST", `The request of ${address} was refused: ${reason}.`, {
        hint: "Find out what connects to this port; tokens are redeemed with short, plain requests.",
      }),
      address,
    );
    this.#answer(new Response(`${reason}\n`, { status, headers: { "content-type": "text/plain" } }));
  }

  async #answer(response: Response): Promise<void> {
    const fields = [...response.headers].map(([name, value]) => `${name}: ${value}\r\n`).join("");
    const head = `HTTP/1.1 ${response.status} \r\n${fields}connection: close\r\n`;
    if (response.body !== null && response.headers.has("content-length")) {
      return await this.#stream(head, response.body);
    }
    const body = new Uint8Array(await response.arrayBuffer());
    const length = response.headers.has("content-length") ? "" : `content-length: ${body.length}\r\n`;
    const start = new TextEncoder().encode(`${head}${length}\r\n`);
    const all = new Uint8Array(start.length + body.length);
    all.set(start);
    all.set(body, start.length);
    if (await this.#write(all)) this.#channel.close();
    else this.#channel.destroy();
  }

  /** A long answer, whose length is told: piece by piece as it is taken, so that none is kept here whole. */
  async #stream(head: string, body: ReadableStream<Uint8Array>): Promise<void> {
    // It has no effect that would be lost with it.
    this.#handling = false;
    let ok = await this.#write(new TextEncoder().encode(`${head}\r\n`));
    try {
      for await (const piece of body) {
        ok = ok && await this.#write(piece);
        if (!ok) break;
      }
    } catch {
      ok = false; // It can't be read to its end: whoever takes it sees that from its length.
    }
    if (ok) this.#channel.close();
    else this.#channel.destroy();
  }

  /** True once the octets have been taken; false when that took too long, or the connection is gone. */
  #write(octets: Uint8Array): Promise<boolean> {
    if (this.#gone) return Promise.resolve(false);
    const { promise, resolve } = Promise.withResolvers<boolean>();
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.#channel.destroy(), this.#options.timeoutMs);
    this.#channel.write(octets, resolve);
    return promise;
  }
}

/** The request as the platform's own type. Throws {@link HeadError} for what can't be one. */
function toRequest({ startLine, fields }: HttpHead, body: Uint8Array<ArrayBuffer>): Request {
  const [, method = "", target = ""] = /^([A-Z]{1,16}) (\/[!-~]*) HTTP\/1\.[01]$/.exec(startLine) ?? [];
  if (method === "") throw new HeadError("its first line is malformed");
  try {
    // The name by which we were called decides nothing, and may be anything.
    return new Request(new URL(`https://localhost${target}`), {
      method,
      headers: [...fields],
      ...(body.length === 0 || method === "GET" || method === "HEAD" ? {} : { body }),
    });
  } catch {
    throw new HeadError("it is not one that can be served");
  }
}
