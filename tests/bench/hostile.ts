/**
 * What a plugin that does harm costs the others: requests over TCP through one port of a site, while clients drive the
 * plugin at another port of it, and while they do not, in turns. Each kind of harm has a plugin of its own, so that none is
 * in quarantine for another.
 */

import { loadFixture } from "../../agent/adaptor/testing_fixture.ts";
import { closeQuietly, connect, server, writeAll } from "../support/tcp.ts";
import { requests } from "./load.ts";
import { cpuSeconds, spread } from "./measure.ts";
import { startPair } from "./pair.ts";
import type { Ground } from "./topology.ts";

/** Kinds of harm, by the octet that starts them; the last two break no rule. Without harm, clients cost what clients cost. */
const KINDS = {
  x: "does no harm",
  l: "loops for ever",
  r: "calls itself for ever",
  g: "grows its memory for ever",
  h: "answers without end",
  s: "takes an octet at a time",
  t: "traps at every tenth call",
  b: "computes for as long as it may",
  a: "answers as much as it may",
};
/** Measurements without and with it, the first to go taking turns. */
const PAIRS = 3;
/** Length of the load that does not count. */
const WARM_UP_S = 6;
/**
 * Clients of the plugin. Each sends it something every {@link BEAT_MS}: a hundred inputs a second, no work for an edge,
 * and two seconds of work if each took all the fuel that there is for one.
 */
const CLIENTS = 4;
const BEAT_MS = 40;
/** Time that the plugin may take for an answer before its client gives up, in ms. */
const PATIENCE_MS = 500;
/** What a client sends at a time: the octet that starts the harm, and more. */
const INPUT_OCTETS = 256;

type Spread = { readonly min: number; readonly median: number; readonly max: number };

/** What one kind of harm did. */
export interface Hostile {
  readonly kind: string;
  /** Requests per second of the others, alone and beside it. */
  readonly without: readonly number[];
  readonly beside: readonly number[];
  /** What they kept in each pair, 0 to 1 and, by luck, beyond. */
  readonly kept: Spread;
  /** The same of their requests per CPU second of the site, which says more where others use the machine, too. */
  readonly keptPerCpu: Spread;
  /** Inputs that the plugin answered, and its connections that ended or were given up. */
  readonly answered: number;
  readonly ended: number;
}

/** Requests per second, and per CPU second of the site. */
interface Speed {
  readonly rate: number;
  readonly perCpu: number;
}

/** Measures with runs of `seconds`; the first of the targets of `ground` called `http` answers requests. */
export async function hostile(ground: Ground, seconds: number): Promise<Hostile[]> {
  const http = ground.targets.find(({ key }) => key === "http")!.port;
  const { bytes } = await loadFixture("hostile");
  using silent = server((conn) => conn.read(new Uint8Array(1)).then(() => {}));
  const names = Object.keys(KINDS).map((letter) => [letter, `hostile-${letter}`] as const);
  await using pair = await startPair(ground, "hostile", [
    { key: "bystander", target: http },
    ...names.map(([, name]) => ({ key: name, target: silent.port, listenerType: name })),
  ], {
    "hostile.wasm": bytes,
    "adaptors.yaml": names.map(([, name]) => adaptorResource(name, "hostile.wasm")).join("---\n"),
  });
  const speed = async () => {
    const before = cpuSeconds(pair.processes[0].pid);
    const { perSecond } = await requests(pair.ports.bystander, seconds, true);
    return { rate: perSecond, perCpu: perSecond * seconds / (cpuSeconds(pair.processes[0].pid) - before) };
  };
  await requests(pair.ports.bystander, WARM_UP_S, true);
  const harms: Hostile[] = [];
  for (const [letter, name] of names) {
    const kind = KINDS[letter as keyof typeof KINDS];
    const found = { without: [] as Speed[], beside: [] as Speed[] };
    const sum = { answered: 0, ended: 0 };
    for (let run = 0; run < PAIRS; run++) {
      console.error(`plugin that ${kind}, pair ${run + 1} of ${PAIRS}`);
      const phases = ["without", "beside"] as const;
      for (const phase of run % 2 === 0 ? phases : phases.toReversed()) {
        await using _driver = phase === "beside" ? new Driver(pair.ports[name], letter.toUpperCase(), sum) : undefined;
        found[phase].push(await speed());
      }
    }
    const kept = (figure: keyof Speed) =>
      spread(found.beside.map((speed, at) => speed[figure] / found.without[at][figure]));
    harms.push({
      kind,
      without: found.without.map(({ rate }) => rate),
      beside: found.beside.map(({ rate }) => rate),
      kept: kept("rate"),
      keptPerCpu: kept("perCpu"),
      ...sum,
    });
  }
  return harms;
}

/** Clients that have a plugin do harm, for as long as it lasts. */
class Driver implements AsyncDisposable {
  readonly #running: Promise<unknown>;
  readonly #input: Uint8Array;
  readonly #sum: { answered: number; ended: number };
  #over = false;

  constructor(port: number, letter: string, sum: { answered: number; ended: number }) {
    this.#input = new TextEncoder().encode(letter.padEnd(INPUT_OCTETS, "x"));
    this.#sum = sum;
    this.#running = Promise.all(Array.from({ length: CLIENTS }, () => this.#client(port)));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#over = true;
    await this.#running;
  }

  async #client(port: number): Promise<void> {
    let conn: Deno.TcpConn | undefined;
    while (!this.#over) {
      const beat = new Promise((resolve) => setTimeout(resolve, BEAT_MS));
      conn ??= await connect(port).catch(() => undefined);
      if (conn !== undefined && await this.#speak(conn)) this.#sum.answered++;
      else {
        this.#sum.ended++;
        if (conn !== undefined) closeQuietly(conn);
        conn = undefined;
      }
      await beat;
    }
    if (conn !== undefined) closeQuietly(conn);
  }

  /** False when there is no answer. */
  async #speak(conn: Deno.TcpConn): Promise<boolean> {
    const timer = setTimeout(() => closeQuietly(conn), PATIENCE_MS);
    try {
      await writeAll(conn, this.#input);
      return await conn.read(new Uint8Array(INPUT_OCTETS)) !== null;
    } catch {
      return false;
    } finally {
      clearTimeout(timer);
    }
  }
}

function adaptorResource(name: string, file: string): string {
  return `apiVersion: tendril.dev/v1alpha1
kind: Adaptor
metadata:
  name: ${name}
spec:
  source: file:${file}
`;
}
