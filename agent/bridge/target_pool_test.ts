/** Connections to a target that end before they are of use. */

import { deepEqual } from "node:assert/strict";
import { server } from "../../tests/support/tcp.ts";
import { until } from "../../tests/support/until.ts";
import { loadBuiltin } from "../adaptor/builtin.ts";
import { RefusedInstance } from "../adaptor/refused.ts";
import { AdaptorError } from "../adaptor/adaptor_error.ts";
import { NO_ANNOTATIONS } from "../router/annotations.ts";
import { DISCARD, RELEASED } from "../router/flow.ts";
import { listening } from "../router/testing_consumer.ts";
import { silentLogger } from "../telemetry/log.ts";
import { adaptorConfig } from "./adaptor_config.ts";
import { headOf } from "./http_rules/testing_heads.ts";
import { encodeSections } from "./message_sections.ts";
import { KeptRoom } from "./repeatable_message.ts";
import { TargetPool } from "./target_pool.ts";
import { Traffic } from "./traffic.ts";

const QUARANTINED = new AdaptorError("ADAPTOR_QUARANTINED", "it has trapped too often");

for (const name of ["http1", "http2"] as const) {
  Deno.test(`target pool: who waits for a connection that ${name} ends as it begins may go elsewhere`, async () => {
    using target = server(async (conn) => {
      while (await conn.read(new Uint8Array(1024)) !== null);
    });
    let done = 0;
    const traffic = new Traffic();
    const pool = new TargetPool({
      adaptor: { ...await loadBuiltin(name), instantiate: () => new RefusedInstance(QUARANTINED) },
      config: adaptorConfig("east", "key"),
      site: "east",
      logger: silentLogger,
      logFields: {},
      traffic,
      dial: () => Deno.connect({ hostname: "127.0.0.1", port: target.port }),
      route: () => DISCARD,
      onReached: () => {},
      onDone: () => done++,
      onAgain: () => {},
      kept: new KeptRoom(),
    });
    const envelope = { to: "key", replyTo: "r", messageId: { type: "ulong", value: 1n } } as const;
    const message = {
      address: "key",
      annotations: NO_ANNOTATIONS,
      start: encodeSections(envelope, headOf("GET /", "Host: h")).slice(),
      complete: true,
      presettled: false,
      overridden: false,
      priority: 4,
      origin: undefined,
    };
    const upstreams = [listening(), listening(), listening()];
    for (const upstream of upstreams) pool.deliver(message, upstream).end();
    await until(() => done === 3);
    deepEqual(upstreams.map(({ heard }) => heard), upstreams.map(() => [[RELEASED, true]]));
    await until(() => traffic.closed === traffic.opened);
    deepEqual(pool.size, 0);
  });
}
