/**
 * AMQP 1.0 types as TypeScript values (OASIS AMQP 1.0, part 1.6, 2.7, 3.4, 3.5, 5.3).
 *
 * A field that is absent or null on the wire is `undefined` here, so that a decoded performative encodes back to the
 * bytes it came from: an explicit default stays explicit.
 */

/** A symbolic value from a constrained domain; distinct from a string on the wire. */
export class AmqpSymbol {
  /** Wraps an ASCII text. */
  constructor(readonly text: string) {}
}

/**
 * Any AMQP value. `null`, booleans, strings and symbols stand for themselves; everything whose AMQP type JavaScript
 * can't tell apart carries the name of its type.
 */
export type AmqpValue =
  | null
  | boolean
  | string
  | AmqpSymbol
  | {
    readonly type: "ubyte" | "ushort" | "uint" | "byte" | "short" | "int" | "float" | "double";
    readonly value: number;
  }
  | { readonly type: "ulong" | "long"; readonly value: bigint }
  /** Milliseconds since the Unix epoch. */
  | { readonly type: "timestamp"; readonly value: bigint }
  | { readonly type: "char"; readonly value: number }
  /** Raw octets of types without a JavaScript counterpart. */
  | { readonly type: "decimal32" | "decimal64" | "decimal128" | "uuid"; readonly value: Uint8Array }
  | { readonly type: "binary"; readonly value: Uint8Array }
  | { readonly type: "list"; readonly value: readonly AmqpValue[] }
  /** Ordered pairs: AMQP maps keep their order and may have keys of any type. */
  | { readonly type: "map"; readonly value: ReadonlyArray<readonly [AmqpValue, AmqpValue]> }
  /** All elements have the same AMQP type; `narrow` ones, all texts or binaries below 256 octets, have 8-bit sizes. */
  | { readonly type: "array"; readonly value: readonly AmqpValue[]; readonly narrow?: boolean }
  | { readonly type: "described"; readonly descriptor: AmqpValue; readonly value: AmqpValue };

/** A map value. */
export type AmqpMap = ReadonlyArray<readonly [AmqpValue, AmqpValue]>;

/** An AMQP error (part 2.8.14). */
export interface AmqpError {
  readonly condition: string;
  readonly description?: string;
  readonly info?: AmqpMap;
}

/** Outcome or state of a delivery (part 3.4). */
export type DeliveryState =
  | { readonly kind: "received"; readonly sectionNumber: number; readonly sectionOffset: bigint }
  | { readonly kind: "accepted" }
  | { readonly kind: "rejected"; readonly error?: AmqpError }
  | { readonly kind: "released" }
  | {
    readonly kind: "modified";
    readonly deliveryFailed?: boolean;
    readonly undeliverableHere?: boolean;
    readonly messageAnnotations?: AmqpMap;
  }
  /** A state that this engine does not interpret, kept as it came. */
  | { readonly kind: "other"; readonly value: AmqpValue };

/** The source or the target of a link (part 3.5.3, 3.5.4). `capabilities` accepts one symbol or an array on the wire. */
export interface Terminus {
  readonly address?: string;
  readonly durable?: number;
  readonly expiryPolicy?: string;
  readonly timeout?: number;
  readonly dynamic?: boolean;
  readonly dynamicNodeProperties?: AmqpMap;
  /** Source only. */
  readonly distributionMode?: string;
  /** Source only. */
  readonly filter?: AmqpValue;
  /** Source only. */
  readonly defaultOutcome?: AmqpValue;
  /** Source only. A single symbol on the wire is an AmqpSymbol, several are an array. */
  readonly outcomes?: AmqpValue;
  readonly capabilities?: AmqpValue;
}

/** Part 2.7.1. */
export interface Open {
  readonly type: "open";
  readonly containerId: string;
  readonly hostname?: string;
  readonly maxFrameSize?: number;
  readonly channelMax?: number;
  /** ms */
  readonly idleTimeOut?: number;
  readonly outgoingLocales?: AmqpValue;
  readonly incomingLocales?: AmqpValue;
  readonly offeredCapabilities?: AmqpValue;
  readonly desiredCapabilities?: AmqpValue;
  readonly properties?: AmqpMap;
}

/** Part 2.7.2. */
export interface Begin {
  readonly type: "begin";
  readonly remoteChannel?: number;
  readonly nextOutgoingId: number;
  readonly incomingWindow: number;
  readonly outgoingWindow: number;
  readonly handleMax?: number;
  readonly offeredCapabilities?: AmqpValue;
  readonly desiredCapabilities?: AmqpValue;
  readonly properties?: AmqpMap;
}

/** Part 2.7.3. `role` is the role of the endpoint that sends this attach. */
export interface Attach {
  readonly type: "attach";
  readonly name: string;
  readonly handle: number;
  readonly role: "sender" | "receiver";
  /** 0 unsettled, 1 settled, 2 mixed. */
  readonly sndSettleMode?: number;
  /** 0 first, 1 second. */
  readonly rcvSettleMode?: number;
  readonly source?: Terminus;
  /** A Terminus, or any other described target (such as a transaction coordinator) as it came. */
  readonly target?: Terminus | { readonly other: AmqpValue };
  readonly unsettled?: AmqpMap;
  readonly incompleteUnsettled?: boolean;
  readonly initialDeliveryCount?: number;
  readonly maxMessageSize?: bigint;
  readonly offeredCapabilities?: AmqpValue;
  readonly desiredCapabilities?: AmqpValue;
  readonly properties?: AmqpMap;
}

/** Part 2.7.4. */
export interface Flow {
  readonly type: "flow";
  readonly nextIncomingId?: number;
  readonly incomingWindow: number;
  readonly nextOutgoingId: number;
  readonly outgoingWindow: number;
  readonly handle?: number;
  readonly deliveryCount?: number;
  readonly linkCredit?: number;
  readonly available?: number;
  readonly drain?: boolean;
  readonly echo?: boolean;
  readonly properties?: AmqpMap;
}

/** Part 2.7.5, without the payload that follows it. */
export interface Transfer {
  readonly type: "transfer";
  readonly handle: number;
  readonly deliveryId?: number;
  readonly deliveryTag?: Uint8Array;
  readonly messageFormat?: number;
  readonly settled?: boolean;
  readonly more?: boolean;
  readonly rcvSettleMode?: number;
  readonly state?: DeliveryState;
  readonly resume?: boolean;
  readonly aborted?: boolean;
  readonly batchable?: boolean;
}

/** Part 2.7.6. `role` is the role of the endpoint that sends this disposition. */
export interface Disposition {
  readonly type: "disposition";
  readonly role: "sender" | "receiver";
  readonly first: number;
  readonly last?: number;
  readonly settled?: boolean;
  readonly state?: DeliveryState;
  readonly batchable?: boolean;
}

/** Part 2.7.7. */
export interface Detach {
  readonly type: "detach";
  readonly handle: number;
  readonly closed?: boolean;
  readonly error?: AmqpError;
}

/** Part 2.7.8. */
export interface End {
  readonly type: "end";
  readonly error?: AmqpError;
}

/** Part 2.7.9. */
export interface Close {
  readonly type: "close";
  readonly error?: AmqpError;
}

/** Any performative of an AMQP (type 0) frame. */
export type Performative = Open | Begin | Attach | Flow | Transfer | Disposition | Detach | End | Close;

/** Any body of a SASL (type 1) frame (part 5.3.3). */
export type SaslFrame =
  | { readonly type: "sasl-mechanisms"; readonly mechanisms: readonly string[] }
  | {
    readonly type: "sasl-init";
    readonly mechanism: string;
    readonly initialResponse?: Uint8Array;
    readonly hostname?: string;
  }
  | { readonly type: "sasl-challenge"; readonly challenge: Uint8Array }
  | { readonly type: "sasl-response"; readonly response: Uint8Array }
  | { readonly type: "sasl-outcome"; readonly code: number; readonly additionalData?: Uint8Array };
