import assert from "node:assert/strict";
import { dispatch } from "../dispatch.ts";
import { EXIT } from "../exit_codes.ts";
import { commands } from "../table.ts";
import { TestIo } from "../testing_io.ts";

async function explain(...words: string[]): Promise<{ code: number; io: TestIo }> {
  const io = new TestIo();
  return { code: await dispatch(["explain", ...words], { commands, io, entry: "file:///x" }), io };
}

Deno.test("explain: a kind, one of its fields, and what lies below a field; case does not matter", async () => {
  const whole = await explain("listener");
  assert.equal(whole.code, EXIT.ok);
  assert.match(whole.io.out, /^Listener \(skupper\.io\/v2alpha1\): A local port/);
  assert.match(whole.io.out, /spec\.port +number or text +yes +acting +Port to bind/);
  assert.match(whole.io.out, /spec\.tlsCredentials +text +acting/);
  const { io } = await explain("Link.endpoints", "-o", "json");
  const paths = JSON.parse(io.out).map(({ path }: { path: string }) => path);
  assert.deepEqual(paths, ["name", "host", "port", "group"].map((name) => `spec.endpoints[].${name}`));
  const schema = JSON.parse((await explain("Secret", "-o", "json")).io.out);
  assert.deepEqual(schema.required, ["apiVersion", "kind", "metadata"]);
  assert.match((await explain("SecuredAccess")).io.out, /accepted with a warning\. /);
});

Deno.test("explain: what is not there is a wrong command line, with the nearest that is", async () => {
  for (const [what, near] of [["Listner", "Listener"], ["Listener.spec.prot", "port"]] as const) {
    const { code, io } = await explain(what);
    assert.equal(code, EXIT.usage);
    assert.match(io.err, new RegExp(`USAGE_KIND.*[\\s\\S]*Did you mean ${near}\\?`));
  }
});
