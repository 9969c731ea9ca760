/**
 * What the HTTP adaptors are compared with: the same servers over TCP between the same two edges, nginx as a reverse proxy
 * on this machine, and the servers themselves. nginx speaks HTTP/1 to its servers, whatever its clients speak.
 */

import { freePort } from "../support/ports.ts";
import { type Process, untilListening } from "../support/processes.ts";
import { type Pair, startPair } from "./pair.ts";
import { HTTP1, HTTP2, THROUGH_ADAPTOR, THROUGH_NGINX, THROUGH_TCP } from "./report.ts";
import { LASTING, startNginx } from "../support/nginx.ts";
import type { Targets } from "./targets.ts";
import type { Ground, Subject, Topology } from "./topology.ts";

/** Connections that the proxy keeps open to its servers. */
const PROXY_KEPT = 64;

/** Subjects, each with the ports {@link HTTP1} and {@link HTTP2}. */
export interface HttpGround extends AsyncDisposable {
  readonly subjects: readonly Subject[];
  /** All processes that a body passes through. */
  readonly sites: readonly Process[];
  /** Ports that lead to a server that takes what it is sent, by subject and protocol. */
  readonly sinks: Readonly<Record<string, Readonly<Record<string, number>>>>;
}

/** Starts two edges on the interiors of `topology`, and the proxy. */
export async function httpGround(ground: Ground, topology: Topology, targets: Targets): Promise<HttpGround> {
  const sink = Deno.serve({ hostname: "127.0.0.1", port: 0, onListen() {} }, takeBody);
  let pair: Pair | undefined;
  let proxy: Process | undefined;
  const stop = async () => {
    await pair?.[Symbol.asyncDispose]();
    await proxy?.stop();
    await sink.shutdown();
  };
  try {
    const ports = { [HTTP1]: targets.http, [HTTP2]: targets.http2 };
    const sides = ([HTTP1, HTTP2] as const).flatMap((protocol) => [
      { key: `${THROUGH_TCP}-${protocol}`, target: ports[protocol] },
      { key: `${THROUGH_TCP}-${protocol}-sink`, target: sink.addr.port },
      { key: `${THROUGH_ADAPTOR}-${protocol}`, target: ports[protocol], type: protocol },
      { key: `${THROUGH_ADAPTOR}-${protocol}-sink`, target: sink.addr.port, type: protocol },
    ]);
    pair = await startPair(ground, "http", sides);
    const through = (way: string, end = "") => (
      { [HTTP1]: pair!.ports[`${way}-${HTTP1}${end}`], [HTTP2]: pair!.ports[`${way}-${HTTP2}${end}`] }
    );
    const proxyPorts = { [HTTP1]: freePort(), [HTTP2]: freePort() };
    proxy = await startProxy(ground.dir, proxyPorts, targets.http);
    const [hub, , , ...otherHubs] = topology.processes;
    const sites = [hub, ...pair.processes, ...otherHubs];
    return {
      subjects: [
        { name: THROUGH_ADAPTOR, ports: through(THROUGH_ADAPTOR), processes: sites },
        { name: THROUGH_TCP, ports: through(THROUGH_TCP), processes: sites },
        { name: THROUGH_NGINX, ports: proxyPorts, processes: [proxy] },
        { name: "direct", ports, processes: [] },
      ],
      sites,
      sinks: {
        [THROUGH_ADAPTOR]: through(THROUGH_ADAPTOR, "-sink"),
        [THROUGH_TCP]: through(THROUGH_TCP, "-sink"),
      },
      [Symbol.asyncDispose]: stop,
    };
  } catch (error) {
    await stop();
    throw error;
  }
}

async function takeBody(request: Request): Promise<Response> {
  if (request.body !== null) { for await (const _ of request.body); }
  return new Response();
}

async function startProxy(dir: string, ports: Readonly<Record<string, number>>, target: number): Promise<Process> {
  const proxy = await startNginx(
    dir,
    "proxy",
    `${LASTING}upstream target { server 127.0.0.1:${target}; keepalive ${PROXY_KEPT}; keepalive_requests 100000000; }
proxy_http_version 1.1; proxy_set_header Connection ""; proxy_set_header Host $host;
${
      [`${ports[HTTP1]} backlog=2048`, `${ports[HTTP2]} http2`].map((listen) =>
        `server { listen 127.0.0.1:${listen}; location / { proxy_pass http://target; } }`
      ).join("\n")
    }`,
  );
  await untilListening(ports[HTTP1], proxy);
  return proxy;
}
