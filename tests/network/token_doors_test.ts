/** The port for tokens opens no other door, reaches no further than its documents say, and holds nobody up. */

import assert from "node:assert/strict";
import { Audited, siteReach } from "../support/audited.ts";
import { freePort } from "../support/ports.ts";
import { type Process, run, untilListening } from "../support/processes.ts";
import { testWith } from "../support/programs.ts";
import { type InteriorFolder, interiorFolder } from "../support/site_folder.ts";
import { echo, server } from "../support/tcp.ts";
import { startTendril, tendril } from "../support/tendril.ts";
import { isWritten, sClient } from "../support/s_client.ts";
import { until } from "../support/until.ts";

const LIMIT_MS = 30_000;

/** A hub that redeems tokens at `grantPort`; `body` gets its folder and ports. */
async function withHub(
  body: (hub: InteriorFolder, process: Process, grantPort: number, dir: string) => Promise<void>,
): Promise<void> {
  const dir = await Deno.makeTempDir();
  const grantPort = freePort();
  try {
    const hub = await interiorFolder(`${dir}/hub`);
    await using process = startTendril("hub", ["run", `${dir}/hub`, "--log-level", "debug"]);
    const words = ["--dir", `${dir}/hub`, "--grant-port", `${grantPort}`];
    const issued = await tendril("token", "issue", `${dir}/west.token`, ...words);
    assert.equal(issued.code, 0, issued.stderr);
    await untilListening(grantPort, process, LIMIT_MS);
    await body(hub, process, grantPort, dir);
  } finally {
    await Deno.remove(dir, { recursive: true });
  }
}

for (const path of ["/", "/tendril.js"]) {
  testWith(
    ["openssl"],
    `tokens: a TLS ticket that came with ${path} of the port for tokens opens no port for links`,
    async () => {
      await withHub(async ({ edgePort, interRouterPort }, process, grantPort, dir) => {
        const ticket = `${dir}/ticket`;
        const request = `GET ${path} HTTP/1.1\r\nhost: x\r\n\r\n`;
        for (const [count, port] of [edgePort, interRouterPort].entries()) {
          await sClient(grantPort, ["-tls1_3", "-sess_out", ticket], request, () => isWritten(ticket));
          // Any other reason would mean that the ticket was not taken, and that this test tests nothing.
          const refused = () => process.output().split("LINK_TLS_RESUMED").length > count + 1;
          await sClient(port, ["-tls1_3", "-sess_in", ticket], request, refused);
          await Deno.remove(ticket);
        }
      });
    },
  );
}

testWith(["openssl"], "tokens: the certificate of the port for tokens opens no port for links either", async () => {
  await withHub(async ({ edgePort }, process, _grantPort, dir) => {
    const secret = await Deno.readTextFile(`${dir}/hub/grants/Secret-skupper-grant-server.yaml`);
    for (const name of ["tls.crt", "tls.key"]) {
      const value = new RegExp(`${name}: (.*)`).exec(secret)?.[1] ?? "";
      await Deno.writeFile(`${dir}/${name}`, Uint8Array.fromBase64(value), { mode: 0o600 });
    }
    const args = ["-connect", `127.0.0.1:${edgePort}`, "-cert", `${dir}/tls.crt`, "-key", `${dir}/tls.key`];
    await run("openssl", ["s_client", ...args]);
    await until(() => /LINK_TLS_(CA|PURPOSE)/.test(process.output()));
  });
});

Deno.test("tokens: clients that hang hold up neither each other nor links", async () => {
  await withHub(async ({ edgePort }, process, grantPort, dir) => {
    const hanging = await Promise.all(
      Array.from({ length: 30 }, () => Deno.connect({ hostname: "127.0.0.1", port: grantPort })),
    );
    const { code, stderr } = await tendril("token", "redeem", `${dir}/west.token`);
    assert.equal(code, 0, stderr);
    await untilListening(edgePort, process);
    for (const conn of hanging) conn.close();
  });
});

Deno.test("tokens: issuing, redeeming, serving and using them need the permissions that are documented", async () => {
  const dir = await Deno.makeTempDir();
  using target = server(echo);
  const grantPort = freePort();
  const grants = { "GRANT_HOST:PORT": [`127.0.0.1:${grantPort}`] };
  try {
    const hub = await interiorFolder(`${dir}/hub`);
    assert.equal((await tendril("site", "create", "west", "--dir", `${dir}/west`, "--edge")).code, 0);
    const issue = (file: string) =>
      new Audited(dir, ["token", "issue", file, "--dir", "hub", "--grant-port", `${grantPort}`], {
        ...siteReach(dir, "hub"),
        ...grants,
        FILE: [file],
      });
    const commands = [
      issue("west.token"),
      issue("expose.token"),
      new Audited(dir, ["token", "redeem", "west.token", "--dir", "west"], {
        ...siteReach(dir, "west"),
        ...grants,
        FILE: ["west.token"],
      }),
      new Audited(dir, ["token", "inspect", "west.token"], { FILE: ["west.token"] }),
    ] as const;
    const site = new Audited(dir, ["run", "hub"], {
      ...siteReach(dir, "hub"),
      ...grants,
      "DIR/grants": ["hub/grants"],
      "ACCESS_HOST:PORT": [hub.edgePort, hub.interRouterPort, hub.amqpPort].map((port) => `127.0.0.1:${port}`),
    });
    const expose = new Audited(dir, ["expose", "web", `127.0.0.1:${target.port}`, "--token", "expose.token"], {
      ...grants,
      FILE: ["expose.token"],
      "LINK_HOST:PORT": [`127.0.0.1:${hub.edgePort}`],
      "TARGET_HOST:PORT": [`127.0.0.1:${target.port}`],
    });
    {
      await using process = site.start("hub");
      await untilListening(hub.edgePort, process, LIMIT_MS);
      for (const command of commands) await command.run();
      await using exposing = expose.start("expose");
      await until(() => exposing.output().includes("routing key is reachable"), LIMIT_MS)
        .catch(() => assert.fail(exposing.output() + process.output()));
    }
    for (const audited of [...commands, site, expose]) assert.ok((await audited.check()).size > 0);
  } finally {
    await Deno.remove(dir, { recursive: true });
  }
});
