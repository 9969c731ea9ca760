import assert from "node:assert/strict";
import { splitPem } from "../../pki/inspect.ts";
import { createSite } from "../create.ts";
import { loadResources } from "../load.ts";
import { SITE_CA } from "../port_access.ts";
import { readHandover } from "./handover.ts";
import { rotateAuthority } from "./rotate.ts";

const DAY = 86_400_000;
const START = Date.now();
const PORTS = { edgePort: 45_671, interRouterPort: 55_671, amqpPort: undefined };

async function withHub(body: (dir: string) => Promise<void>): Promise<void> {
  const dir = await Deno.makeTempDir();
  try {
    await createSite({ dir, name: "hub", edge: false, linkAccess: true, bind: "127.0.0.1", ...PORTS });
    await body(dir);
  } finally {
    await Deno.remove(dir, { recursive: true });
  }
}

/** The authority of the site in `dir`, those that it has followed, and those that the port trusts. */
async function trust(dir: string): Promise<{ authority: string; previous: string[]; port: string[] }> {
  const { secrets } = await loadResources(dir);
  const values = secrets.get(SITE_CA) ?? new Map();
  return {
    authority: values.get("tls.crt") ?? "",
    previous: splitPem(readHandover(values)?.previous ?? ""),
    port: splitPem(secrets.get("hub")?.get("ca.crt") ?? "").sort(),
  };
}

Deno.test("rotate: an authority whose window has ended is not trusted again, though no site ran when it ended", () =>
  withHub(async (dir) => {
    await rotateAuthority(dir, START, 2 * DAY);
    const second = await trust(dir);
    await rotateAuthority(dir, START + 3 * DAY, 30 * DAY);
    const third = await trust(dir);
    assert.deepEqual(third.previous, [second.authority]);
    assert.deepEqual(third.port, [second.authority, third.authority].sort());
  }));

Deno.test("rotate: what a port still trusts from a window that has ended is settled first", () =>
  withHub(async (dir) => {
    await rotateAuthority(dir, START, 2 * DAY);
    const file = `${dir}/Secret-hub.yaml`;
    const text = await Deno.readTextFile(file);
    await Deno.writeTextFile(file, `${text}---\n${text.replace("name: hub", "name: other")}`);
    const before = await trust(dir);
    await assert.rejects(rotateAuthority(dir, START + 3 * DAY, 30 * DAY), { code: "SITE_SECRET" });
    assert.deepEqual(await trust(dir), before);
    await Deno.writeTextFile(file, text);
    await rotateAuthority(dir, START + 3 * DAY, 30 * DAY);
    const { authority, port } = await trust(dir);
    assert.deepEqual(port, [before.authority, authority].sort());
  }));

Deno.test("rotate: within the window, only one that shuts out everybody follows, and the port trusts that alone", () =>
  withHub(async (dir) => {
    await rotateAuthority(dir, START, 2 * DAY);
    await assert.rejects(rotateAuthority(dir, START + DAY, DAY), { code: "SITE_HANDOVER" });
    await rotateAuthority(dir, START + DAY, 0);
    const { authority, previous, port } = await trust(dir);
    assert.deepEqual([previous, port], [[], [authority]]);
  }));
