import assert from "node:assert/strict";
import { X509Certificate } from "node:crypto";
import { once } from "node:events";
import type { AddressInfo } from "node:net";
import { connect, createServer, type TLSSocket } from "node:tls";
import { run } from "../../tests/support/processes.ts";
import { testWith } from "../../tests/support/programs.ts";
import type { TlsCredentials } from "../transport/channel.ts";
import { bridge, createAuthority, issue, type KeyAlgorithm } from "./authority.ts";
import { isIssuedBy } from "./inspect.ts";

const now = Date.now();
const ALGORITHMS: readonly KeyAlgorithm[] = ["rsa", "ecdsa"];
const HOSTS = ["hub.example.com", "10.0.0.4", "::1", "::ffff:1.2.3.4"];
const BOTH = { client: true, server: true };

async function openssl(...args: string[]): Promise<string> {
  const { code, stdout, stderr } = await run("openssl", args);
  assert.equal(code, 0, stderr);
  return stdout;
}

/** Runs `body` with the PEM texts as files. */
async function withFiles(files: Record<string, string>, body: (dir: string) => Promise<void>): Promise<void> {
  const dir = await Deno.makeTempDir();
  try {
    for (const [name, text] of Object.entries(files)) await Deno.writeTextFile(`${dir}/${name}`, text);
    await body(dir);
  } finally {
    await Deno.remove(dir, { recursive: true });
  }
}

for (const algorithm of ALGORITHMS) {
  testWith(
    ["openssl"],
    `pki: ${algorithm} certificates verify, name their hosts twice and expire in time`,
    async () => {
      const authority = await createAuthority({ commonName: "site-ca", algorithm, years: 5, now });
      const leaf = await issue({ authority, commonName: "hub", hosts: HOSTS, ...BOTH, algorithm, years: 1, now });
      await withFiles({ "ca.pem": authority.cert, "leaf.pem": leaf.cert, "key.pem": leaf.key }, async (dir) => {
        for (const purpose of ["sslserver", "sslclient"]) {
          await openssl("verify", "-x509_strict", "-CAfile", `${dir}/ca.pem`, "-purpose", purpose, `${dir}/leaf.pem`);
        }
        const text = await openssl("x509", "-in", `${dir}/leaf.pem`, "-noout", "-text");
        assert.ok(
          text.includes(
            "DNS:hub.example.com, DNS:10.0.0.4, IP Address:10.0.0.4, DNS:::1, IP Address:0:0:0:0:0:0:0:1, " +
              "DNS:::ffff:1.2.3.4, IP Address:0:0:0:0:0:FFFF:102:304\n",
          ),
          text,
        );
        assert.match(text, /Key Usage: critical\s+Digital Signature, Key Encipherment\n/);
        assert.match(text, /TLS Web Server Authentication, TLS Web Client Authentication\n/);
        const ca = await openssl("x509", "-in", `${dir}/ca.pem`, "-noout", "-text");
        assert.match(ca, /Key Usage: critical\s+Digital Signature, Key Encipherment, Certificate Sign\n/);
        assert.match(ca, /Basic Constraints: critical\s+CA:TRUE\n/);
        await openssl("pkey", "-in", `${dir}/key.pem`, "-check", "-noout");
      });
      const { validFrom, validTo } = new X509Certificate(leaf.cert);
      assert.equal(Math.round((now - Date.parse(validFrom)) / 60_000), 60);
      assert.equal(Math.round((Date.parse(validTo) - now) / 86_400_000), 365);
      const header = algorithm === "rsa" ? /^-----BEGIN RSA PRIVATE KEY-----\n/ : /^-----BEGIN EC PRIVATE KEY-----\n/;
      assert.match(leaf.key, header);
      assert.match(authority.key, header);
    },
  );
}

for (const algorithm of ALGORITHMS) {
  testWith(
    ["openssl"],
    `pki: over a bridge, what the next ${algorithm} authority issues is good for the last one`,
    async () => {
      const last = await createAuthority({ commonName: "site-ca", algorithm, years: 1, now });
      const next = await createAuthority({ commonName: "site-ca-2", years: 5, now });
      const leaf = await issue({ authority: next, commonName: "hub", hosts: HOSTS, ...BOTH, years: 1, now });
      const other = await createAuthority({ commonName: "site-ca", algorithm, years: 1, now });
      const files = {
        "last.pem": last.cert,
        "next.pem": next.cert,
        "other.pem": other.cert,
        "leaf.pem": leaf.cert,
        "bridge.pem": await bridge(next, last, now),
      };
      await withFiles(files, async (dir) => {
        const verify = async (anchor: string) => {
          const chain = ["-untrusted", `${dir}/bridge.pem`, `${dir}/leaf.pem`];
          return (await run("openssl", ["verify", "-x509_strict", "-CAfile", `${dir}/${anchor}`, ...chain])).code === 0;
        };
        assert.deepEqual([await verify("last.pem"), await verify("next.pem"), await verify("other.pem")], [
          true,
          true,
          false,
        ]);
      });
    },
  );
}

Deno.test("pki: keys are RSA with 2048 bits unless asked otherwise", async () => {
  const authority = await createAuthority({ commonName: "ca", years: 1, now });
  const leaf = await issue({ authority, commonName: "hub", hosts: [], ...BOTH, years: 1, now });
  for (const { cert } of [authority, leaf]) {
    const { asymmetricKeyType, asymmetricKeyDetails } = new X509Certificate(cert).publicKey;
    assert.deepEqual([asymmetricKeyType, asymmetricKeyDetails?.modulusLength], ["rsa", 2048]);
  }
});

testWith(["openssl"], "pki: a certificate for one purpose is refused for the other", async () => {
  const authority = await createAuthority({ commonName: "ca", algorithm: "ecdsa", years: 1, now });
  const common = { authority, commonName: "x", hosts: ["x"], algorithm: "ecdsa", years: 1, now } as const;
  const client = await issue({ ...common, client: true, server: false });
  const server = await issue({ ...common, client: false, server: true });
  await withFiles({ "ca.pem": authority.cert, "client.pem": client.cert, "server.pem": server.cert }, async (dir) => {
    const verdict = async (purpose: string, file: string) =>
      (await run("openssl", ["verify", "-CAfile", `${dir}/ca.pem`, "-purpose", purpose, `${dir}/${file}`])).code === 0;
    assert.deepEqual([await verdict("sslclient", "client.pem"), await verdict("sslserver", "client.pem")], [
      true,
      false,
    ]);
    assert.deepEqual([await verdict("sslclient", "server.pem"), await verdict("sslserver", "server.pem")], [
      false,
      true,
    ]);
  });
});

Deno.test("pki: a certificate never outlives its authority", async () => {
  const authority = await createAuthority({ commonName: "ca", algorithm: "ecdsa", years: 1, now });
  const leaf = await issue({ authority, commonName: "x", hosts: [], ...BOTH, algorithm: "ecdsa", years: 9, now });
  assert.equal(new X509Certificate(leaf.cert).validTo, new X509Certificate(authority.cert).validTo);
});

Deno.test("pki: serial numbers are unlike each other and up to 128 bits long", async () => {
  const authority = await createAuthority({ commonName: "ca", algorithm: "ecdsa", years: 1, now });
  const serials = new Set<string>();
  for (let n = 0; n < 40; n++) {
    const leaf = await issue({ authority, commonName: "x", hosts: [], ...BOTH, algorithm: "ecdsa", years: 1, now });
    serials.add(new X509Certificate(leaf.cert).serialNumber);
  }
  assert.equal(serials.size, 40);
  const lengths = [...serials].map((serial) => serial.length);
  assert.equal(Math.max(...lengths), 32);
  assert.ok(Math.min(...lengths) >= 28, `${lengths}`);
});

Deno.test("pki: a common name is one value, whatever is in it", async () => {
  const commonName = "a, O=evil+OU=x";
  const authority = await createAuthority({ commonName, algorithm: "ecdsa", years: 1, now });
  const { cert } = await issue({ authority, commonName, hosts: [], ...BOTH, algorithm: "ecdsa", years: 1, now });
  assert.equal(new X509Certificate(cert).toLegacyObject().subject.CN, commonName);
  assert.ok(new X509Certificate(cert).checkIssued(new X509Certificate(authority.cert)));
});

for (const mask of ["utf8only", "pkix", "nombstr"]) {
  testWith(["openssl"], `pki: an authority made elsewhere is named byte for byte as issuer (${mask})`, async () => {
    const config = `[req]\nstring_mask=${mask}\nprompt=no\ndistinguished_name=d\nx509_extensions=v\n` +
      `[d]\nO=Acme Ü, Inc\nCN=skupper-site-ca\n[v]\nbasicConstraints=critical,CA:true\n`;
    await withFiles({ "o.cnf": config }, async (dir) => {
      const files = ["-keyout", `${dir}/key.pem`, "-out", `${dir}/ca.pem`, "-config", `${dir}/o.cnf`];
      await openssl("req", "-utf8", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "9", ...files);
      const authority = {
        cert: await Deno.readTextFile(`${dir}/ca.pem`),
        key: await Deno.readTextFile(`${dir}/key.pem`),
      };
      const leaf = await issue({ authority, commonName: "x", hosts: ["x"], ...BOTH, years: 1, now });
      await Deno.writeTextFile(`${dir}/leaf.pem`, leaf.cert);
      await openssl("verify", "-CAfile", `${dir}/ca.pem`, `${dir}/leaf.pem`);
      const subject = await nameOf(dir, "ca.pem", "-subject");
      const issuer = await nameOf(dir, "leaf.pem", "-issuer");
      assert.equal(issuer.replace("issuer", ""), subject.replace("subject", ""));
    });
  });
}

/** What an authority may be told apart by: nothing, or a name of its key that is not SHA-1 of it. */
const KEY_IDENTIFIERS = ["none", "0102030405060708090A0B0C0D0E0F1011121314", "01020304"];

for (const keyId of KEY_IDENTIFIERS) {
  testWith(["openssl"], `pki: the key of an authority is named as its certificate names it (${keyId})`, async () => {
    const config = `[req]\nprompt=no\ndistinguished_name=d\nx509_extensions=v\n[d]\nCN=skupper-site-ca\n` +
      `[v]\nbasicConstraints=critical,CA:true\nsubjectKeyIdentifier=${keyId}\nauthorityKeyIdentifier=none\n`;
    await withFiles({ "o.cnf": config }, async (dir) => {
      const files = ["-keyout", `${dir}/key.pem`, "-out", `${dir}/ca.pem`, "-config", `${dir}/o.cnf`];
      await openssl("req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "9", ...files);
      const authority = {
        cert: await Deno.readTextFile(`${dir}/ca.pem`),
        key: await Deno.readTextFile(`${dir}/key.pem`),
      };
      const said = await openssl("x509", "-in", `${dir}/ca.pem`, "-noout", "-ext", "subjectKeyIdentifier");
      assert.equal(said.includes(keyId.match(/../g)!.join(":")), keyId !== "none", said);
      const leaf = await issue({ authority, commonName: "x", hosts: ["x"], ...BOTH, years: 1, now });
      assert.ok(isIssuedBy(leaf.cert, authority.cert));
      await Deno.writeTextFile(`${dir}/leaf.pem`, leaf.cert);
      await openssl("verify", "-CAfile", `${dir}/ca.pem`, `${dir}/leaf.pem`);
      // As the authority that is followed, and as the one that follows.
      const other = await createAuthority({ commonName: "other-ca", years: 5, now });
      const late = await issue({ authority: other, commonName: "x", hosts: ["x"], ...BOTH, years: 1, now });
      await Deno.writeTextFile(`${dir}/other.pem`, other.cert);
      await Deno.writeTextFile(`${dir}/late.pem`, late.cert);
      await Deno.writeTextFile(`${dir}/to-other.pem`, await bridge(other, authority, now));
      await Deno.writeTextFile(`${dir}/from-other.pem`, await bridge(authority, other, now));
      const over = (file: string) => ["-untrusted", `${dir}/${file}`];
      await openssl("verify", "-CAfile", `${dir}/ca.pem`, ...over("to-other.pem"), `${dir}/late.pem`);
      await openssl("verify", "-CAfile", `${dir}/other.pem`, ...over("from-other.pem"), `${dir}/leaf.pem`);
    });
  });
}

/** One line with the types and bytes of a name. */
async function nameOf(dir: string, file: string, which: "-subject" | "-issuer"): Promise<string> {
  return await openssl(
    "x509",
    "-in",
    `${dir}/${file}`,
    "-noout",
    which,
    "-nameopt",
    "RFC2253,show_type,dump_all,dump_der",
  );
}

interface Hall extends AsyncDisposable {
  readonly port: number;
  /** Common name of each client that was let in. */
  readonly guests: string[];
}

/** A TLS server that wants a client certificate. */
async function hall({ ca, cert, key }: TlsCredentials, host: string): Promise<Hall> {
  const guests: string[] = [];
  const server = createServer({ ca, cert, key, requestCert: true, rejectUnauthorized: true }, (socket: TLSSocket) => {
    guests.push(String(socket.getPeerCertificate().subject.CN));
    socket.on("error", () => {}).end("welcome");
  });
  server.listen(0, host);
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  const close = () => new Promise<void>((resolve) => server.close(() => resolve()));
  return { port, guests, [Symbol.asyncDispose]: close };
}

/** What the server says, or the code of the failure. */
function visit(port: number, host: string, { ca, cert, key }: TlsCredentials, servername?: string): Promise<string> {
  return new Promise((resolve) => {
    let text = "";
    const name = servername === undefined ? {} : { servername };
    const socket = connect({ port, host, ca, cert, key, ...name });
    socket.on("data", (chunk: Uint8Array) => text += new TextDecoder().decode(chunk));
    socket.on("error", (error: NodeJS.ErrnoException) => resolve(error.code ?? error.message));
    socket.on("close", () => resolve(text));
  });
}

for (const algorithm of ALGORITHMS) {
  Deno.test(`pki: ${algorithm} certificates prove both sides, by address and by name`, async () => {
    const authority = await createAuthority({ commonName: "ca", algorithm, years: 1, now });
    const common = { authority, ...BOTH, algorithm, years: 1, now };
    const server = await issue({ ...common, commonName: "hub", hosts: ["127.0.0.1", "localhost", "hub.example.com"] });
    const client = await issue({ ...common, commonName: "west", hosts: [] });
    await using port = await hall(server, "127.0.0.1");
    assert.equal(await visit(port.port, "127.0.0.1", client), "welcome");
    assert.equal(await visit(port.port, "127.0.0.1", client, "hub.example.com"), "welcome");
    assert.deepEqual(port.guests, ["west", "west"]);
    assert.equal(await visit(port.port, "127.0.0.1", client, "other.example.com"), "ERR_TLS_CERT_ALTNAME_INVALID");
  });
}

Deno.test("pki: an authority of the same name does not let its clients in", async () => {
  const options = { commonName: "ca", algorithm: "ecdsa", years: 1, now } as const;
  const [authority, impostor] = [await createAuthority(options), await createAuthority(options)];
  const common = { ...BOTH, algorithm: "ecdsa", years: 1, now } as const;
  const server = await issue({ ...common, authority, commonName: "hub", hosts: ["127.0.0.1"] });
  const mallory = await issue({ ...common, authority: impostor, commonName: "west", hosts: [] });
  await using port = await hall(server, "127.0.0.1");
  assert.notEqual(await visit(port.port, "127.0.0.1", { ...mallory, ca: authority.cert }), "welcome");
  assert.deepEqual(port.guests, []);
});
