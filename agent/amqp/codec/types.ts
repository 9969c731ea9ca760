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
  /**
   * All elements have the same AMQP type. `code` is the constructor octet they share on the wire, where it is not the
   * widest of their type (an empty array: not null), and every element must fit it.
   */
  | { readonly type: "array"; readonly value: readonly AmqpValue[]; readonly code?: number }
  | { readonly type: "described"; readonly descriptor: AmqpValue; readonly value: AmqpValue };

/** A map value. */
export type AmqpMap = ReadonlyArray<readonly [AmqpValue, AmqpValue]>;

/** An AMQP error (part 2.8.14). */
export interface AmqpError {
  /** Symbol such as `amqp:not-found`. */
  readonly condition: string;
  /** Text for people. */
  readonly description?: string;
  /** Further facts. */
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
  /** Address of the node; absent on anonymous and dynamic termini. */
  readonly address?: string;
  /** 0 nothing is kept, 1 configuration, 2 unsettled state as well. */
  readonly durable?: number;
  /** `link-detach`, `session-end`, `connection-close` or `never`. */
  readonly expiryPolicy?: string;
  /** Seconds that an expiring terminus is kept. */
  readonly timeout?: number;
  /** Asks the peer to make a node and name it. */
  readonly dynamic?: boolean;
  /** Wishes for the node that is made. */
  readonly dynamicNodeProperties?: AmqpMap;
  /** Source only. */
  readonly distributionMode?: string;
  /** Source only. */
  readonly filter?: AmqpValue;
  /** Source only. */
  readonly defaultOutcome?: AmqpValue;
  /** Source only. A single symbol on the wire is an AmqpSymbol, several are an array. */
  readonly outcomes?: AmqpValue;
  /** What the node offers or shall offer. */
  readonly capabilities?: AmqpValue;
}

/** Part 2.7.1. */
export interface Open {
  /** Discriminator. */
  readonly type: "open";
  /** Name of the router or client. */
  readonly containerId: string;
  /** Host that the client means to reach. */
  readonly hostname?: string;
  /** Largest frame the sender of this accepts, in octets. */
  readonly maxFrameSize?: number;
  /** Highest channel number the sender of this accepts. */
  readonly channelMax?: number;
  /** ms */
  readonly idleTimeOut?: number;
  /** Languages of texts sent. */
  readonly outgoingLocales?: AmqpValue;
  /** Languages of texts wanted. */
  readonly incomingLocales?: AmqpValue;
  /** Extensions that the sender of this has. */
  readonly offeredCapabilities?: AmqpValue;
  /** Extensions that the sender of this may use. */
  readonly desiredCapabilities?: AmqpValue;
  /** Further facts about the sender of this. */
  readonly properties?: AmqpMap;
}

/** Part 2.7.2. */
export interface Begin {
  /** Discriminator. */
  readonly type: "begin";
  /** Channel of the begin that this one answers. */
  readonly remoteChannel?: number;
  /** Transfer id of the next transfer frame sent. */
  readonly nextOutgoingId: number;
  /** Transfer frames that may be sent to the sender of this. */
  readonly incomingWindow: number;
  /** Transfer frames that the sender of this may send. */
  readonly outgoingWindow: number;
  /** Highest link handle the sender of this accepts. */
  readonly handleMax?: number;
  /** Extensions that the sender of this has. */
  readonly offeredCapabilities?: AmqpValue;
  /** Extensions that the sender of this may use. */
  readonly desiredCapabilities?: AmqpValue;
  /** Further facts about the sender of this. */
  readonly properties?: AmqpMap;
}

/** Part 2.7.3. `role` is the role of the endpoint that sends this attach. */
export interface Attach {
  /** Discriminator. */
  readonly type: "attach";
  /** Name of the link, unique between two containers. */
  readonly name: string;
  /** Number of the link in this session, chosen by the sender of this. */
  readonly handle: number;
  /** Role of the endpoint that sends this. */
  readonly role: "sender" | "receiver";
  /** 0 unsettled, 1 settled, 2 mixed. */
  readonly sndSettleMode?: number;
  /** 0 first, 1 second. */
  readonly rcvSettleMode?: number;
  /** Where messages come from. */
  readonly source?: Terminus;
  /** A Terminus, or any other described target (such as a transaction coordinator) as it came. */
  readonly target?: Terminus | { readonly other: AmqpValue };
  /** States of deliveries from before a resumption. */
  readonly unsettled?: AmqpMap;
  /** There are more unsettled deliveries than are listed. */
  readonly incompleteUnsettled?: boolean;
  /** Delivery count of the sender at the start; mandatory for senders. */
  readonly initialDeliveryCount?: number;
  /** Largest message the sender of this accepts, in octets; 0 is no limit. */
  readonly maxMessageSize?: bigint;
  /** Extensions that the sender of this has. */
  readonly offeredCapabilities?: AmqpValue;
  /** Extensions that the sender of this may use. */
  readonly desiredCapabilities?: AmqpValue;
  /** Further facts about the sender of this. */
  readonly properties?: AmqpMap;
}

/** Part 2.7.4. */
export interface Flow {
  /** Discriminator. */
  readonly type: "flow";
  /** Transfer id expected next; absent before the peer has begun. */
  readonly nextIncomingId?: number;
  /** Transfer frames that may be sent to the sender of this. */
  readonly incomingWindow: number;
  /** Transfer id of the next transfer frame sent. */
  readonly nextOutgoingId: number;
  /** Transfer frames that the sender of this may send. */
  readonly outgoingWindow: number;
  /** Number of the link in this session, chosen by the sender of this. */
  readonly handle?: number;
  /** Deliveries that the link has carried, modulo 2^32. */
  readonly deliveryCount?: number;
  /** Deliveries that the sending end may still start. */
  readonly linkCredit?: number;
  /** Deliveries that wait for credit. */
  readonly available?: number;
  /** Unused credit is to be given back. */
  readonly drain?: boolean;
  /** Asks for a flow in return. */
  readonly echo?: boolean;
  /** Further facts about the sender of this. */
  readonly properties?: AmqpMap;
}

/** Part 2.7.5, without the payload that follows it. */
export interface Transfer {
  /** Discriminator. */
  readonly type: "transfer";
  /** Number of the link in this session, chosen by the sender of this. */
  readonly handle: number;
  /** Number of the delivery in this session; on its first frame. */
  readonly deliveryId?: number;
  /** Name of the delivery on this link, at most 32 octets; on its first frame. */
  readonly deliveryTag?: Uint8Array;
  /** 0 for AMQP messages; on the first frame of a delivery. */
  readonly messageFormat?: number;
  /** The sender has forgotten the delivery. */
  readonly settled?: boolean;
  /** More frames of this delivery follow. */
  readonly more?: boolean;
  /** 0 first, 1 second. */
  readonly rcvSettleMode?: number;
  /** State at the endpoint that sends this. */
  readonly state?: DeliveryState;
  /** Continues a delivery from before a resumption. */
  readonly resume?: boolean;
  /** The delivery is given up; what came of it is void. */
  readonly aborted?: boolean;
  /** The answer may wait for others. */
  readonly batchable?: boolean;
}

/** Part 2.7.6. `role` is the role of the endpoint that sends this disposition. */
export interface Disposition {
  /** Discriminator. */
  readonly type: "disposition";
  /** Role of the endpoint that sends this. */
  readonly role: "sender" | "receiver";
  /** Lowest delivery id meant. */
  readonly first: number;
  /** Highest delivery id meant; absent for one delivery. */
  readonly last?: number;
  /** The endpoint that sends this has forgotten the deliveries. */
  readonly settled?: boolean;
  /** State at the endpoint that sends this. */
  readonly state?: DeliveryState;
  /** The answer may wait for others. */
  readonly batchable?: boolean;
}

/** Part 2.7.7. */
export interface Detach {
  /** Discriminator. */
  readonly type: "detach";
  /** Number of the link in this session, chosen by the sender of this. */
  readonly handle: number;
  /** The link is over for good, not only interrupted. */
  readonly closed?: boolean;
  /** Why, if not in peace. */
  readonly error?: AmqpError;
}

/** Part 2.7.8. */
export interface End {
  /** Discriminator. */
  readonly type: "end";
  /** Why, if not in peace. */
  readonly error?: AmqpError;
}

/** Part 2.7.9. */
export interface Close {
  /** Discriminator. */
  readonly type: "close";
  /** Why, if not in peace. */
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

/** A value under construction. */
export type Mutable<T> = { -readonly [K in keyof T]: T[K] };
