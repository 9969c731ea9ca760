/** Node's HTTP/2 server as a target, in a process of its own, in the clear or inside TLS. */

import type { ServerIdentity } from "../../agent/transport/channel.ts";

const SCRIPT = `
const http2 = require("node:http2");
const { CERT: cert, KEY: key, STREAMS } = process.env;
const settings = STREAMS === undefined ? {} : { maxConcurrentStreams: Number(STREAMS) };
const server = cert === undefined ? http2.createServer({ settings }) : http2.createSecureServer({ cert, key, settings });
server.on("stream", (stream, headers) => {
  stream.on("error", () => {});
  const url = new URL(headers[":path"], "http://h");
  const say = (text, more = {}) => {
    stream.respond({ ":status": 200, ...more });
    stream.end(text);
  };
  switch (url.pathname) {
    case "/zeros":
      return say(Buffer.alloc(Number(url.searchParams.get("size"))));
    case "/count": {
      let octets = 0;
      stream.on("data", (piece) => octets += piece.length);
      stream.on("end", () => say(String(octets)));
      return;
    }
    case "/echo":
      stream.respond({ ":status": 200 });
      stream.pipe(stream);
      return;
    case "/trailers":
      stream.respond({ ":status": 200 }, { waitForTrailers: true });
      stream.on("wantTrailers", () => stream.sendTrailers({ "grpc-status": "0", "x-more": "yes" }));
      stream.end("body");
      return;
    case "/their-trailers":
      stream.resume();
      stream.on("trailers", (trailers) => say(trailers["x-sum"]));
      return;
    case "/events": {
      stream.respond({ ":status": 200, "content-type": "text/event-stream" });
      let number = 0;
      const timer = setInterval(() => stream.write("data: " + number++ + "\\n\\n"), 5);
      stream.on("close", () => clearInterval(timer));
      return;
    }
    case "/slow":
      return void setTimeout(() => stream.destroyed || say("slow"), 100);
    case "/never":
      return;
    case "/refuse":
      return stream.close(http2.constants.NGHTTP2_REFUSED_STREAM);
    case "/headers":
      return say(JSON.stringify(headers));
    default:
      return say("node " + url.pathname, { "set-cookie": ["a=b", "c=d"] });
  }
});
let sessions = 0;
server.on("session", () => console.log("session " + ++sessions));
server.listen(0, "127.0.0.1", () => console.log("port " + server.address().port));
process.stdin.resume().on("end", () => process.exit());
`;

/** A running server. */
export class NodeHttp2Server implements AsyncDisposable {
  readonly #child: Deno.ChildProcess;
  readonly #read: Promise<void>;
  #port: ((port: number) => void) | undefined;
  /** Connections that it has had. */
  sessions = 0;

  private constructor(node: string, identity: ServerIdentity | undefined, streams: number | undefined) {
    const env: Record<string, string> = {
      ...(identity === undefined ? {} : { CERT: identity.cert, KEY: identity.key }),
      ...(streams === undefined ? {} : { STREAMS: `${streams}` }),
    };
    this.#child = new Deno.Command(node, { args: ["-e", SCRIPT], env, stdin: "piped", stdout: "piped" }).spawn();
    this.#read = this.#readAll();
  }

  /**
   * Starts it and waits for its port; `node` is the path of the program, with an `identity` it speaks TLS, and it takes so many
   * `streams` of a connection at a time.
   */
  static async start(
    node: string,
    identity?: ServerIdentity,
    streams?: number,
  ): Promise<[server: NodeHttp2Server, port: number]> {
    const server = new NodeHttp2Server(node, identity, streams);
    return [server, await new Promise<number>((resolve) => server.#port = resolve)];
  }

  /** Ends it. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.#child.stdin.close();
    await this.#read;
    await this.#child.status;
  }

  async #readAll(): Promise<void> {
    let text = "";
    const decoder = new TextDecoder();
    for await (const piece of this.#child.stdout) {
      text += decoder.decode(piece, { stream: true });
      for (let end = text.indexOf("\n"); end >= 0; end = text.indexOf("\n")) {
        const [word, number] = text.slice(0, end).split(" ");
        text = text.slice(end + 1);
        if (word === "port") this.#port?.(Number(number));
        else this.sessions = Number(number);
      }
    }
  }
}
