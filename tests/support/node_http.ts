/** Node's HTTP servers as oracles: what requests they find in the octets of a connection. */

/** One request that arrived whole. */
export interface OracleRequest {
  readonly method: string;
  readonly path: string;
  /** Octets as characters, chunks taken apart. */
  readonly body: string;
}

/** What the server makes of a connection. */
export interface OracleReading {
  readonly requests: readonly OracleRequest[];
  /** It found the input malformed. */
  readonly refused: boolean;
}

/** One JSON string per line in, one reading per line out: the part of it that both have. */
const ASKING = `
const http = require("node:http"), http2 = require("node:http2"), net = require("node:net");
const found = new Map();
const record = (socket) => found.get(socket.remotePort) ?? { requests: [] };
const listen = (server, send) => server.listen(0, "127.0.0.1", async () => {
  for await (const line of require("node:readline").createInterface({ input: process.stdin })) {
    const reading = { requests: [], refused: false };
    await new Promise((resolve) => {
      const client = net.connect({ port: server.address().port, host: "127.0.0.1" }, () => {
        found.set(client.localPort, reading);
        send(client, Buffer.from(JSON.parse(line), "latin1"));
      });
      client.on("error", () => {}).on("close", resolve).resume();
    });
    found.clear();
    console.log(JSON.stringify(reading));
  }
  server.close();
});
`;

const HTTP1 = `
const server = http.createServer((request, response) => {
  let body = "";
  request.setEncoding("latin1");
  request.on("data", (piece) => body += piece);
  request.on("end", () => {
    record(request.socket).requests.push({ method: request.method, path: request.url, body });
    response.writeHead(204).end();
  });
  request.on("error", () => {});
});
server.keepAliveTimeout = 0;
server.on("clientError", (error, socket) => {
  if (error.code?.startsWith("HPE_") && error.code !== "HPE_INVALID_EOF_STATE") record(socket).refused = true;
  socket.destroy();
});
for (const event of ["connect", "upgrade"]) {
  server.on(event, (request, socket) => {
    record(socket).requests.push({ method: request.method, path: request.url, body: "" });
    socket.destroy();
  });
}
listen(server, (client, octets) => client.end(octets));
`;

/** Ends with a connection whose client has said GOAWAY, when all that was asked before is answered. */
const HTTP2 = `
const server = http2.createServer();
server.on("session", (session) => {
  const { socket } = session;
  const reading = () => record({ remotePort: session.socket?.remotePort ?? session.port });
  session.port = socket.remotePort;
  session.on("error", () => reading().refused = true);
  session.on("stream", (stream, headers) => {
    let body = "";
    stream.setEncoding("latin1");
    stream.on("error", () => {});
    stream.on("data", (piece) => body += piece);
    stream.on("end", () => {
      if (stream.aborted) return;
      reading().requests.push({ method: headers[":method"], path: headers[":path"] ?? "", body });
      stream.respond({ ":status": 204 }, { endStream: true });
    });
  });
});
listen(server, (client, octets) => client.write(octets));
`;

/** A running server to ask. */
export class NodeOracle implements AsyncDisposable {
  readonly #child: Deno.ChildProcess;
  readonly #writer: WritableStreamDefaultWriter<Uint8Array>;
  readonly #lines: AsyncIterator<string>;

  /** `node` is the path of the program; its server speaks HTTP/1.1, or HTTP/2 in the clear. */
  constructor(node: string, version: 1 | 2 = 1) {
    const script = ASKING + (version === 1 ? HTTP1 : HTTP2);
    this.#child = new Deno.Command(node, { args: ["-e", script], stdin: "piped", stdout: "piped" }).spawn();
    this.#writer = this.#child.stdin.getWriter();
    this.#lines = linesOf(this.#child.stdout);
  }

  /** What the server finds in `input`, whose characters are octets. */
  async read(input: string): Promise<OracleReading> {
    await this.#writer.write(new TextEncoder().encode(`${JSON.stringify(input)}\n`));
    const { value, done } = await this.#lines.next();
    if (done) throw new Error("the oracle has ended");
    return JSON.parse(value);
  }

  /** Ends the server. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.#writer.close();
    await this.#lines.next();
    await this.#child.status;
  }
}

async function* linesOf(stream: ReadableStream<Uint8Array>): AsyncGenerator<string, void> {
  let text = "";
  for await (const piece of stream.pipeThrough(new TextDecoderStream() as ReadableWritablePair<string, Uint8Array>)) {
    text += piece;
    for (let end = text.indexOf("\n"); end >= 0; end = text.indexOf("\n")) {
      yield text.slice(0, end);
      text = text.slice(end + 1);
    }
  }
}
