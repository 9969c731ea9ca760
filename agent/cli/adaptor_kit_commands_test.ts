import assert from "node:assert/strict";
import { COMPILER } from "../../adaptors/compile.ts";
import config from "../../deno.json" with { type: "json" };
import { dispatch } from "./dispatch.ts";
import { EXIT } from "./exit_codes.ts";
import { commands } from "./table.ts";
import { TestIo } from "./testing_io.ts";

async function tendril(...argv: string[]): Promise<TestIo & { code: number }> {
  const io = new TestIo({ colors: false });
  return Object.assign(io, { code: await dispatch(argv, { commands, io, entry: "main.ts" }) });
}

async function withFolder(body: (dir: string) => Promise<void>): Promise<void> {
  const dir = await Deno.makeTempDir();
  try {
    await body(dir);
  } finally {
    await Deno.remove(dir, { recursive: true });
  }
}

async function built(...words: string[]): Promise<{ module: string; sha256: string; octets: number }> {
  const { code, out, err } = await tendril("adaptor", "build", ...words, "-o", "json");
  assert.equal(code, EXIT.ok, err);
  return JSON.parse(out);
}

Deno.test("adaptor build: the compiler is the one that deno.json pins", () => {
  assert.equal(COMPILER, config.imports["assemblyscript/asc"]);
});

Deno.test("adaptor new, build: the same source gives the same module, wherever it lies and however it is named", () =>
  withFolder(async (dir) => {
    for (const place of ["one", "two/deeper"]) {
      assert.equal((await tendril("adaptor", "new", "twin", "--dir", `${dir}/${place}`)).code, EXIT.ok);
    }
    const one = await built(`${dir}/one`);
    const two = await built(`${dir}/two/deeper/`, "--out", `${dir}/other.wasm`);
    const byFile = await built(`${dir}/one/assembly/index.ts`);
    assert.deepEqual([one.module, two.module], [`${dir}/one/one.wasm`, `${dir}/other.wasm`]);
    assert.deepEqual([two.sha256, byFile.sha256], [one.sha256, one.sha256]);
    assert.equal((await Deno.readFile(one.module)).length, one.octets);
    const inspected = await tendril("adaptor", "inspect", one.module);
    assert.match(inspected.out, /^name: +twin$/m);
    assert.match(inspected.out, new RegExp(one.sha256));
  }));

Deno.test("adaptor build: options beside the source change nothing but the memory that they may", () =>
  withFolder(async (dir) => {
    await tendril("adaptor", "new", "a", "--dir", `${dir}/a`);
    const { sha256 } = await built(`${dir}/a`);
    await Deno.writeTextFile(`${dir}/a/assembly/asconfig.json`, `{ "options": { "runtime": "incremental" } }`);
    assert.equal((await built(`${dir}/a`)).sha256, sha256);
    await Deno.writeTextFile(`${dir}/a/build.json`, `{ "memoryPages": 3 }`);
    assert.notEqual((await built(`${dir}/a`)).sha256, sha256);
    for (const options of [`{ "memoryPages": 0 }`, `{ "optimize": false }`, "no json"]) {
      await Deno.writeTextFile(`${dir}/a/build.json`, options);
      const { code, err } = await tendril("adaptor", "build", `${dir}/a`);
      assert.deepEqual([code, /error\[ADAPTOR_SOURCE\]/.test(err)], [EXIT.configuration, true], err);
    }
  }));

Deno.test("adaptor build: what does not compile is told with the compiler's words, file and line", () =>
  withFolder(async (dir) => {
    await tendril("adaptor", "new", "a", "--dir", `${dir}/a`);
    const index = `${dir}/a/assembly/index.ts`;
    await Deno.writeTextFile(
      index,
      `import { nothing } from "tendril/emit";\nexport function f(): i32 { return none; }\n`,
    );
    const { code, err } = await tendril("adaptor", "build", `${dir}/a`);
    assert.deepEqual([code, /error\[ADAPTOR_COMPILE\]/.test(err)], [EXIT.configuration, true], err);
    assert.match(err, /index\.ts/);
    assert.match(err, /nothing|none/);
    await assert.rejects(Deno.stat(`${dir}/a/a.wasm`), Deno.errors.NotFound);
  }));

Deno.test("adaptor build, new: what is no source, no name, or would overwrite something is refused", () =>
  withFolder(async (dir) => {
    await Deno.writeTextFile(`${dir}/x.txt`, "x");
    await Deno.mkdir(`${dir}/empty`);
    const refused: [string, ...string[]][] = [
      ["ADAPTOR_SOURCE", "build", `${dir}/none`],
      ["ADAPTOR_SOURCE", "build", `${dir}/empty`],
      ["ADAPTOR_SOURCE", "build", `${dir}/x.txt`],
      ["ADAPTOR_SOURCE", "new", "a", "--dir", dir],
      ["ADAPTOR_SOURCE", "new", "a", "--dir", `${dir}/x.txt`],
      ["ADAPTOR_NAME", "new", "A", "--dir", `${dir}/a`],
      ["ADAPTOR_NAME", "new", "../a", "--dir", `${dir}/a`],
    ];
    for (const [wanted, ...words] of refused) {
      const { code, err } = await tendril("adaptor", ...words);
      assert.deepEqual([code, err.includes(`error[${wanted}]`)], [EXIT.configuration, true], `${words}: ${err}`);
    }
    assert.deepEqual([...Deno.readDirSync(dir)].map(({ name }) => name).sort(), ["empty", "x.txt"]);
    await tendril("adaptor", "new", "a", "--dir", `${dir}/a`);
    await built(`${dir}/a`);
    const { code, err } = await tendril("adaptor", "build", `${dir}/a`, "--out", `${dir}/none/a.wasm`);
    assert.deepEqual([code, /error\[ADAPTOR_FILE\]/.test(err)], [EXIT.configuration, true], err);
  }));

Deno.test("adaptor test: a transcript that the plugin does not follow is told by its title", () =>
  withFolder(async (dir) => {
    await tendril("adaptor", "new", "a", "--dir", `${dir}/a`);
    await built(`${dir}/a`);
    const path = `${dir}/a/transcripts.yaml`;
    const test = () => tendril("adaptor", "test", `${dir}/a/a.wasm`, "--transcripts", path);
    const kept = await test();
    assert.equal(kept.code, EXIT.ok, kept.out);
    const text = await Deno.readTextFile(path);
    await Deno.writeTextFile(path, text.replace(`bytes: "world\\n"`, `bytes: "word\\n"`));
    const broken = await test();
    assert.equal(broken.code, EXIT.failure);
    assert.match(broken.out, /^BROKEN {2}says what its transcripts say: a line is a request, .*: step 3$/m);
    await Deno.writeTextFile(path, "- title: x\n");
    const wrong = await test();
    assert.deepEqual(
      [wrong.code, /error\[ADAPTOR_TRANSCRIPT\]/.test(wrong.err)],
      [EXIT.configuration, true],
      wrong.err,
    );
  }));
