/** Serves the metrics of a running site at `/metrics` of a port on loopback, in the text format of Prometheus. */

import { formatEndpoint } from "../lib/endpoint.ts";
import type { Logger } from "../telemetry/log.ts";
import { exposition, type Sample } from "../telemetry/metrics.ts";
import { serveHttp } from "../transport/http_server.ts";

/** Connections of those who ask, open at once. */
const MAX_CONNECTIONS = 16;
/** Deadline for each step of a connection, in ms. */
const TIMEOUT_MS = 10_000;

/** A port that is open. */
export interface MetricsServer {
  /** The port in use. */
  readonly port: number;
  /** Resolves when it is shut. */
  close(): Promise<void>;
}

/** Opens the port. Throws ACCEPT_PORT, and ACCEPT_PLAIN_REMOTE for a host that is not loopback. */
export async function serveMetrics(
  { host, port }: { readonly host: string; readonly port: number },
  collect: () => readonly Sample[],
  logger: Logger,
): Promise<MetricsServer> {
  const bounds = { maxConnections: MAX_CONNECTIONS, maxPerAddress: MAX_CONNECTIONS, maxBody: 0, timeoutMs: TIMEOUT_MS };
  const server = await serveHttp({ host, port, ...bounds }, (request) => {
    const { pathname } = new URL(request.url);
    // Browsers name an origin, and let any page ask any address.
    if (request.headers.has("origin")) return answer("browsers are not served\n", 403);
    if (request.method !== "GET") return answer("only GET is supported\n", 405);
    if (pathname !== "/metrics") return answer("there is nothing but /metrics\n", 404);
    return answer(exposition(collect()), 200, "text/plain; version=0.0.4; charset=utf-8");
  }, (reason, address) => logger.debug("a client for metrics was sent away", { address, reason: reason.message }));
  logger.info("metrics are served", { url: `http://${formatEndpoint(host, server.port)}/metrics` });
  return server;
}

function answer(body: string, status: number, type = "text/plain"): Promise<Response> {
  return Promise.resolve(new Response(body, { status, headers: { "content-type": type } }));
}
