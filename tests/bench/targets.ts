/** The servers behind every subject: iperf3, and nginx with a short answer and a long body, in HTTP/1 and in HTTP/2. */

import { LASTING, startNginx } from "../support/nginx.ts";
import { findProgram } from "../support/programs.ts";
import { freePort } from "../support/ports.ts";
import { type Process, start, untilListening } from "../support/processes.ts";

/** Octets of the long body: enough that ticks of CPU time are fine beside it. */
const BODY_OCTETS = 2 ** 29;

/** Running servers, by port. */
export interface Targets {
  readonly processes: readonly Process[];
  readonly iperf: number;
  /** HTTP/1. */
  readonly http: number;
  /** HTTP/2 in the clear, with prior knowledge. */
  readonly http2: number;
  /** A file of zeros, which both have as `/body`. */
  readonly body: Body;
}

/** A long body. */
export interface Body {
  readonly file: string;
  readonly octets: number;
}

/** Starts them with their files in `dir`. Throws when a program is missing that the benchmark needs. */
export async function startTargets(dir: string): Promise<Targets> {
  const [nginx, ...others] = ["nginx", "iperf3", "wrk", "h2load", "curl"].map(findProgram);
  if (nginx === undefined || others.includes(undefined)) {
    throw new Error("the benchmark needs iperf3, wrk, h2load, curl and nginx: install them and try again");
  }
  const [iperf, http, http2] = [freePort(), freePort(), freePort()];
  const file = `${dir}/root/body`;
  await Deno.mkdir(`${dir}/root`);
  await Deno.writeFile(file, new Uint8Array(0));
  await Deno.truncate(file, BODY_OCTETS); // Sparse: it takes no room on the disk.
  const processes = [
    start("iperf3", "iperf3", ["-s", "-B", "127.0.0.1", "-p", `${iperf}`]),
    await startNginx(
      dir,
      "nginx",
      LASTING +
        [`${http} backlog=2048`, `${http2} http2`].map((listen) =>
          `server { listen 127.0.0.1:${listen}; location / { return 200 "hello from nginx\\n"; }
          location = /body { root ${dir}/root; sendfile on; } }`
        ).join("\n"),
    ),
  ];
  await untilListening(http, processes[1]);
  await new Promise((resolve) => setTimeout(resolve, 300));
  return { processes, iperf, http, http2, body: { file, octets: BODY_OCTETS } };
}
