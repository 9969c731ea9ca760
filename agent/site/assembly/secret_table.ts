/** The Secrets of a site, and what other resources make of them. */

import type { TlsCredentials } from "../../transport/channel.ts";
import { title } from "../check.ts";
import type { FieldPath, ResourceDocument } from "../documents.ts";
import type { ServiceCertificate } from "../port_access.ts";
import { Problem, shown } from "../problems.ts";
import { secretKind } from "../resources/secret.ts";
import { type SecretValues, secretValues, tlsCredentials } from "../secrets.ts";
import type { Findings } from "./findings.ts";

const SECRET_HINT = "Put the Secret into the same folder or file.";
const MADE_HINT = "The site makes it when it runs, if it may write its folder.";
/** Where most resources name one. */
const TLS_PATH: FieldPath = ["spec", "tlsCredentials"];

/** Makes something of the values of a Secret; `where` begins the message of what it throws. */
export type SecretReader<T> = (values: SecretValues, where: string) => T;

/** See the head of the file. */
export class SecretTable {
  /** Values by name, of those that are in order. */
  readonly values: ReadonlyMap<string, SecretValues>;
  /** Where each Secret stands, broken ones too: those are reported once, not again by whoever needs them. */
  readonly #documents = new Map<string, ResourceDocument>();
  readonly #findings: Findings;
  /** What services name and nobody has put there. */
  readonly #missed: {
    readonly name: string;
    readonly document: ResourceDocument;
    readonly certificate: ServiceCertificate;
  }[] = [];

  /** The Secrets among `documents`. */
  constructor(documents: readonly ResourceDocument[], findings: Findings) {
    this.#findings = findings;
    const table = new Map<string, SecretValues>();
    findings.each(documents, secretKind, ({ metadata: { name }, data, stringData }, document) => {
      const known = this.#documents.get(name);
      this.#documents.set(name, document);
      const values = secretValues(data, stringData, `${document.at(["data"])}: ${title("Secret", document)}`);
      const other = table.get(name);
      if (known !== undefined && other !== undefined && !equal(other, values)) {
        findings.problem(
          document,
          ["metadata", "name"],
          `differs from the one in ${known.at()}`,
          "Rename or remove one.",
        );
      }
      table.set(name, values);
    });
    // A Secret that doesn't fit its schema has told its problem, too.
    for (const document of documents) {
      if (document.kind === "Secret" && !this.#documents.has(document.name)) {
        this.#documents.set(document.name, document);
      }
    }
    this.values = table;
  }

  /** What `read` makes of the Secret `name`, which `document` names at `path`; undefined after a problem. */
  read<T>(name: string, document: ResourceDocument, path: FieldPath, read: SecretReader<T>): T | undefined {
    const { kind, name: owner } = document;
    const place = this.#documents.get(name);
    if (place === undefined) {
      this.#findings.problems.push(missing(name, document, path));
      return undefined;
    }
    const values = this.values.get(name);
    if (values === undefined) {
      const message = `${document.at(path)}: Secret ${shown(name)} is broken`;
      const hint = "Correct the Secret.";
      this.#findings.broken.push({ kind, name: owner, status: "Error", code: "SITE_SECRET", message, hint });
      return undefined;
    }
    const where = `${place.at(["data"])}: ${title("Secret", place)} for ${title(kind, document)}`;
    return this.#findings.attempt(document, () => read(values, where));
  }

  /** The credentials for links that are in the Secret `name`; undefined after a problem. */
  credentials(name: string, document: ResourceDocument): TlsCredentials | undefined {
    return this.read(name, document, TLS_PATH, tlsCredentials);
  }

  /** The same for a port that accepts links, whose certificate the running site makes where it is missing. */
  portCredentials(name: string, document: ResourceDocument): TlsCredentials | undefined {
    if (this.#documents.has(name)) return this.credentials(name, document);
    this.#isToCome(name, document);
    return undefined;
  }

  /**
   * The TLS of a service, if its spec.tlsCredentials, `name`, ask for it; undefined after a problem. `bind` is where a
   * Listener opens its port, `host` what a certificate that is made for the service is called.
   */
  tls<T>(
    name: string,
    document: ResourceDocument,
    read: SecretReader<T>,
    { host, bind }: { readonly host: string; readonly bind?: string },
  ): { tls?: T } | undefined {
    if (name === "") return {};
    if (!this.#documents.has(name)) {
      const fault = missing(name, document, TLS_PATH);
      this.#findings.problems.push(fault);
      this.#missed.push({
        name,
        document,
        certificate: { name, subject: host, binds: bind === undefined ? [] : [bind], fault },
      });
      return undefined;
    }
    const tls = this.read(name, document, TLS_PATH, read);
    return tls === undefined ? undefined : { tls };
  }

  /** What services lack, each once: the running site makes it, so that is no problem, and they wait for it. */
  toBeMade(): ServiceCertificate[] {
    const certificates = new Map<string, ServiceCertificate>();
    for (const { name, document, certificate } of this.#missed) {
      this.#findings.withdraw(certificate.fault);
      this.#isToCome(name, document);
      const { binds = [], ...known } = certificates.get(name) ?? certificate;
      certificates.set(name, { ...known, binds: [...new Set([...binds, ...certificate.binds])] });
    }
    return [...certificates.values()];
  }

  #isToCome(name: string, document: ResourceDocument): void {
    const { kind, name: owner } = document;
    const fault = `the certificate in Secret ${shown(name)} is not there yet`;
    const message = `${document.at(TLS_PATH)}: ${title(kind, document)}: ${fault}`;
    this.#findings.broken.push({ kind, name: owner, status: "Pending", code: undefined, message, hint: MADE_HINT });
  }
}

function missing(name: string, document: ResourceDocument, path: FieldPath): Problem {
  const { kind, name: owner } = document;
  const text = `${document.at(path)}: ${title(kind, document)}: there is no Secret ${shown(name)}`;
  return new Problem("SITE_SECRET", text, SECRET_HINT, { kind, name: owner }, "Pending");
}

function equal(one: SecretValues, other: SecretValues): boolean {
  return one.size === other.size && [...one].every(([key, value]) => other.get(key) === value);
}
