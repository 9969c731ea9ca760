/** What the demo does, step by step, as it tells it; `commands/demo.ts` bounds it in time and cleans up. */

import { TendrilError } from "../lib/errors.ts";
import { linkGenerate } from "./commands/link_generate.ts";
import { run } from "./commands/run.ts";
import { LOCAL_SOCKET } from "./permissions.ts";
import { siteCreate } from "./commands/site_create.ts";
import { demoCommand, type DemoStep, runToEnd } from "./demo_command.ts";
import { DemoProcess } from "./demo_process.ts";
import type { CliIo } from "./io.ts";

/** Where the demo plays. */
export interface DemoStage {
  /** Where the program was loaded from. */
  readonly entry: string;
  /** An empty folder. */
  readonly dir: string;
  /** Where the story is told. */
  readonly io: CliIo;
  /** Ends everything early. */
  readonly signal: AbortSignal;
}

const KEY = "hello";
const LOOPBACK = "127.0.0.1";

/** Plays the demo, then waits for `afterwards` with the network still up; every process it started is gone at the end. */
export async function playDemo(stage: DemoStage, afterwards: (url: string) => Promise<void>): Promise<void> {
  const { entry, dir, io, signal } = stage;
  const began = performance.now();
  const say = (line: string) => io.stdout(`${line}\n`);
  const tell = (step: DemoStep, note = "") => {
    const command = demoCommand(entry, step);
    say(`$ tendril ${step.words.join(" ")}${note}\n    may: ${command.permissions.join(" ")}`);
    return command;
  };
  const command = (step: DemoStep) => runToEnd(tell(step), dir, signal);

  await using server = servePage();
  const [edgePort = 0, routerPort = 0, listenPort = 0] = await freePorts(3);
  say("Two edges and an interior on loopback, each a process of its own with no more permissions than it needs.");
  say(`tendril = ${Deno.execPath()} run …may… ${entry}\n`);

  const ports = ["--edge-port", `${edgePort}`, "--inter-router-port", `${routerPort}`];
  const words = ["site", "create", "hub", "--dir", "hub", "--enable-link-access", "--bind", LOOPBACK, ...ports];
  await command({ words, needs: siteCreate.permissions, reach: { DIR: ["hub"] } });
  for (const name of ["west", "east"]) {
    const create = ["site", "create", name, "--dir", name, "--edge"];
    await command({ words: create, needs: siteCreate.permissions, reach: { DIR: [name] } });
    const generate = ["link", "generate", "--dir", "hub", "--host", LOOPBACK, "--name", `${name}-to-hub`];
    const link = await command({ words: generate, needs: linkGenerate.permissions, reach: { DIR: ["hub"] } });
    await writeResource(dir, `${name}/Link-hub.yaml`, link);
  }
  await writeResource(dir, `west/Listener-${KEY}.yaml`, service("Listener", listenPort));
  await writeResource(dir, `east/Connector-${KEY}.yaml`, service("Connector", server.port));
  say("");

  const start = (name: string, reach: Readonly<Record<string, readonly string[]>>) => {
    const words = ["run", name, "--log-format", "json", "--log-level", "info"];
    const step = {
      words,
      needs: run.permissions,
      reach: {
        DIR: [name],
        "DIR/run": [`${name}/run`],
        [LOCAL_SOCKET]: [`unix:${dir}/${name}/run/amqp.sock`],
        ...reach,
      },
    };
    const { program, args } = demoCommand(entry, step);
    const process = new DemoProcess(name, program, args, dir);
    tell(step, `    # pid ${process.pid}`);
    return process;
  };
  const at = (port: number) => [`${LOOPBACK}:${port}`];
  await using hub = start("hub", { "ACCESS_HOST:PORT": [...at(edgePort), ...at(routerPort)] });
  await hub.waitFor("accepting peers", signal);
  const toHub = { "LINK_HOST:PORT": at(edgePort) };
  await using west = start("west", { ...toHub, "LISTENER_HOST:PORT": at(listenPort) });
  await using east = start("east", { ...toHub, "TARGET_HOST:PORT": at(server.port) });
  say("");
  for (const edge of [west, east]) {
    const link = await edge.waitFor("link is active", signal);
    say(`link up: pid ${edge.pid} to ${link["remote"]} at ${link["endpoint"]}, mutual TLS`);
  }
  const adaptor = await west.waitFor("adaptor loaded", signal);
  say(`adaptor: ${adaptor["adaptor"]} ${adaptor["digest"]}`);
  const listener = await west.waitFor("listener is open", signal);
  const url = `http://${listener["address"]}/`;
  const { status, took } = await fetchPage(url, server.text, signal);
  say(
    `\nGET ${url} -> ${status} in ${took.toFixed(1)} ms, ${(performance.now() - began).toFixed(0)} ms after the start:`,
  );
  say(`\n  ${server.text}\n`);
  say(`The request went west -> hub -> east -> ${LOOPBACK}:${server.port}.`);
  await afterwards(url);
}

/** One request through the network; fails with `DEMO_FAILED` unless it brings exactly `text`. */
async function fetchPage(url: string, text: string, signal: AbortSignal): Promise<{ status: number; took: number }> {
  const asked = performance.now();
  const response = await fetch(url, { signal });
  const body = (await response.text()).trim();
  if (!response.ok || body !== text) {
    throw new TendrilError("DEMO_FAILED", `the request was answered with ${response.status} ${body}`, {
      hint: "Report this with the output of 'tendril version'.",
    });
  }
  return { status: response.status, took: performance.now() - asked };
}

/** The web page that the demo serves itself; its text can't have come from anywhere else. */
function servePage(): { port: number; text: string } & AsyncDisposable {
  const text = `Hello through the network, from pid ${Deno.pid}, visit ${crypto.randomUUID()}.`;
  const server = Deno.serve(
    { hostname: LOOPBACK, port: 0, onListen() {} },
    () => new Response(`${text}\n`, { headers: { connection: "close" } }),
  );
  return { port: server.addr.port, text, [Symbol.asyncDispose]: () => server.shutdown() };
}

/** Distinct loopback ports that nobody uses now. */
async function freePorts(count: number): Promise<number[]> {
  const options = { hostname: LOOPBACK, port: 0, onListen() {} };
  const servers = Array.from({ length: count }, () => Deno.serve(options, () => new Response()));
  await Promise.all(servers.map((server) => server.shutdown()));
  return servers.map((server) => server.addr.port);
}

async function writeResource(dir: string, name: string, text: string): Promise<void> {
  await Deno.writeTextFile(`${dir}/${name}`, text, { mode: 0o600 });
}

function service(kind: "Listener" | "Connector", port: number): string {
  return `apiVersion: skupper.io/v2alpha1
kind: ${kind}
metadata:
  name: ${KEY}
spec:
  routingKey: ${KEY}
  host: ${LOOPBACK}
  port: ${port}
`;
}
