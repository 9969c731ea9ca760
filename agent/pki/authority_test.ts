import assert from "node:assert/strict";
import { run } from "../../tests/support/processes.ts";
import { testWith } from "../../tests/support/programs.ts";
import { createAuthority, hostsOf, issue } from "./authority.ts";

const now = Date.now();

for (const algorithm of ["rsa", "ecdsa"] as const) {
  testWith(["openssl"], `${algorithm} certificates verify, name their hosts twice and expire in time`, async () => {
    const dir = await Deno.makeTempDir();
    const authority = await createAuthority({ commonName: "site-ca", algorithm, years: 5, now });
    const hosts = ["hub.example.com", "10.0.0.4", "::1"];
    const server = await issue({ authority, commonName: "hub", hosts, algorithm, years: 1, now });
    await Deno.writeTextFile(`${dir}/ca.pem`, authority.cert);
    await Deno.writeTextFile(`${dir}/server.pem`, server.cert);
    const verify = ["verify", "-CAfile", `${dir}/ca.pem`, "-purpose", "sslserver", `${dir}/server.pem`];
    const verified = await run("openssl", verify);
    assert.equal(verified.code, 0, verified.stderr);
    const { stdout } = await run("openssl", ["x509", "-in", `${dir}/server.pem`, "-noout", "-text"]);
    assert.match(
      stdout,
      /DNS:hub\.example\.com, DNS:10\.0\.0\.4, IP Address:10\.0\.0\.4, DNS:::1, IP Address:0:0:0:0:0:0:0:1/,
    );
    assert.match(stdout, /TLS Web Server Authentication, TLS Web Client Authentication/);
    assert.deepEqual(await hostsOf(server.cert), hosts);
    const header = algorithm === "rsa" ? /^-----BEGIN RSA PRIVATE KEY-----/ : /^-----BEGIN EC PRIVATE KEY-----/;
    assert.match(server.key, header);
    assert.match(authority.key, header);
    await Deno.remove(dir, { recursive: true });
  });
}
