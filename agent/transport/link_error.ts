/**
 * Turns what sockets and TLS complain about into one {@link TendrilError} per reason, each with the next step. Error in,
 * error out; the list of codes is the whole vocabulary of the transport.
 */

import { messageOf, TendrilError } from "../lib/errors.ts";

/** Which side of a connection speaks, and to whom. */
export interface ErrorContext {
  /** The peer as the user knows it, `host:port`. */
  readonly peer: string;
  /** True while no TLS handshake was completed on a connection that wants one. */
  readonly handshaking: boolean;
}

type Explanation = readonly [code: string, what: string, hint: string];

const CHECK_CA =
  "Compare ca.crt of the link's secret with the CA of the remote site; redeem a new token if it changed.";
const CHECK_OWN = "Check that the CA of the remote site issued tls.crt of this link, and that it is still valid there.";

const BY_CODE: Readonly<Record<string, Explanation>> = {
  ECONNREFUSED: ["LINK_REFUSED", "refused the connection", "Check the port, and that the remote router is running."],
  ETIMEDOUT: ["LINK_TIMEOUT", "did not answer in time", "Check that no firewall drops packets on the way."],
  EHOSTUNREACH: ["LINK_UNREACHABLE", "can't be reached: no route to the host", "Check the network of this machine."],
  ENETUNREACH: ["LINK_UNREACHABLE", "can't be reached: no route to its network", "Check the network of this machine."],
  EADDRNOTAVAIL: ["LINK_UNREACHABLE", "can't be reached from here", "Check the address, and free local ports."],
  EACCES: ["LINK_UNREACHABLE", "is barred by this machine's firewall", "Allow the connection in the local firewall."],
  EPERM: ["LINK_UNREACHABLE", "is barred by this machine's firewall", "Allow the connection in the local firewall."],
  EMFILE: ["LINK_RESOURCES", "can't be dialled: out of file descriptors", "Raise the limit (ulimit -n)."],
  ENFILE: ["LINK_RESOURCES", "can't be dialled: out of file descriptors", "Raise the limit of the system."],
  UNABLE_TO_GET_ISSUER_CERT: ["LINK_TLS_CA", "has a certificate of a CA that is not trusted here", CHECK_CA],
  UNABLE_TO_GET_ISSUER_CERT_LOCALLY: ["LINK_TLS_CA", "has a certificate of a CA that is not trusted here", CHECK_CA],
  UNABLE_TO_VERIFY_LEAF_SIGNATURE: [
    "LINK_TLS_CA",
    "has a certificate that is not valid now, or was not issued by the CA trusted here",
    CHECK_CA,
  ],
  SELF_SIGNED_CERT_IN_CHAIN: ["LINK_TLS_CA", "has a certificate of a CA that is not trusted here", CHECK_CA],
  DEPTH_ZERO_SELF_SIGNED_CERT: ["LINK_TLS_CA", "has a self-signed certificate", CHECK_CA],
  CERT_HAS_EXPIRED: ["LINK_TLS_EXPIRED", "has an expired certificate", "Renew it, or check the clock of this machine."],
  CERT_NOT_YET_VALID: [
    "LINK_TLS_NOT_YET_VALID",
    "has a certificate of the future",
    "Check the clocks of both machines.",
  ],
  INVALID_PURPOSE: ["LINK_TLS_PURPOSE", "has a certificate for another purpose", "Have it issued for this use."],
  ERR_SSL_PEER_DID_NOT_RETURN_A_CERTIFICATE: [
    "LINK_TLS_NO_CERT",
    "presented no certificate",
    "Give the peer a certificate issued by this link's CA.",
  ],
  ERR_SSL_WRONG_VERSION_NUMBER: [
    "LINK_TLS_PROTOCOL",
    "does not speak TLS",
    "Check that the port is the one for links, and not a plain one.",
  ],
  ERR_SSL_UNSUPPORTED_PROTOCOL: [
    "LINK_TLS_CREDENTIALS",
    "can't be talked to with these credentials",
    "Check that tls.crt and tls.key of the link's secret are whole and belong together.",
  ],
};

/** What TLS alerts mean in words, by the name the TLS layer prints. */
const ALERTS: Readonly<Record<string, string>> = {
  UnknownCA: "it does not trust the CA that issued it",
  CertificateExpired: "it says that it has expired",
  CertificateRevoked: "it was revoked",
  CertificateUnknown: "it could not be verified",
  CertificateRequired: "none was presented",
  BadCertificate: "it could not be verified",
  UnsupportedCertificate: "it is of an unsupported kind",
  AccessDenied: "access is denied",
  DecryptError: "its signature could not be verified",
};

/** The failure `error` of a connection, as the user is to read it. */
export function linkError(error: unknown, context: ErrorContext): TendrilError {
  if (error instanceof TendrilError) return error;
  const { peer } = context;
  const message = messageOf(error);
  const alert = /^received fatal alert: (?:the )?(\w+)/.exec(message)?.[1];
  if (alert !== undefined) return alertError(error, peer, alert);
  const code = (error as { code?: unknown } | null)?.code;
  const known = typeof code === "string" ? BY_CODE[code] : undefined;
  if (known !== undefined) {
    return new TendrilError(known[0], `The peer at ${peer} ${known[1]}.`, { cause: error, hint: known[2] });
  }
  if (error instanceof Error && error.name === "NotCapable") {
    return new TendrilError("LINK_PERMISSION", `This process may not connect to ${peer}.`, {
      cause: error,
      hint: `Run it with --allow-net=${peer}.`,
    });
  }
  if (code === "ECONNRESET" || code === "EPIPE" || code === "ECONNABORTED") {
    return context.handshaking
      ? new TendrilError("LINK_RESET", `The peer at ${peer} hung up during the TLS handshake.`, {
        cause: error,
        hint: "Check the remote router's log; a middlebox that forbids TLS does the same.",
      })
      : new TendrilError("LINK_RESET", `The connection to ${peer} was reset.`, {
        cause: error,
        hint: "Check the remote router's log, and the network in between.",
      });
  }
  if (typeof code === "string" && code.startsWith("ERR_SSL_")) {
    return new TendrilError("LINK_TLS_PROTOCOL", `TLS with ${peer} failed: ${message}.`, {
      cause: error,
      hint: "Both sides need TLS 1.2 or newer and a cipher in common.",
    });
  }
  return new TendrilError("LINK_FAILED", `The connection to ${peer} failed: ${message}.`, { cause: error });
}

/** The peer closed a fresh TLS connection before it sent anything: what refusing a certificate looks like in TLS 1.3. */
export function silentRefusal(peer: string, cause: unknown): TendrilError {
  return new TendrilError(
    "LINK_TLS_REJECTED",
    `The peer at ${peer} closed the connection right after the TLS handshake; most likely it refuses our certificate.`,
    { cause, hint: CHECK_OWN },
  );
}

/** Somebody connected and left, and has not sent an octet: whoever only looks whether a port is open does that. */
export function leftSilently(peer: string): TendrilError {
  return new TendrilError("LINK_SAID_NOTHING", `The peer at ${peer} left without a word.`);
}

/** What took too long, `stage` being for instance "the TLS handshake". */
export function timeoutError(peer: string, stage: string, timeoutMs: number): TendrilError {
  return new TendrilError("LINK_TIMEOUT", `${stage} with ${peer} took longer than ${timeoutMs} ms.`, {
    hint: "Check that no firewall drops packets on the way, and that the port is the one for links.",
  });
}

/** Whoever got the bytes of a channel threw. */
export function handlerError(peer: string, cause: unknown): TendrilError {
  return new TendrilError("LINK_HANDLER", `The bytes of ${peer} could not be handled.`, {
    cause,
    hint: "This is a defect of Tendril; please report it.",
  });
}

/** The caller gave up. */
export function abortError(peer: string, reason: unknown): TendrilError {
  return new TendrilError("LINK_ABORTED", `Dialling ${peer} was called off.`, { cause: reason });
}

function alertError(error: unknown, peer: string, alert: string): TendrilError {
  const meaning = ALERTS[alert];
  if (meaning === undefined && alert !== "HandshakeFailure") {
    return new TendrilError("LINK_TLS_PROTOCOL", `The peer at ${peer} broke off TLS with the alert ${alert}.`, {
      cause: error,
      hint: "Both sides need TLS 1.2 or newer and a cipher in common.",
    });
  }
  const why = meaning ?? "it gave no reason";
  return new TendrilError("LINK_TLS_REJECTED", `The peer at ${peer} refused our certificate: ${why}.`, {
    cause: error,
    hint: CHECK_OWN,
  });
}
