/** What a module says of itself, asked once at load of an instance that serves no connection. */

import type { AdaptorRole, MessageForm } from "./action.ts";
import { type AbiExports, minorMarkerName, piecesMarkerName, spliceMarkerName } from "./abi.ts";
import { AdaptorError } from "./adaptor_error.ts";
import { formatLimits } from "./limits.ts";

/** The content of a description, and where the buffers are. */
export interface Description {
  /** Name of the adaptor. */
  readonly name: string;
  /** The same, as the module itself says it. */
  readonly describedAs: string;
  /** Its version, `major.minor.patch`. */
  readonly version: string;
  /** The protocol it speaks with the socket. */
  readonly protocol: string;
  /** Roles it can be opened in. */
  readonly roles: readonly AdaptorRole[];
  /** Whether it wants socket octets before a splice; true unless it says otherwise. */
  readonly readsSocket: boolean;
  /** The form of its messages; one each way unless it says otherwise. */
  readonly messages: MessageForm;
  /** Messages that a connection may have under way at a time; one unless it says otherwise. */
  readonly concurrent: number;
  /** Whether octets of streams may pass it by, though there are several at a time. */
  readonly splices: boolean;
  /** Whether its splices may go on with further pieces. */
  readonly pieces: boolean;
  /** Address of the input buffer. */
  readonly inPtr: number;
  /** Octets in the input buffer. */
  readonly inCap: number;
  /** Address of the output buffer. */
  readonly outPtr: number;
  /** Octets in the output buffer. */
  readonly outCap: number;
  /** Octets of memory at the time. */
  readonly memoryOctets: number;
}

const namePattern = /^[a-z][a-z0-9-]{0,62}$/;
const versionPattern = /^\d{1,9}\.\d{1,9}\.\d{1,9}$/;
const pointerShift = 32n;

/** Asks a fresh instance to describe itself. Throws ADAPTOR_DESCRIBE for an answer that breaks the ABI. */
export function describe(abi: AbiExports): Description {
  let packed: bigint;
  let buffers: { inPtr: number; inCap: number; outPtr: number; outCap: number };
  try {
    packed = BigInt.asUintN(64, abi.describe());
    buffers = {
      inPtr: abi.in_ptr() >>> 0,
      inCap: abi.in_cap() >>> 0,
      outPtr: abi.out_ptr() >>> 0,
      outCap: abi.out_cap() >>> 0,
    };
  } catch (cause) {
    throw new AdaptorError("ADAPTOR_DESCRIBE", "the module traps when asked to describe itself", { cause });
  }
  const memory = new Uint8Array(abi.memory.buffer);
  checkBuffers(buffers, memory.length);
  const start = Number(packed >> pointerShift);
  const length = Number(BigInt.asUintN(32, packed));
  if (length > formatLimits.describeOctets) refuse(`its description has ${length} octets`);
  if (start + length > memory.length) refuse("its description lies outside of its memory");
  const said = parse(memory.subarray(start, start + length), minorMarkerName in abi);
  return {
    ...said,
    ...buffers,
    splices: spliceMarkerName in abi,
    pieces: piecesMarkerName in abi,
    memoryOctets: memory.length,
  };
}

function checkBuffers(
  { inPtr, inCap, outPtr, outCap }: { inPtr: number; inCap: number; outPtr: number; outCap: number },
  memoryOctets: number,
): void {
  if (inCap < formatLimits.bufferOctets || outCap < formatLimits.bufferOctets) {
    refuse(`its buffers of ${inCap} and ${outCap} octets are too small`);
  }
  if (inPtr + inCap > memoryOctets || outPtr + outCap > memoryOctets) refuse("its buffers lie outside of its memory");
  if (inPtr < outPtr + outCap && outPtr < inPtr + inCap) refuse("its buffers overlap");
}

type Said = Pick<
  Description,
  "name" | "describedAs" | "version" | "protocol" | "roles" | "readsSocket" | "messages" | "concurrent"
>;

function parse(octets: Uint8Array, isMinor: boolean): Said {
  let value: unknown;
  try {
    value = JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(octets));
  } catch (cause) {
    throw new AdaptorError("ADAPTOR_DESCRIBE", "the module's description is not JSON", { cause });
  }
  if (typeof value !== "object" || value === null) refuse("its description is not an object");
  const said = value as Record<string, unknown>;
  const { name, version, protocol, roles, reads_socket: readsSocket = true, messages = "one", concurrent = 1 } = said;
  if (typeof name !== "string" || !namePattern.test(name)) refuse("its name is not a short lower-case word");
  if (typeof version !== "string" || !versionPattern.test(version)) refuse("its version is not major.minor.patch");
  if (typeof protocol !== "string" || !namePattern.test(protocol)) {
    refuse("its protocol is not a short lower-case word");
  }
  if (typeof readsSocket !== "boolean") refuse("its reads_socket is not true or false");
  if (messages !== "one" && (messages !== "many" || !isMinor)) {
    refuse(`its messages are neither one nor, with the export ${minorMarkerName}, many`);
  }
  const most = messages === "many" ? formatLimits.concurrent : 1;
  if (typeof concurrent !== "number" || !Number.isInteger(concurrent) || concurrent < 1 || concurrent > most) {
    refuse(`its concurrent is not a number from 1 to ${most}`);
  }
  return { name, describedAs: name, version, protocol, roles: parseRoles(roles), readsSocket, messages, concurrent };
}

function parseRoles(roles: unknown): AdaptorRole[] {
  if (!Array.isArray(roles) || roles.length === 0 || !roles.every(isRole) || new Set(roles).size !== roles.length) {
    refuse("its roles are not a list of listener, connector or both");
  }
  return roles;
}

function isRole(role: unknown): role is AdaptorRole {
  return role === "listener" || role === "connector";
}

function refuse(what: string): never {
  throw new AdaptorError("ADAPTOR_DESCRIBE", `the module can't be used: ${what}`);
}
