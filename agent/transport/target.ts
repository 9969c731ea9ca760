/**
 * Dials the target of somebody else's octets over TLS. In: where it is, whom to trust, what is spoken. Out: a stream to a
 * judged target, or one `TARGET_*` error that says what is wrong with it. One deadline covers all.
 */

import { TendrilError } from "../lib/errors.ts";
import { withoutRootDot } from "../lib/host_name.ts";
import type { ServerTrust, TlsCredentials } from "./channel.ts";
import { inStages, secureOrExplain } from "./dial.ts";
import { connectTcp, formatAddress } from "./tcp_connect.ts";
import { TlsStream } from "./tls_stream.ts";
import type { TlsTarget } from "./tls_client.ts";

/** What to dial, and how. */
export interface TargetOptions {
  /** Name or IP address; IPv6 without brackets. Its name is asked for (SNI). */
  readonly host: string;
  /** Port at the host. */
  readonly port: number;
  /** Whom to trust, and who we are if the target is to know that. */
  readonly tls: TlsCredentials | ServerTrust;
  /** False to take a certificate for any name. */
  readonly verifyHostname: boolean;
  /** What the target must speak (ALPN); empty for anything. */
  readonly protocols: readonly string[];
  /** Deadline for the whole way, milliseconds. */
  readonly timeoutMs: number;
  /** What the target is sent before the handshake; nothing where it is absent. */
  readonly preamble?: Uint8Array;
  /** Hears when a stream that was handed out breaks because the target refuses who we are: TLS 1.3 does so that late. */
  readonly onRejected?: (error: TendrilError) => void;
}

type Reason = readonly [code: string, hint: string];

const TLS: Reason = ["TARGET_TLS", "Check that the target speaks TLS at this port, 1.2 or newer."];
const EXPIRED: Reason = ["TARGET_TLS_EXPIRED", "Renew the target's certificate, or check the clocks of both machines."];
const REJECTED: Reason = [
  "TARGET_TLS_REJECTED",
  "Set spec.useClientCert, and check that tls.crt of the Secret, or --tls-cert of expose, is of a CA that the target trusts.",
];
const CA: Reason = [
  "TARGET_TLS_CA",
  "Put the CA that issued the target's certificate into ca.crt of the Secret that spec.tlsCredentials names; with expose, " +
  "name it by --tls-ca.",
];

const REASONS: Readonly<Record<string, Reason>> = {
  LINK_TLS_CA: CA,
  LINK_TLS_NO_CERT: CA,
  LINK_TLS_PURPOSE: CA,
  LINK_TLS_CERTIFICATE: CA,
  LINK_TLS_NAME: [
    "TARGET_TLS_NAME",
    "Write a name of the certificate into spec.host, or set spec.verifyHostname to false; with expose, --any-hostname.",
  ],
  LINK_TLS_EXPIRED: EXPIRED,
  LINK_TLS_NOT_YET_VALID: EXPIRED,
  LINK_TLS_REJECTED: REJECTED,
  LINK_TLS_PROTOCOL: TLS,
  LINK_TLS_RESUMED: TLS,
  LINK_RESET: TLS,
};

/** Dials. Throws `TARGET_TLS`, `TARGET_TLS_*` or `TARGET_UNREACHABLE`; leaves nothing open then. */
export async function dialTarget(options: TargetOptions, signal: AbortSignal): Promise<TlsStream> {
  const { host, port, tls, verifyHostname, protocols, timeoutMs, preamble, onRejected } = options;
  const peer = formatAddress(host, port);
  const target: TlsTarget = {
    tls,
    serverName: withoutRootDot(host),
    anyName: !verifyHostname,
    ...(protocols.length === 0 ? {} : { protocols }),
    halfOpen: true,
    peer,
  };
  const onBroken = (error: TendrilError) => {
    if (error.code === "LINK_TLS_REJECTED") onRejected?.(targetError(error));
  };
  let spoken: string | false | null = null;
  try {
    return await inStages(peer, timeoutMs, signal, async (enter, signal) => {
      const open = async () => {
        const raw = await connectTcp({ host, port }, signal);
        // If that fails, the handshake will say so.
        if (preamble !== undefined) await new Promise<void>((resolve) => raw.write(preamble, () => resolve()));
        return raw;
      };
      const raw = await open();
      enter("The TLS handshake");
      const stream = await secureOrExplain(raw, target, signal, (socket, identity) => {
        spoken = socket.alpnProtocol;
        return new TlsStream(socket, identity, tls.cert !== undefined, onBroken);
      }, open);
      if (!isSpoken(spoken, protocols)) {
        stream.close(true);
        throw otherProtocol(peer, protocols);
      }
      return stream;
    });
  } catch (error) {
    if (!(error instanceof TendrilError)) throw error;
    // Many servers do not answer with a protocol that they were not offered, but break off.
    throw /alert NoApplicationProtocol/.test(error.message)
      ? otherProtocol(peer, protocols, error)
      : targetError(error);
  }
}

/** HTTP/1.1 was spoken before anybody was asked what they speak; everything later says so. */
function isSpoken(spoken: string | false | null, protocols: readonly string[]): boolean {
  if (typeof spoken === "string" && spoken !== "") return protocols.length === 0 || protocols.includes(spoken);
  return protocols.length === 0 || protocols.includes("http/1.1");
}

function otherProtocol(peer: string, protocols: readonly string[], cause?: TendrilError): TendrilError {
  return new TendrilError("TARGET_TLS_PROTOCOL", `The target at ${peer} does not speak ${protocols.join(" or ")}.`, {
    cause,
    hint: "Switch it on at the target, or choose another spec.type.",
  });
}

/** What a failure to dial means for whoever looks after the target. */
function targetError(error: TendrilError): TendrilError {
  const { code } = error;
  if (code.startsWith("TARGET_") || code === "LINK_ABORTED") return error;
  const [own, hint] = REASONS[code] ?? ["TARGET_UNREACHABLE", error.hint ?? "Check host and port of the target."];
  const message = error.message.replace(/\b([Tt]he) peer\b/g, "$1 target").replace(
    / by a CA this link trusts/,
    " by a CA that is trusted here",
  );
  return new TendrilError(own, message, { cause: error, hint });
}
