/** Numeric descriptors of the described types that this codec knows (OASIS AMQP 1.0, parts 2.7, 2.8.14, 3.2 to 3.5, 5.3). */

// Performatives.
/** Performative, part 2.7.1. */
export const OPEN = 0x10;
/** Performative, part 2.7.2. */
export const BEGIN = 0x11;
/** Performative, part 2.7.3. */
export const ATTACH = 0x12;
/** Performative, part 2.7.4. */
export const FLOW = 0x13;
/** Performative, part 2.7.5. */
export const TRANSFER = 0x14;
/** Performative, part 2.7.6. */
export const DISPOSITION = 0x15;
/** Performative, part 2.7.7. */
export const DETACH = 0x16;
/** Performative, part 2.7.8. */
export const END = 0x17;
/** Performative, part 2.7.9. */
export const CLOSE = 0x18;

// Composite values inside performatives.
/** Composite value, part 2.8.14. */
export const ERROR = 0x1d;
/** Composite value, part 3.4.1. */
export const RECEIVED = 0x23;
/** Composite value, part 3.4.2. */
export const ACCEPTED = 0x24;
/** Composite value, part 3.4.3. */
export const REJECTED = 0x25;
/** Composite value, part 3.4.4. */
export const RELEASED = 0x26;
/** Composite value, part 3.4.5. */
export const MODIFIED = 0x27;
/** Composite value, part 3.5.3. */
export const SOURCE = 0x28;
/** Composite value, part 3.5.4. */
export const TARGET = 0x29;

// Bodies of SASL frames.
/** SASL body, part 5.3.3.1. */
export const SASL_MECHANISMS = 0x40;
/** SASL body, part 5.3.3.2. */
export const SASL_INIT = 0x41;
/** SASL body, part 5.3.3.3. */
export const SASL_CHALLENGE = 0x42;
/** SASL body, part 5.3.3.4. */
export const SASL_RESPONSE = 0x43;
/** SASL body, part 5.3.3.5. */
export const SASL_OUTCOME = 0x44;

// Message sections.
/** Section, part 3.2.1. */
export const HEADER = 0x70;
/** Section, part 3.2.2. */
export const DELIVERY_ANNOTATIONS = 0x71;
/** Section, part 3.2.3. */
export const MESSAGE_ANNOTATIONS = 0x72;
/** Section, part 3.2.4. */
export const PROPERTIES = 0x73;
/** Section, part 3.2.5. */
export const APPLICATION_PROPERTIES = 0x74;
/** Section, part 3.2.6. */
export const DATA = 0x75;
/** Section, part 3.2.7. */
export const AMQP_SEQUENCE = 0x76;
/** Section, part 3.2.8. */
export const AMQP_VALUE = 0x77;
/** Section, part 3.2.9. */
export const FOOTER = 0x78;
