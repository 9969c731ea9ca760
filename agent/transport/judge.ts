/**
 * The verdict on a peer after the TLS handshake, the same on both sides: a socket in, an identity out, or the reason why
 * this peer is refused. It asks nothing of the TLS layer but the raw certificates and whether the session was resumed.
 */

import { TLSSocket } from "node:tls";
import { TendrilError } from "../lib/errors.ts";
import type { PeerIdentity } from "./channel.ts";
import { listNames, namesHost } from "./server_name.ts";
import type { PeerRole, TrustAnchors } from "./trust.ts";

/** What a peer has to satisfy. */
export interface Demands {
  /** The authorities that may vouch for the peer. */
  readonly anchors: TrustAnchors;
  /** What the peer is to us. */
  readonly role: PeerRole;
  /** The name or address the peer must own; only for servers. */
  readonly host?: string;
  /** The peer's address, `host:port`. */
  readonly address: string;
  /**
   * True to take a session that is resumed for the certificate that came with its ticket, which is judged anew: its key
   * was proven where the ticket was issued, in this process. Default false: who resumes is refused.
   */
  readonly resumable?: boolean;
}

/** The parts of node's certificate object that are used. */
interface PeerCertificate {
  readonly raw?: Uint8Array;
  readonly fingerprint256?: string;
  readonly subject?: Readonly<Record<string, string | string[]>>;
  readonly issuerCertificate?: PeerCertificate;
}

/** Longest chain that is looked at. */
const MAX_DEPTH = 8;

/** Judges the peer of `socket`; throws a `LINK_TLS_*` error if it falls short. */
export function judge(socket: TLSSocket, demands: Demands): PeerIdentity {
  // A resumed session was judged by whoever issued its ticket, and on Deno 2.9 all servers of a process share tickets.
  if (demands.resumable !== true && socket.isSessionReused()) {
    throw new TendrilError("LINK_TLS_RESUMED", "The peer resumed a TLS session instead of proving who it is.", {
      hint: "Have the peer connect with a full handshake; switch off session tickets there.",
    });
  }
  const { chain, leaf } = peerChain(socket);
  const { certificate, authority } = demands.anchors.verify(chain, demands.role, Date.now());
  if (demands.host !== undefined && !namesHost(certificate, demands.host)) {
    throw new TendrilError(
      "LINK_TLS_NAME",
      `The certificate of the peer is for ${listNames(certificate)}, not for ${demands.host}.`,
      { hint: "Dial one of these names, or have the remote site's certificate issued for this one as well." },
    );
  }
  const tls = { protocol: socket.getProtocol() ?? undefined, cipher: socket.getCipher().name };
  return {
    address: demands.address,
    subject: subjectText(leaf),
    commonName: certificate.commonName,
    fingerprint: leaf.fingerprint256,
    serial: certificate.serial,
    notAfter: certificate.notAfter,
    authority,
    tls,
  };
}

function peerChain(socket: TLSSocket): { chain: Uint8Array[]; leaf: PeerCertificate } {
  let leaf: PeerCertificate | undefined;
  try {
    // By the prototype, because the dialling side hides this method from the runtime (see `tls_client.ts`).
    leaf = TLSSocket.prototype.getPeerCertificate.call(socket, true) as unknown as PeerCertificate | undefined;
  } catch (error) {
    throw new TendrilError("LINK_TLS_CERTIFICATE", "The peer presented a malformed certificate chain.", {
      cause: error,
      hint: "Have the peer's certificate chain issued anew.",
    });
  }
  const chain: Uint8Array[] = [];
  for (let each = leaf; each?.raw !== undefined && chain.length < MAX_DEPTH; each = each.issuerCertificate) {
    if (chain.includes(each.raw)) break;
    chain.push(each.raw);
    if (each.issuerCertificate === each) break;
  }
  return { chain, leaf: leaf ?? {} };
}

function subjectText(leaf: PeerCertificate): string {
  return Object.entries(leaf.subject ?? {})
    .flatMap(([key, value]) => [value].flat().map((each) => `${key}=${each}`))
    .join(", ");
}
