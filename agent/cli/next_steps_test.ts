/** Mistakes whose next step has to name what is at fault. */

import assert from "node:assert/strict";
import { createSite } from "../site/create.ts";
import { dispatch } from "./dispatch.ts";
import { EXIT } from "./exit_codes.ts";
import { commands } from "./table.ts";
import { TestIo } from "./testing_io.ts";

async function call(line: string): Promise<{ code: number; err: string }> {
  const io = new TestIo();
  return { code: await dispatch(line.split(" "), { commands, io, entry: "file:///x" }), err: io.err };
}

const LINES: ReadonlyArray<readonly [string, number, RegExp]> = [
  ["multikeylistener create db 15432", EXIT.usage, /no routing keys[\s\S]*--priority .*--weighted/],
  ["multikeylistener generate db 15432", EXIT.usage, /no routing keys[\s\S]*--priority .*--weighted/],
  ["expose http://x:80 --link l", EXIT.usage, /"http:\/\/x:80" is a URL[\s\S]*Write HOST:PORT/],
  ["expose web http://x:80 --link l", EXIT.usage, /"http:\/\/x:80" is a URL[\s\S]*Write HOST:PORT/],
  ...["listener generate Web 80", "connector create Web 80", "multikeylistener generate Web 80 --priority a"].map((
    line,
  ) => [line, EXIT.configuration, /SITE_NAME\]: "Web" .* name of a \w+\n {2}next: Use lower-case letters/] as const),
];
for (const [line, expected, wanted] of LINES) {
  Deno.test(`next steps: \`tendril ${line}\` names what is at fault`, async () => {
    const { code, err } = await call(line);
    assert.equal(code, expected, err);
    assert.match(err, wanted);
  });
}

Deno.test("next steps: an authority or a token that a site does not have", async () => {
  const dir = await Deno.makeTempDir();
  try {
    const ports = { edgePort: 45_671, interRouterPort: 55_671, amqpPort: undefined };
    await createSite({ dir, name: "hub", edge: false, linkAccess: true, bind: "127.0.0.1", ...ports });
    const rotated = await call(`certificate rotate-ca --name skupper-service-ca --dir ${dir}`);
    assert.equal(rotated.code, EXIT.configuration, rotated.err);
    assert.match(rotated.err, /no Secret skupper-service-ca\n {2}next: .*tendril certificate status --dir /);
    for (const line of ["token delete nope", `token issue ${dir}/x.token --grant nope`]) {
      const { code, err } = await call(`${line} --dir ${dir}`);
      assert.equal(code, EXIT.configuration, err);
      assert.match(err, /error\[GRANT_UNKNOWN\]: .*nope/);
    }
  } finally {
    await Deno.remove(dir, { recursive: true });
  }
});
