/** What a running site tells of its process. */

import { MAX_FRAME_OCTETS, WINDOW_FRAMES } from "../router/capabilities.ts";
import { IDLE_STREAM_LINKS, MAX_STREAM_LINKS } from "../router/stream_links.ts";
import { VERSION } from "../lib/version.ts";
import { MAX_CHARACTERS, MAX_RECORDS } from "../telemetry/log_ring.ts";
import { MAX_LOCAL_CLIENTS } from "./local_access.ts";
import type { ProcessReport } from "./report.ts";

/** Of this process, whose site runs since `since`. */
export function processReport(since: Date): ProcessReport {
  const { rss, heapTotal, heapUsed, external } = Deno.memoryUsage();
  const { deno, v8 } = Deno.version;
  return {
    pid: Deno.pid,
    since: since.toISOString(),
    versions: { tendril: VERSION, deno, v8, platform: Deno.build.target },
    memory: { rss, heapTotal, heapUsed, external },
    limits: {
      MAX_FRAME_OCTETS,
      WINDOW_FRAMES,
      MAX_STREAM_LINKS,
      IDLE_STREAM_LINKS,
      MAX_LOCAL_CLIENTS,
      MAX_RECORDS,
      MAX_CHARACTERS,
    },
  };
}
