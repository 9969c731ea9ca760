/** Numeric descriptors of the described types that this codec knows (OASIS AMQP 1.0, parts 2.7, 2.8.14, 3.2 to 3.5, 5.3). */

/** Performatives. */
export const OPEN = 0x10;
export const BEGIN = 0x11;
export const ATTACH = 0x12;
export const FLOW = 0x13;
export const TRANSFER = 0x14;
export const DISPOSITION = 0x15;
export const DETACH = 0x16;
export const END = 0x17;
export const CLOSE = 0x18;

/** Composite values inside performatives. */
export const ERROR = 0x1d;
export const RECEIVED = 0x23;
export const ACCEPTED = 0x24;
export const REJECTED = 0x25;
export const RELEASED = 0x26;
export const MODIFIED = 0x27;
export const SOURCE = 0x28;
export const TARGET = 0x29;

/** Bodies of SASL frames. */
export const SASL_MECHANISMS = 0x40;
export const SASL_INIT = 0x41;
export const SASL_CHALLENGE = 0x42;
export const SASL_RESPONSE = 0x43;
export const SASL_OUTCOME = 0x44;

/** Message sections. */
export const HEADER = 0x70;
export const DELIVERY_ANNOTATIONS = 0x71;
export const MESSAGE_ANNOTATIONS = 0x72;
export const PROPERTIES = 0x73;
export const APPLICATION_PROPERTIES = 0x74;
export const DATA = 0x75;
export const AMQP_SEQUENCE = 0x76;
export const AMQP_VALUE = 0x77;
export const FOOTER = 0x78;
