/** gRPC across edge, interior and edge: a client and a server of another make, each in a process of its own. */

import assert from "node:assert/strict";
import { withNetwork } from "../support/network.ts";
import { freePort } from "../support/ports.ts";
import { type Process, run, start, untilListening } from "../support/processes.ts";
import { until } from "../support/until.ts";

const SERVER = new URL("../support/grpc_server.ts", import.meta.url).pathname;
const CLIENT = new URL("../support/grpc_client.ts", import.meta.url).pathname;
const CONFIG = new URL("../../deno.json", import.meta.url).pathname;
const CANCELLED = 1;
/** What a gRPC client makes of RST_STREAM with INTERNAL_ERROR. */
const INTERNAL = 13;

function denoArgs(program: string, args: readonly string[]): string[] {
  return ["run", "--quiet", "--no-check", "--allow-all", "--config", CONFIG, program, ...args];
}

async function startServer(port: number): Promise<Process> {
  const server = start("grpc server", Deno.execPath(), denoArgs(SERVER, [`${port}`]));
  await untilListening(port, server);
  return server;
}

Deno.test("http2: gRPC in all types of call, with deadlines, cancelled calls and a server that dies", async (t) => {
  const target = freePort();
  let server = await startServer(target);
  try {
    await withNetwork({ grpc: target }, async ({ ports }) => {
      const call = async (name: string) => {
        const { code, stdout, stderr } = await run(Deno.execPath(), denoArgs(CLIENT, [`${ports.grpc}`, name]));
        assert.equal(code, 0, stderr);
        return JSON.parse(stdout);
      };

      await t.step("one request, one answer: metadata, trailers and the status pass", async () => {
        const { code, message, initial, trailers } = await call("unary");
        assert.deepEqual([code, message, initial["x-heard"]], [0, "message", "hello"]);
        assert.deepEqual(trailers["x-octets-bin"].data, [0, 255, 10]);
      });

      await t.step("a failure keeps its code, its words and its metadata", async () => {
        const { code, details, trailers } = await call("fail");
        assert.deepEqual([code, details, trailers["x-why"]], [3, "größer, 100 %", "because"]);
      });

      await t.step("streams of the server, of the client, and of both", async () => {
        assert.deepEqual(await call("serverStream"), { messages: 5000, inOrder: true, code: 0 });
        assert.equal(await call("clientStream"), "5000000");
        assert.deepEqual(await call("bidi"), { heard: 200, code: 0 });
      });

      await t.step("messages of no and of 32 MiB, both ways", async () => {
        assert.deepEqual(await call("large"), [{ code: 0, same: true }, { code: 0, same: true }]);
      });

      await t.step("100 calls at a time", async () => {
        assert.equal(await call("concurrent"), 100);
      });

      await t.step("a deadline ends the call, and the server hears of it", async () => {
        const before = await call("cancelled");
        assert.deepEqual(await call("deadline"), { code: 4 });
        await until(async () => await call("cancelled") === before + 1, 30_000);
      });

      await t.step("a stream that the client cancels ends at the server", async () => {
        const before = await call("cancelled");
        assert.equal((await call("cancel")).code, CANCELLED);
        await until(async () => await call("cancelled") === before + 1, 30_000);
      });

      await t.step("a server that is killed inside a stream fails the call; its successor serves", async () => {
        const client = start("grpc client", Deno.execPath(), denoArgs(CLIENT, [`${ports.grpc}`, "killed"]));
        await until(() => client.output().includes("streaming"), 30_000);
        server.signal("SIGKILL");
        await client.ended;
        const { code } = JSON.parse(client.output().split("\n")[1]!);
        assert.equal(code, INTERNAL);
        server = await startServer(target);
        await untilListening(ports.grpc!);
        assert.equal((await call("unary")).code, 0);
      });
    }, { type: "http2" });
  } finally {
    await server.stop();
  }
});
