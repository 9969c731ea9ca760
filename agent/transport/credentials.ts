/**
 * Reads a link's own credentials once, before any socket is opened, so that a bad file is reported as a bad file and not
 * as a failing handshake.
 */

import { createPrivateKey, createPublicKey } from "node:crypto";
import { TendrilError } from "../lib/errors.ts";
import { pemCertificates, readCertificate } from "./certificate.ts";
import type { ServerTrust, TlsCredentials } from "./channel.ts";
import { sameBytes } from "./der.ts";
import { TrustAnchors } from "./trust.ts";

/** Credentials that were found to be usable. */
export interface ReadCredentials {
  /** Whom to trust. */
  readonly anchors: TrustAnchors;
  /** When our own certificate expires, milliseconds since the epoch; infinity without one. */
  readonly notAfter: number;
}

const known = new WeakMap<TlsCredentials | ServerTrust, ReadCredentials>();

/** Checks `credentials`; throws `LINK_TLS_CREDENTIALS` where no handshake could succeed. The last answer is kept. */
export function readCredentials(credentials: TlsCredentials | ServerTrust): ReadCredentials {
  let read = known.get(credentials);
  if (read === undefined) {
    read = check(credentials);
    known.set(credentials, read);
  }
  return read;
}

function check(credentials: TlsCredentials | ServerTrust): ReadCredentials {
  const anchors = new TrustAnchors(credentials.ca);
  if (credentials.cert === undefined) return { anchors, notAfter: Infinity };
  const [der] = pemCertificates(credentials.cert);
  if (der === undefined) {
    throw new TendrilError("LINK_TLS_CREDENTIALS", "The link has no certificate of its own.", {
      hint: "Put the certificate in tls.crt of the link's secret, as PEM.",
    });
  }
  const certificate = readCertificate(der);
  let publicKey: Uint8Array;
  try {
    publicKey = createPublicKey(createPrivateKey(credentials.key)).export({ format: "der", type: "spki" });
  } catch {
    // The cause is left out: it may quote from the key.
    throw new TendrilError("LINK_TLS_CREDENTIALS", "The private key of the link can't be read.", {
      hint: "Put the key in tls.key of the link's secret, as PEM without a passphrase.",
    });
  }
  if (!sameBytes(publicKey, certificate.publicKey)) {
    throw new TendrilError("LINK_TLS_CREDENTIALS", "The private key of the link does not belong to its certificate.", {
      hint: "Copy tls.crt and tls.key of the link's secret from the same place.",
    });
  }
  return { anchors, notAfter: certificate.notAfter };
}
