import { equal } from "node:assert/strict";
import { testWith } from "../support/programs.ts";
import { pacedConnections } from "./load.ts";

testWith(["h2load"], "paced load: a request that fails is one error, and no request that was served", async () => {
  const target = Deno.serve(
    { port: 0, hostname: "127.0.0.1", onListen() {} },
    () => new Response(null, { status: 404 }),
  );
  const { perSecond, errors } = await pacedConnections(target.addr.port, 0.1);
  await target.shutdown();
  equal(perSecond, 0);
  equal(errors, 200);
});
