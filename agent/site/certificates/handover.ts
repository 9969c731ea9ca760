/**
 * What an authority that follows another one keeps of it. For a window of time the ports of the site trust both, and
 * show a certificate that whoever trusts either takes: it is issued by the new authority, and the old one's word for the
 * new one's key, the bridge, comes along. The Secret of the new authority holds what that needs, and until when.
 */

import { splitPem } from "../../pki/inspect.ts";
import type { TlsCredentials } from "../../transport/channel.ts";
import type { SecretValues } from "../secrets.ts";

/** The old authority, as long as it counts. */
export interface Handover {
  /** Certificates of authorities that are still trusted, PEM. */
  readonly previous: string;
  /** Their certificates for the new key, PEM. */
  readonly bridge: string;
  /** Until when, ms since the epoch. */
  readonly until: number;
}

const PREVIOUS = "previous.crt";
const BRIDGE = "bridge.crt";
const UNTIL = "previous-until";
/** What of a Secret is about a handover. */
export const HANDOVER_KEYS: readonly string[] = [PREVIOUS, BRIDGE, UNTIL];

/** The handover in the Secret of an authority, if there is one, whether or not it is over. */
export function readHandover(values: SecretValues): Handover | undefined {
  const [previous, bridge = "", until] = [values.get(PREVIOUS), values.get(BRIDGE), values.get(UNTIL)];
  if (previous === undefined || until === undefined) return undefined;
  // A time that can't be read is past: nobody is trusted for longer than somebody meant.
  return { previous, bridge, until: Date.parse(until) || 0 };
}

/** What the Secret of an authority holds besides its credentials. */
export function handoverValues({ previous, bridge, until }: Handover): Record<string, string> {
  return { [PREVIOUS]: previous, [BRIDGE]: bridge, [UNTIL]: new Date(until).toISOString() };
}

/**
 * `tls` as a port is to have it at `now`: it trusts the old authorities and shows the bridge while the handover lasts, and
 * neither afterwards. What else it trusts is somebody's wish and stays.
 */
export function asPort(tls: TlsCredentials, handover: Handover | undefined, now: number): TlsCredentials {
  if (handover === undefined) return tls;
  const [old, bridges] = [splitPem(handover.previous), splitPem(handover.bridge)];
  const [ca, cert] = [without(tls.ca, old), without(tls.cert, bridges)];
  const lasts = now < handover.until;
  return { ...tls, ca: [...ca, ...(lasts ? old : [])].join(""), cert: [...cert, ...(lasts ? bridges : [])].join("") };
}

function without(pem: string, unwanted: readonly string[]): string[] {
  return splitPem(pem).filter((each) => !unwanted.includes(each));
}
