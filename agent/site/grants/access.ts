/**
 * Where the grants of a site are redeemed: `DIR/grants` holds a SecuredAccess with the port and two Secrets, the server's
 * certificate and its own authority, named as Skupper's controller names them. That authority signs nothing else, and no
 * port for links trusts it.
 */

import { TendrilError } from "../../lib/errors.ts";
import { createAuthority, issue } from "../../pki/authority.ts";
import {
  authorityFault,
  type CertificateFacts,
  covers,
  factsOf,
  hostsOf,
  isIssuedBy,
  renewalTime,
} from "../../pki/inspect.ts";
import type { TlsCredentials } from "../../transport/channel.ts";
import { assemble } from "../assemble.ts";
import { VALID_YEARS } from "../create.ts";
import { scanDocuments } from "../documents.ts";
import { secretYaml } from "../link_file.ts";
import { SKUPPER_API } from "../resources/schema.ts";
import { tlsCredentials } from "../secrets.ts";
import { makeFolder, replaceFile } from "../write_files.ts";
import { grantsFolder } from "./grant.ts";
import { grantState, listGrants } from "./list.ts";

/** Port of Skupper's own grant server. */
export const GRANT_PORT = 9090;

/** Name of the Secret with the server's certificate. */
export const GRANT_SERVER = "skupper-grant-server";

const AUTHORITY = "skupper-grant-server-ca";
const ACCESS_FILE = `SecuredAccess-${GRANT_SERVER}.yaml`;
const SERVER_FILE = `Secret-${GRANT_SERVER}.yaml`;
const AUTHORITY_FILE = `Secret-${AUTHORITY}.yaml`;

/** A port and what it shows. */
export interface GrantAccess {
  /** Port to bind. */
  readonly port: number;
  /** The server's credentials; `ca` is what tokens hold. */
  readonly tls: TlsCredentials;
}

/** What changes whenever {@link readAccess} would find something else; undefined where no token was ever issued. */
export async function accessVersion(dir: string): Promise<string | undefined> {
  const folder = grantsFolder(dir);
  try {
    const files = await Promise.all([ACCESS_FILE, SERVER_FILE].map((file) => Deno.stat(`${folder}/${file}`)));
    return files.map(({ mtime, size, ino }) => `${mtime?.getTime()} ${size} ${ino}`).join();
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return undefined;
    throw error;
  }
}

/** The access of the site in `dir`, if it has one. Throws GRANT_STORAGE when its files are broken. */
export async function readAccess(dir: string): Promise<GrantAccess | undefined> {
  const tls = await readSecret(dir, GRANT_SERVER, SERVER_FILE);
  const text = await readFile(dir, ACCESS_FILE);
  if (tls === undefined || text === undefined) return undefined;
  const { documents: [document] } = scanDocuments(text, ACCESS_FILE);
  const spec = document?.value.spec as { ports?: readonly { port?: unknown }[] } | undefined;
  const port = Array.isArray(spec?.ports) ? spec.ports[0]?.port : undefined;
  if (document?.kind === "SecuredAccess" && typeof port === "number" && port > 0 && port < 65_536) return { port, tls };
  throw broken(ACCESS_FILE, "it names no port");
}

/**
 * Makes sure that the grants of the site in `dir` are served for `host`, at `port` or the one they have; tells whether an
 * older port was given up. Throws GRANT_STORAGE, SITE_WRITE.
 */
export async function prepareAccess(
  dir: string,
  host: string,
  wanted: number | undefined,
  now: number,
): Promise<GrantAccess & { readonly moved: boolean }> {
  const folder = grantsFolder(dir);
  await makeFolder(folder);
  const old = await readAccess(dir);
  const authority = await usableAuthority(dir, now);
  const names = old === undefined ? undefined : hostsOf(old.tls.cert);
  let tls = old?.tls;
  if (tls === undefined || names === undefined || !covers(names, host) || !isIssuedBy(tls.cert, authority.cert)) {
    tls = await issueServer(dir, authority, [...new Set([...names?.dns ?? [], host])], now);
  }
  const port = wanted ?? old?.port ?? GRANT_PORT;
  if (port !== old?.port) await replaceFile(folder, ACCESS_FILE, accessYaml(port));
  return { port, tls, moved: old !== undefined && old.port !== port };
}

/**
 * Issues the certificate of the grant server in `dir` anew when it is due at `now`, or when `anyway`; undefined when there
 * was nothing to do. Throws GRANT_STORAGE, SITE_WRITE.
 */
export async function renewGrantServer(
  dir: string,
  now: number,
  anyway = false,
): Promise<{ readonly name: string; readonly notAfter: number } | undefined> {
  const access = await readAccess(dir);
  if (access === undefined) return undefined;
  const facts = factsOf(access.tls.cert);
  if (!anyway && now < renewalTime(facts)) return undefined;
  let authority = await usableAuthority(dir, now);
  // Tokens that are out name their authority: it is followed by another one while there are none.
  const old = now >= renewalTime(factsOf(authority.cert));
  if (old && !(await listGrants(dir)).some((grant) => grantState(grant, now) === "ready")) {
    authority = await newAuthority(dir, now);
  } else if (old && !anyway && now <= facts.notAfter) return undefined;
  const tls = await issueServer(dir, authority, [...hostsOf(access.tls.cert).dns], now);
  return { name: GRANT_SERVER, notAfter: factsOf(tls.cert).notAfter };
}

/** What the certificate of the grant server in `dir` says; undefined where no token was ever issued. Throws GRANT_STORAGE. */
export async function grantServerCertificate(
  dir: string,
): Promise<CertificateFacts & { readonly name: string } | undefined> {
  const access = await readAccess(dir);
  return access === undefined ? undefined : { name: GRANT_SERVER, ...factsOf(access.tls.cert) };
}

async function issueServer(
  dir: string,
  authority: TlsCredentials,
  hosts: readonly string[],
  now: number,
): Promise<TlsCredentials> {
  // For servers only: it could never stand as a client at a port for links.
  const options = { authority, commonName: GRANT_SERVER, hosts, client: false, server: true, years: VALID_YEARS, now };
  const tls = await issue(options);
  await replaceFile(grantsFolder(dir), SERVER_FILE, secretYaml(GRANT_SERVER, tls));
  return tls;
}

async function usableAuthority(dir: string, now: number): Promise<TlsCredentials> {
  const known = await readSecret(dir, AUTHORITY, AUTHORITY_FILE);
  return known !== undefined && authorityFault(known, now) === undefined ? known : await newAuthority(dir, now);
}

async function newAuthority(dir: string, now: number): Promise<TlsCredentials> {
  const made = await createAuthority({ commonName: AUTHORITY, years: VALID_YEARS, now });
  await replaceFile(grantsFolder(dir), AUTHORITY_FILE, secretYaml(AUTHORITY, made));
  return made;
}

async function readSecret(dir: string, name: string, file: string): Promise<TlsCredentials | undefined> {
  const text = await readFile(dir, file);
  if (text === undefined) return undefined;
  const { secrets, problems } = assemble([scanDocuments(text, file)]);
  const values = secrets.get(name);
  if (values === undefined) throw broken(file, problems.join("; ") || `there is no Secret ${name}`);
  return tlsCredentials(values, file);
}

async function readFile(dir: string, file: string): Promise<string | undefined> {
  try {
    return await Deno.readTextFile(`${grantsFolder(dir)}/${file}`);
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return undefined;
    throw error;
  }
}

function accessYaml(port: number): string {
  return `apiVersion: ${SKUPPER_API}
kind: SecuredAccess
metadata:
  name: ${GRANT_SERVER}
spec:
  ports:
  - name: https
    port: ${port}
    protocol: TCP
  certificate: ${GRANT_SERVER}
  issuer: ${AUTHORITY}
`;
}

function broken(file: string, cause: string): TendrilError {
  return new TendrilError("GRANT_STORAGE", `grants/${file} of the site can't be used`, {
    cause,
    hint: "Remove it and issue another token; tokens that are out may have to be issued anew.",
  });
}
