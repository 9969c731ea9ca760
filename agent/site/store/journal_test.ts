import assert from "node:assert/strict";
import { until } from "../../../tests/support/until.ts";
import { changeFolder } from "./change.ts";
import { readDocuments } from "../documents.ts";
import { loadSite } from "../load.ts";
import { editToApply, editToDelete, incoming } from "./edit.ts";
import { readFolder } from "./folder.ts";
import { commit, recover, withLock } from "./journal.ts";

const SITE = "apiVersion: skupper.io/v2alpha1\nkind: Site\nmetadata: {name: west}\nspec: {edge: true}\n";
const listener = (name: string, port: number | string) =>
  `apiVersion: skupper.io/v2alpha1\nkind: Listener\nmetadata: {name: ${name}}\n` +
  `spec: {routingKey: a, host: 127.0.0.1, port: ${port}}\n`;

async function withFolder(use: (dir: string) => Promise<void>): Promise<void> {
  const dir = await Deno.makeTempDir();
  try {
    await Deno.writeTextFile(`${dir}/site.yaml`, SITE);
    await use(dir);
  } finally {
    await Deno.remove(dir, { recursive: true });
  }
}

const namesIn = async (dir: string) => (await Array.fromAsync(Deno.readDir(dir))).map(({ name }) => name).sort();
const put = (text: string) => incoming(text, readDocuments(text, "in.yaml"));

Deno.test("journal: a change that was cut off is seen whole, and brought to its end by the next", () =>
  withFolder(async (dir) => {
    await Deno.writeTextFile(`${dir}/gone.yaml`, listener("gone", 1));
    // As a crash leaves it: the journal has its name, the files are as they were, a temporary file lies about.
    const files = { "new.yaml": listener("new", 2), "gone.yaml": null };
    await Deno.writeTextFile(`${dir}/.tendril-journal`, JSON.stringify({ files }));
    const temporary = `new.yaml.${crypto.randomUUID()}.tmp`;
    await Deno.writeTextFile(`${dir}/${temporary}`, "half");
    await Deno.writeTextFile(`${dir}/other.yaml.${crypto.randomUUID()}.tmp`, "of another program");
    assert.deepEqual([...(await readFolder(dir)).files.keys()], ["new.yaml", "site.yaml"]);
    await recover(dir);
    const names = await namesIn(dir);
    assert.deepEqual(names.filter((name) => !name.endsWith(".tmp")), ["new.yaml", "site.yaml"]);
    assert.equal(names.length, 3, "what another program may be writing stays");
  }));

Deno.test("journal: files from the future, as a clock leaves them that is set back, do not tear a change apart", () =>
  withFolder(async (dir) => {
    const name = "ahead.yaml";
    await Deno.writeTextFile(`${dir}/${name}`, listener("ahead", 1));
    const future = new Date(Date.now() + 3_600_000);
    await Deno.utime(`${dir}/${name}`, future, future);
    // A folder where the new file is to be keeps the change from its end.
    await Deno.mkdir(`${dir}/a.yaml`);
    const change = new Map([["a.yaml", listener("a", 2)], [name, listener("ahead", 3)]]);
    await assert.rejects(commit(dir, change), { code: "SITE_WRITE" });
    const { files } = await readFolder(dir);
    assert.deepEqual([files.get("a.yaml"), files.get(name)], [listener("a", 2), listener("ahead", 3)]);
    await Deno.remove(`${dir}/a.yaml`);
    await recover(dir);
    assert.equal(await Deno.readTextFile(`${dir}/${name}`), listener("ahead", 3));
    assert.deepEqual(await namesIn(dir), ["a.yaml", "ahead.yaml", "site.yaml"]);
  }));

Deno.test("journal: the longest name that a resource may have still is that of a file", () =>
  withFolder(async (dir) => {
    const [one, other] = ["a", "b"].map((end) => `${"x".repeat(252)}${end}`) as [string, string];
    const text = `${listener(one, 1)}---\n${listener(other, 2)}`;
    const { changes } = await changeFolder(dir, false, (files) => editToApply(files, put(text)));
    assert.deepEqual(changes.map(({ action }) => action), ["create", "create"]);
    assert.deepEqual((await loadSite(dir)).listeners.map(({ name }) => name).sort(), [one, other]);
    await changeFolder(dir, false, (files) => editToDelete(files, [{ kind: "Listener", name: one }]));
    assert.deepEqual((await loadSite(dir)).listeners.map(({ name }) => name), [other]);
  }));

Deno.test("journal: what was written after a change that was cut off is not undone by it", () =>
  withFolder(async (dir) => {
    const files = { "a.yaml": listener("a", 1), "gone.yaml": null };
    await Deno.writeTextFile(`${dir}/.tendril-journal`, JSON.stringify({ files }));
    const later = new Date(Date.now() + 5000);
    for (const name of ["a.yaml", "gone.yaml"]) {
      await Deno.writeTextFile(`${dir}/${name}`, listener("mine", 3));
      await Deno.utime(`${dir}/${name}`, later, later);
    }
    assert.equal((await readFolder(dir)).files.get("a.yaml"), listener("mine", 3));
    await recover(dir);
    assert.deepEqual(await namesIn(dir), ["a.yaml", "gone.yaml", "site.yaml"]);
    assert.equal(await Deno.readTextFile(`${dir}/a.yaml`), listener("mine", 3));
  }));

Deno.test("journal: a change whose files can't be written is in force, says so, and is brought to its end later", () =>
  withFolder(async (dir) => {
    await Deno.mkdir(`${dir}/Listener-b.yaml`);
    const apply = (name: string, port: number) =>
      changeFolder(dir, false, (files) => editToApply(files, put(listener(name, port))));
    await assert.rejects(apply("b", 81), { code: "SITE_WRITE", message: /is made and in force/ });
    assert.ok((await readFolder(dir)).files.has("Listener-b.yaml"));
    await Deno.remove(`${dir}/Listener-b.yaml`);
    await apply("c", 82);
    assert.deepEqual((await namesIn(dir)).filter((name) => name.endsWith(".yaml")), [
      "Listener-b.yaml",
      "Listener-c.yaml",
      "site.yaml",
    ]);
  }));

Deno.test("journal: one that can't be read is told as such", () =>
  withFolder(async (dir) => {
    await Deno.writeTextFile(`${dir}/.tendril-journal`, "{");
    await assert.rejects(readFolder(dir), { code: "SITE_FOLDER", message: /\.tendril-journal can't be read/ });
  }));

Deno.test("journal: files are for their owner's eyes, and nothing else is left behind", () =>
  withFolder(async (dir) => {
    await withLock(dir, () => commit(dir, new Map([["a.yaml", "x"], ["b.yaml", "y"], ["none.yaml", null]])));
    assert.deepEqual(await namesIn(dir), [".tendril-lock", "a.yaml", "b.yaml", "site.yaml"]);
    assert.equal(((await Deno.stat(`${dir}/a.yaml`)).mode ?? 0) & 0o777, 0o600);
  }));

Deno.test("journal: who holds the lock is waited for", () =>
  withFolder(async (dir) => {
    const order: string[] = [];
    const { promise: release, resolve } = Promise.withResolvers<void>();
    const first = withLock(dir, async () => {
      order.push("first");
      await release;
      order.push("first ends");
    });
    await until(() => order.length === 1);
    const second = withLock(dir, () => {
      order.push("second");
      return Promise.resolve();
    });
    resolve();
    await Promise.all([first, second]);
    assert.deepEqual(order, ["first", "first ends", "second"]);
  }));

Deno.test("change: what would be broken by it is not done, and what was broken before keeps nobody from working", () =>
  withFolder(async (dir) => {
    await Deno.writeTextFile(`${dir}/broken.yaml`, listener("broken", "none"));
    await Deno.writeTextFile(`${dir}/a.yaml`, listener("a", 80));
    const before = await namesIn(dir);
    const refused = async (text: string, message: RegExp) => {
      await assert.rejects(changeFolder(dir, false, (files) => editToApply(files, put(text))), {
        code: "SITE_INVALID",
        message,
      });
      assert.deepEqual((await namesIn(dir)).filter((name) => name !== ".tendril-lock"), before);
    };
    await refused(
      listener("b", 80),
      /nothing was changed: .*Listener-b\.yaml:4:\d+ .*127\.0\.0\.1:80 is taken by Listener a$/,
    );
    await refused(listener("b", "x"), /spec\.port must be a port/);
    await refused(SITE.replace("west", "east"), /there is another Site/);
    const gone = changeFolder(dir, false, (files) => editToDelete(files, [{ kind: "Site", name: "west" }]));
    await assert.rejects(gone, { code: "SITE_INVALID", message: /there is no Site/ });
    const { changes } = await changeFolder(dir, false, (files) => editToApply(files, put(listener("b", 81))));
    assert.deepEqual(changes.map(({ action }) => action), ["create"]);
    await changeFolder(dir, false, (files) => editToApply(files, put(listener("broken", 82))));
    assert.match(await Deno.readTextFile(`${dir}/broken.yaml`), /port: 82/);
    await Deno.writeTextFile(`${dir}/syntax.yaml`, "kind: [");
    await assert.rejects(changeFolder(dir, false, (files) => editToApply(files, put(listener("c", 83)))), {
      code: "SITE_SYNTAX",
    });
  }));

Deno.test("change: a dry run says the same and writes nothing", () =>
  withFolder(async (dir) => {
    const { changes, after } = await changeFolder(dir, true, (files) => editToApply(files, put(listener("b", 81))));
    assert.deepEqual(changes, [{ action: "create", kind: "Listener", name: "b", file: "Listener-b.yaml" }]);
    assert.deepEqual(after?.listeners.map(({ name }) => name), ["b"]);
    assert.deepEqual(await namesIn(dir), ["site.yaml"]);
  }));
