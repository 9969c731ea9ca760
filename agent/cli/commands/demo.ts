/**
 * `tendril demo`: an interior and two edges as three processes, started by the commands a user types, and a real HTTP
 * request across them.
 */

import { TendrilError } from "../../lib/errors.ts";
import { defineCommand } from "../command.ts";
import { DemoProcess } from "../demo_process.ts";
import { demoCommand, runToEnd } from "../demo_command.ts";
import { EXIT } from "../exit_codes.ts";
import type { CliIo } from "../io.ts";
import { ProcessSignals } from "../signals.ts";

/** Time the whole demo may take until the request is answered, in ms. */
const LIMIT_MS = 60_000;
const KEY = "hello";

/** See the summary. */
export const demo = defineCommand({
  name: "demo",
  summary: "show a whole network on this machine, with a request across it",
  description:
    "Makes a temporary folder, creates an interior and two edges in it, runs them as three processes on loopback, " +
    "serves a small web page behind one edge and fetches it through the other. Everything ends, and the folder is " +
    "removed, on Ctrl-C; with --once right after the request.",
  positionals: [],
  flags: { once: { kind: "switch", help: "End after the first request; exit code 0 means it was answered." } },
  examples: [
    { title: "see it work", line: "tendril demo --once" },
    { title: "keep it running and try it by hand", line: "tendril demo" },
  ],
  exits: ["interrupted", "terminated"],
  permissions: [
    { kind: "read", scope: "TEMPORARY_FOLDER", why: "the sites' files" },
    { kind: "write", scope: "TEMPORARY_FOLDER", why: "the sites' files" },
    { kind: "net", scope: "127.0.0.1", why: "the web page, and the request" },
    { kind: "run", scope: "deno", why: "the three sites" },
  ],
  async run({ flags, io, entry }) {
    using signals = new ProcessSignals();
    const stop = new AbortController();
    const limit = setTimeout(() => stop.abort(), LIMIT_MS);
    const signal = signals.next();
    signal.then(() => stop.abort());
    const dir = await Deno.makeTempDir({ prefix: "tendril-demo-" });
    try {
      await play(entry, dir, io, stop.signal, async (url) => {
        clearTimeout(limit);
        if (flags.once) return;
        io.stdout(`\nStill running. Try it:\n\n  curl ${url}\n\nCtrl-C ends it.\n`);
        await signal;
      });
      return EXIT.ok;
    } finally {
      clearTimeout(limit);
      await Deno.remove(dir, { recursive: true });
      if (flags.once) io.stdout("Everything has ended, and the folder is removed.\n");
    }
  },
});

async function play(
  entry: string,
  dir: string,
  io: CliIo,
  signal: AbortSignal,
  afterwards: (url: string) => Promise<void>,
): Promise<void> {
  const began = performance.now();
  const [edgePort, routerPort, listenPort] = [freePort(), freePort(), freePort()];
  const say = (line: string) => io.stdout(`${line}\n`);
  const command = async (...args: string[]) => {
    say(`$ tendril ${args.join(" ")}`);
    return await runToEnd(demoCommand(entry, dir, args), dir);
  };
  await using server = serve();
  say("Two edges and an interior on loopback, each a process of its own.\n");
  const ports = ["--edge-port", `${edgePort}`, "--inter-router-port", `${routerPort}`];
  await command("site", "create", "hub", "--dir", "hub", "--enable-link-access", "--bind", "127.0.0.1", ...ports);
  for (const name of ["west", "east"]) {
    await command("site", "create", name, "--dir", name, "--edge");
    const link = await command("link", "generate", "--dir", "hub", "--host", "127.0.0.1", "--name", `${name}-to-hub`);
    await Deno.writeTextFile(`${dir}/${name}/Link-hub.yaml`, link, { mode: 0o600 });
  }
  await Deno.writeTextFile(`${dir}/west/Listener-${KEY}.yaml`, service("Listener", listenPort));
  await Deno.writeTextFile(`${dir}/east/Connector-${KEY}.yaml`, service("Connector", server.port));
  say("");
  const start = (name: string) => {
    const { program, args } = demoCommand(entry, dir, ["run", name, "--log-format", "json", "--log-level", "info"]);
    const process = new DemoProcess(name, program, args, dir);
    say(`$ tendril run ${name}    # pid ${process.pid}`);
    return process;
  };
  await using hub = start("hub");
  await hub.waitFor("accepting peers", signal);
  await using west = start("west");
  await using east = start("east");
  say("");
  for (const edge of [west, east]) {
    const link = await edge.waitFor("link is active", signal);
    say(`link up: pid ${edge.pid} to ${link["remote"]} at ${link["endpoint"]}, mutual TLS`);
  }
  const listener = await west.waitFor("listener is open", signal);
  const adaptor = await west.waitFor("adaptor loaded", signal);
  say(`adaptor: ${adaptor["adaptor"]} ${adaptor["digest"]}`);
  const url = `http://${listener["address"]}/`;
  const asked = performance.now();
  const response = await fetch(url, { signal });
  const text = (await response.text()).trim();
  const took = (performance.now() - asked).toFixed(1);
  if (!response.ok || text !== server.text) {
    throw new TendrilError("DEMO_FAILED", `the request was answered with ${response.status} ${text}`, {
      hint: "Report this with the output of 'tendril version'.",
    });
  }
  say(
    `\nGET ${url} -> ${response.status} in ${took} ms, ${(performance.now() - began).toFixed(0)} ms after the start:\n`,
  );
  say(`  ${text}`);
  say(`\nThe request went west -> hub -> east -> 127.0.0.1:${server.port}.`);
  await afterwards(url);
}

/** The web page that the demo serves itself. */
function serve(): { port: number; text: string } & AsyncDisposable {
  const text = `Hello through the network, from pid ${Deno.pid}.`;
  const server = Deno.serve(
    { hostname: "127.0.0.1", port: 0, onListen() {} },
    () => new Response(`${text}\n`, { headers: { connection: "close" } }),
  );
  return { port: server.addr.port, text, [Symbol.asyncDispose]: () => server.shutdown() };
}

function service(kind: "Listener" | "Connector", port: number): string {
  return `apiVersion: skupper.io/v2alpha1
kind: ${kind}
metadata:
  name: ${KEY}
spec:
  routingKey: ${KEY}
  host: 127.0.0.1
  port: ${port}
`;
}

function freePort(): number {
  const listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  listener.close();
  return listener.addr.port;
}
