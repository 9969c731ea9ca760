/** One check of a target: a connection, a request or a program. It passes, or fails with a reason for people. */

import { formatEndpoint } from "../../lib/endpoint.ts";
import { messageOf } from "../../lib/errors.ts";
import type { HealthCheckSpec } from "../../site/spec.ts";
import type { LocalSocket } from "../local_socket.ts";
import { announce } from "../proxy_protocol.ts";

/** Where a check goes that names no place of its own. */
export interface ProbeTarget {
  /** Address or host name. */
  readonly host: string;
  /** Port at the host. */
  readonly port: number;
  /** Connects to it for HTTP, where that takes more than a TCP connection. */
  readonly connect?: (signal: AbortSignal) => Promise<LocalSocket>;
  /** What a TCP connection to it begins with. */
  readonly preamble?: Uint8Array;
}

/** Octets of an answer in which its status line must end. */
const MAX_STATUS_OCTETS = 1024;

/** Checks `target`; rejects with the reason when it fails. What it began ends when `signal` is aborted. */
export async function probe(spec: HealthCheckSpec, target: ProbeTarget, signal: AbortSignal): Promise<void> {
  const aborted = Promise.withResolvers<never>();
  const abort = () => aborted.reject(signal.reason);
  signal.addEventListener("abort", abort, { once: true });
  aborted.promise.catch(() => {});
  try {
    // Neither a resolver nor a program need heed the signal.
    await Promise.race([start(spec, target, signal), aborted.promise]);
  } finally {
    signal.removeEventListener("abort", abort);
  }
}

function start({ tcp, http, command }: HealthCheckSpec, target: ProbeTarget, signal: AbortSignal): Promise<void> {
  if (command !== undefined) return runs(command, signal);
  const { host: otherHost, port: otherPort } = http ?? tcp ?? {};
  const elsewhere = otherHost !== undefined || otherPort !== undefined;
  const [host, port] = [otherHost ?? target.host, otherPort ?? target.port];
  const own = http !== undefined && !elsewhere ? target.connect : undefined;
  const preamble = elsewhere ? undefined : target.preamble;
  const connect = own ??
    (async (signal) => await announce(await reach(host, port, signal), preamble));
  return connected(connect, signal, async (conn) => {
    if (http !== undefined) await answers(conn, http, host);
  });
}

/** The place is named where it fails, for it need not be that of the target. */
async function reach(hostname: string, port: number, signal: AbortSignal): Promise<Deno.TcpConn> {
  try {
    return await Deno.connect({ hostname, port, signal });
  } catch (error) {
    throw new Error(`can't reach ${formatEndpoint(hostname, port)}: ${messageOf(error)}`, { cause: error });
  }
}

async function connected(
  connect: (signal: AbortSignal) => Promise<LocalSocket>,
  signal: AbortSignal,
  use: (conn: LocalSocket) => Promise<void>,
): Promise<void> {
  const conn = await connect(signal);
  let open = true;
  const close = () => {
    if (open) conn.close();
    open = false;
  };
  signal.addEventListener("abort", close, { once: true });
  try {
    if (!signal.aborted) await use(conn);
  } finally {
    signal.removeEventListener("abort", close);
    close();
  }
}

async function answers(
  conn: LocalSocket,
  { path, expectedStatus }: NonNullable<HealthCheckSpec["http"]>,
  host: string,
): Promise<void> {
  const name = host.includes(":") ? `[${host}]` : host;
  const fields = `Host: ${name}\r\nUser-Agent: tendril-health-check\r\nAccept: */*\r\nConnection: close\r\n`;
  const request = new TextEncoder().encode(`GET ${path} HTTP/1.1\r\n${fields}\r\n`);
  for (let at = 0; at < request.length;) at += await conn.write(request.subarray(at));
  const status = statusOf(await firstLine(conn));
  const wanted = expectedStatus === undefined ? status >= 200 && status < 400 : expectedStatus.includes(status);
  if (!wanted) throw new Error(`the answer to GET ${path} is ${status}`);
}

async function firstLine(conn: LocalSocket): Promise<string> {
  const octets = new Uint8Array(MAX_STATUS_OCTETS);
  let length = 0;
  while (length < octets.length) {
    const count = await conn.read(octets.subarray(length));
    if (count === null) throw new Error("the connection ended without an answer");
    length += count;
    const end = octets.subarray(0, length).indexOf(0x0a);
    if (end >= 0) return new TextDecoder("latin1").decode(octets.subarray(0, end));
  }
  throw new Error("the answer is not HTTP");
}

function statusOf(line: string): number {
  const status = /^HTTP\/1\.[01] (\d{3})[ \r]/.exec(`${line}\r`)?.[1];
  if (status === undefined) throw new Error("the answer is not HTTP");
  return Number(status);
}

/** Commands of which one still runs though its time is over. */
const unended = new WeakSet<readonly string[]>();

async function runs(command: readonly string[], signal: AbortSignal): Promise<void> {
  const [program = "", ...args] = command;
  // Asked first: without an answer in advance Deno would ask whoever sits at the terminal.
  const { state } = await Deno.permissions.query({ name: "run", command: program });
  if (state !== "granted") throw new Error(`may not run ${program}: start the site with --allow-run=${program}`);
  if (signal.aborted) return;
  if (unended.has(command)) throw new Error(`${program} of an earlier check still runs, and can't be ended`);
  const child = new Deno.Command(program, { args, stdin: "null", stdout: "null", stderr: "null" }).spawn();
  const kill = () => {
    try {
      child.kill("SIGKILL");
    } catch {
      // It has just ended, or runs as another user: then others would pile up beside it.
      unended.add(command);
    }
  };
  signal.addEventListener("abort", kill, { once: true });
  const { code, signal: ended } = await child.status;
  signal.removeEventListener("abort", kill);
  unended.delete(command);
  if (code !== 0) throw new Error(`${program} ended with ${ended === null ? `exit code ${code}` : ended}`);
}
