/** The simulation is worth something only if it finds what is wrong: with any of these fixes undone, it does. */

import assert from "node:assert/strict";

const ROOT = new URL("../../", import.meta.url);

interface Fix {
  readonly name: string;
  readonly file: string;
  /** Replaced by {@link Fix.undone}. */
  readonly code: string;
  readonly undone: string;
  /** The seed that found the fault, or one that does. */
  readonly seed: number;
}

const FIXES: readonly Fix[] = [
  {
    name: "what a neighbour says before it can be answered is kept",
    file: "interior/transit/control_link.ts",
    code: "if (this.#up) this.#delay",
    undone: "if (this.#up || bytes.length > 0) this.#delay",
    seed: 34,
  },
  {
    name: "all addresses means all that were told",
    file: "interior/routing/mobile_addresses.ts",
    code: "for (const [key, address] of this.#told) {",
    undone: "for (const [key, address] of new Map<string, AdvertisedAddress>()) {",
    seed: 954,
  },
  {
    name: "questions that got lost are asked again",
    file: "interior/routing/remote_node.ts",
    code: "this.#askAgainAt = now + this.#patience;",
    undone: "this.#askAgainAt = Infinity;",
    seed: 14,
  },
];

for (const fix of FIXES) {
  Deno.test(`simulation: a network in which this is undone fails: ${fix.name}`, async () => {
    const dir = await Deno.makeTempDir();
    try {
      for (const folder of ["agent", "interior", "tests/simulation"]) await copy(folder, dir);
      for (const file of ["deno.json", "deno.lock"]) await Deno.copyFile(new URL(file, ROOT), `${dir}/${file}`);
      const path = `${dir}/${fix.file}`;
      const source = await Deno.readTextFile(path);
      assert.ok(source.includes(fix.code), `${fix.file} has changed: adapt this test`);
      await Deno.writeTextFile(path, source.replace(fix.code, () => fix.undone));
      const { code, stdout, stderr } = await new Deno.Command(Deno.execPath(), {
        args: ["run", "--no-check", "--allow-read", `${dir}/tests/simulation/main.ts`, "--seed", `${fix.seed}`],
      }).output();
      const output = new TextDecoder().decode(stdout);
      assert.equal(code, 1, new TextDecoder().decode(stderr));
      assert.match(output, /^FAILED /m);
    } finally {
      await Deno.remove(dir, { recursive: true });
    }
  });
}

async function copy(folder: string, to: string): Promise<void> {
  await Deno.mkdir(`${to}/${folder}`, { recursive: true });
  for await (const { name, isDirectory } of Deno.readDir(new URL(folder, ROOT))) {
    if (isDirectory) await copy(`${folder}/${name}`, to);
    else await Deno.copyFile(new URL(`${folder}/${name}`, ROOT), `${to}/${folder}/${name}`);
  }
}
