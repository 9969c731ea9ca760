import { equal, rejects } from "node:assert/strict";
import { freePort } from "../../tests/support/ports.ts";
import { Dialler } from "./dialler.ts";

Deno.test("dialler: reaches a target that listens, and says why it can't reach one that does not", async () => {
  using listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const dialler = new Dialler(10_000);
  const accepted = listener.accept();
  const conn = await dialler.dial("127.0.0.1", listener.addr.port);
  equal(conn.remoteAddr.port, listener.addr.port);
  conn.close();
  (await accepted).close();
  await rejects(dialler.dial("127.0.0.1", freePort()), Deno.errors.ConnectionRefused);
  dialler.stop();
});

Deno.test("dialler: gives up on a target that does not answer", async () => {
  // A full backlog swallows further dials without an answer.
  using listener = Deno.listen({ hostname: "127.0.0.1", port: 0, tcpBacklog: 1 });
  const { port } = listener.addr;
  const dialler = new Dialler(1500);
  const dials = Array.from({ length: 8 }, () => dialler.dial("127.0.0.1", port));
  const results = await Promise.allSettled(dials);
  const late = results.filter((result) => result.status === "rejected");
  equal(late.length > 0, true, "the backlog took all");
  for (const { reason } of late) equal(reason.message, "no answer within 1500 ms");
  for (const result of results) if (result.status === "fulfilled") result.value.close();
  dialler.stop();
});
