/** Every command of docs/adaptor-guide.md, in its order and in an empty folder outside of the source tree. */

import assert from "node:assert/strict";
import { freePort } from "../support/ports.ts";
import { type Process, run, start, untilListening } from "../support/processes.ts";
import { tendrilArgs } from "../support/tendril.ts";

const PERMISSIONS = ["--ignore-env", "--allow-net", "--allow-read", "--allow-write"];
const LIMIT_MS = 60_000;

/** The blocks of the page, with ports that are free. */
async function blocksOfGuide(): Promise<{ language: string; text: string }[]> {
  const page = await Deno.readTextFile(new URL("../../docs/adaptor-guide.md", import.meta.url));
  const ports = [`${freePort()}`, `${freePort()}`];
  const text = page.replaceAll("7000", ports[0]!).replaceAll("7001", ports[1]!);
  return [...text.matchAll(/```(\w+)\n(.*?)```/gs)].map(([, language = "", text = ""]) => ({ language, text }));
}

Deno.test("guide: its commands make a plugin, test it, sign it and have a site serve a client with it", async () => {
  const dir = await Deno.makeTempDir();
  const staying: Process[] = [];
  const words = [Deno.execPath(), ...tendrilArgs(PERMISSIONS, [])].map((word) => `'${word}'`).join(" ");
  const shell = (text: string) => [`set -euo pipefail\ntendril() { ${words} "$@"; }\n${text}`];
  let told = "";
  try {
    for (const { language, text } of await blocksOfGuide()) {
      if (language === "ts") await Deno.writeTextFile(`${dir}/server.ts`, text);
      if (language !== "sh" && language !== "bash") continue;
      const port = /^deno run .*:(\d+) server\.ts/.exec(text)?.[1];
      if (port !== undefined) {
        staying.push(start("server", Deno.execPath(), text.trim().split(" ").slice(1), { cwd: dir }));
        await untilListening(Number(port), staying[0]);
      } else if (text.startsWith("tendril run")) {
        staying.push(
          start("west", "bash", ["-c", ...shell(text).map((line) => line.replace("{ '", "{ exec '"))], { cwd: dir }),
        );
      } else {
        const client = /\/dev\/tcp\/127\.0\.0\.1\/(\d+)/.exec(text)?.[1];
        if (client !== undefined) await untilListening(Number(client), staying.at(-1), LIMIT_MS);
        const { code, stdout, stderr } = await run("bash", ["-c", ...shell(text)], { cwd: dir, limitMs: LIMIT_MS });
        assert.equal(code, 0, `${text}\n${stdout}\n${stderr}\n${staying.map((process) => process.output())}`);
        told += stdout;
      }
    }
    assert.equal(staying.length, 2);
    assert.match(told, /^Good morning, Ada$/m);
    assert.match(told, /^BROKEN {2}says what its transcripts say/m);
    assert.match(told, /^signature: /m);
  } finally {
    for (const process of staying) await process.stop();
    await Deno.remove(dir, { recursive: true });
  }
});
