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

/**
 * One JSON string per line in, one reading per line out: the part of it that both have. A server for each question. Requests
 * are told in the order in which they begin, however late their ends are heard.
 */
const ANSWERING = `
const http = require("node:http"), http2 = require("node:http2"), net = require("node:net");
const { Duplex } = require("node:stream"), { once } = require("node:events");
const answer = async (fill) => {
  for await (const line of require("node:readline").createInterface({ input: process.stdin })) {
    const reading = { begun: [], refused: false };
    await fill(reading, Buffer.from(JSON.parse(line), "latin1"));
    const requests = reading.begun.filter(({ body }) => body !== undefined);
    console.log(JSON.stringify({ requests, refused: reading.refused }));
  }
};
const begin = (reading, method, path) => {
  const request = { method, path, body: undefined };
  reading.begun.push(request);
  return request;
};
`;

/**
 * The connection is a stream in memory: thousands of them use up no ports, no reset overtakes what was read, and a busy
 * machine changes nothing. Whatever follows from the octets, and then from their end, is done a turn later.
 */
const HTTP1 = `
const turn = () => new Promise(setImmediate);
answer(async (reading, octets) => {
  const server = http.createServer((request, response) => {
    const told = begin(reading, request.method, request.url);
    let body = "";
    request.setEncoding("latin1");
    request.on("data", (piece) => body += piece);
    request.on("end", () => {
      told.body = body;
      response.writeHead(204).end();
    });
    request.on("error", () => {});
  });
  server.on("clientError", (error, socket) => {
    if (error.code?.startsWith("HPE_") && error.code !== "HPE_INVALID_EOF_STATE") reading.refused = true;
    socket.destroy();
  });
  for (const event of ["connect", "upgrade"]) {
    server.on(event, async (request, socket) => {
      begin(reading, request.method, request.url).body = "";
      await turn();
      socket.destroy();
    });
  }
  const client = new Duplex({ read() {}, write: (_octets, _encoding, done) => done() });
  const closed = once(client, "close");
  server.emit("connection", client);
  client.push(octets);
  await turn();
  client.push(null);
  await closed;
  await turn();
});
`;

/** Ends with a connection whose client has said GOAWAY, when all that was asked before is answered. */
const HTTP2 = `
answer(async (reading, octets) => {
  const server = http2.createServer();
  const over = once(server, "session").then(([session]) => {
    session.on("error", () => reading.refused = true);
    return new Promise((resolve) => session.on("close", resolve));
  });
  server.on("stream", (stream, headers) => {
    const told = begin(reading, headers[":method"], headers[":path"] ?? "");
    let body = "";
    stream.setEncoding("latin1");
    stream.on("error", () => {});
    stream.on("data", (piece) => body += piece);
    stream.on("end", () => {
      if (stream.aborted) return;
      told.body = body;
      stream.respond({ ":status": 204 }, { endStream: true });
    });
  });
  await once(server.listen(0, "127.0.0.1"), "listening");
  const client = net.connect(server.address().port, "127.0.0.1").resume();
  const closed = new Promise((resolve) => client.on("close", resolve));
  // A server that refuses may reset the connection; anything else is no answer.
  client.on("error", (error) => {
    if (error.code !== "ECONNRESET" && error.code !== "EPIPE") throw error;
  });
  client.write(octets);
  await Promise.all([over, closed]);
  await new Promise((resolve) => server.close(resolve));
});
`;

/** A running server to ask. */
export class NodeOracle implements AsyncDisposable {
  readonly #child: Deno.ChildProcess;
  readonly #writer: WritableStreamDefaultWriter<Uint8Array>;
  readonly #lines: AsyncIterator<string>;

  /** `node` is the path of the program; its server speaks HTTP/1.1, or HTTP/2 in the clear. */
  constructor(node: string, version: 1 | 2 = 1) {
    const script = ANSWERING + (version === 1 ? HTTP1 : HTTP2);
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
