import assert from "node:assert/strict";
import { createAuthority, issue } from "../pki/authority.ts";
import { createSite } from "../site/create.ts";
import { dispatch } from "./dispatch.ts";
import { EXIT } from "./exit_codes.ts";
import { commands } from "./table.ts";
import { TestIo } from "./testing_io.ts";

/** An edge in `dir` that is given the Secret `file-tls`, and PEM files of another one beside it. */
async function withSite(body: (root: string) => Promise<void>): Promise<void> {
  const root = await Deno.makeTempDir();
  try {
    const ports = { edgePort: 45_671, interRouterPort: 55_671, amqpPort: undefined };
    const site = { name: "west", edge: true, linkAccess: false, bind: "127.0.0.1" };
    await createSite({ dir: `${root}/west`, ...site, ...ports });
    const years = { years: 1, now: Date.now() };
    const authority = await createAuthority({ commonName: "mine", ...years });
    const tls = await issue({ authority, commonName: "web", client: false, server: true, hosts: ["web"], ...years });
    await Deno.mkdir(`${root}/west/certs/file-tls`, { recursive: true });
    for (const folder of [`${root}/west/certs/file-tls`, root]) {
      for (const [name, text] of [["tls.crt", tls.cert], ["tls.key", tls.key]] as const) {
        await Deno.writeTextFile(`${folder}/${name}`, text);
      }
    }
    await body(root);
  } finally {
    await Deno.remove(root, { recursive: true });
  }
}

async function call(...argv: string[]): Promise<{ code: number; err: string }> {
  const io = new TestIo();
  return { code: await dispatch(argv, { commands, io, entry: "file:///x" }), err: io.err };
}

Deno.test("given secret: an import that would have no effect is refused, others are not", async () => {
  await withSite(async (root) => {
    const pem = ["--cert", `${root}/tls.crt`, "--key", `${root}/tls.key`, "--dir", `${root}/west`];
    const refused = await call("certificate", "import", "file-tls", ...pem);
    assert.equal(refused.code, EXIT.configuration, refused.err);
    assert.match(
      refused.err,
      /error\[SITE_SECRET_GIVEN\][\s\S]*next: Replace the files in .*\/west\/certs\/file-tls or /,
    );
    await assert.rejects(Deno.stat(`${root}/west/Secret-file-tls.yaml`), Deno.errors.NotFound);
    const other = await call("certificate", "import", "other-tls", ...pem);
    assert.deepEqual(other, { code: EXIT.ok, err: "" });
  });
});

Deno.test("given secret: one that is applied is written, and warned of", async () => {
  await withSite(async (root) => {
    const secret = (name: string) => {
      const fields = { apiVersion: "v1", kind: "Secret", metadata: { name }, stringData: { "ca.crt": "" } };
      return Deno.writeTextFile(`${root}/${name}.json`, JSON.stringify(fields));
    };
    await secret("file-tls");
    await secret("other-tls");
    const files = ["-f", `${root}/file-tls.json`, "-f", `${root}/other-tls.json`];
    for (const words of [["plan"], ["apply"]]) {
      const { code, err } = await call(...words, ...files, "--dir", `${root}/west`);
      assert.equal(code, EXIT.ok, err);
      assert.match(err, /^\S+ WARN +the Secret has no effect: .* name=file-tls next=.*certs\/file-tls or .*\n$/);
    }
  });
});
