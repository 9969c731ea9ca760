/** HTTP servers that say their name, and tell what they were sent. */

/** One of them. */
export interface TaggedServer {
  /** What it says. */
  readonly name: string;
  /** Where it listens on loopback. */
  readonly port: number;
  /** Requests that it has had. */
  readonly requests: number;
  /** The status that it answers with. */
  status: number;
  /** While it is true, requests have no answer. */
  silent: boolean;
  /** Answers what has no answer, and is not silent any more. */
  release(): void;
  /** Stops it. */
  stop(): Promise<void>;
}

/** What a server answers: its name, and the request as it saw it. */
export interface Told {
  /** Of the server. */
  readonly name: string;
  /** Method and target. */
  readonly line: string;
  /** Fields by lower-case name. */
  readonly headers: Readonly<Record<string, string>>;
}

/** Starts one that answers as JSON. */
export function taggedServer(name: string): TaggedServer {
  const held: (() => void)[] = [];
  const server = {
    name,
    port: 0,
    requests: 0,
    status: 200,
    silent: false,
    release: () => {
      server.silent = false;
      for (const answer of held.splice(0)) answer();
    },
    stop: async () => {
      server.release();
      await http.shutdown();
    },
  };
  const http = Deno.serve({ port: 0, hostname: "127.0.0.1", onListen() {} }, async (request) => {
    server.requests++;
    const url = new URL(request.url);
    await request.arrayBuffer();
    if (server.silent) {
      await new Promise<void>((resolve) => {
        held.push(resolve);
        request.signal.addEventListener("abort", () => resolve());
      });
    }
    const told: Told = {
      name,
      line: `${request.method} ${url.pathname}${url.search}`,
      headers: Object.fromEntries(request.headers),
    };
    return Response.json(told, { status: server.status, headers: { "x-server": name } });
  });
  server.port = http.addr.port;
  return server;
}
