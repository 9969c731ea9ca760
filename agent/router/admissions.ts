/** Who came to the ports of a router, and what was denied to whom: numbers since its start. */

/** See the head of the file. */
export interface Admissions {
  /** Connections that were accepted from the system. */
  processed: number;
  /** Those that were let in. */
  approved: number;
  /** Those that were not let in: by a Policy, for a revoked certificate, or because there are too many. */
  denied: number;
  /** Links, or messages of them, that would have sent to a routing key. */
  sendersDenied: number;
  /** Links that would have served a routing key. */
  receiversDenied: number;
  /** Changes by management, plugins that were to be stored. */
  othersDenied: number;
  /** True while there are Policies. */
  governed: boolean;
}

/** Nobody yet. */
export function noAdmissions(): Admissions {
  return {
    processed: 0,
    approved: 0,
    denied: 0,
    sendersDenied: 0,
    receiversDenied: 0,
    othersDenied: 0,
    governed: false,
  };
}
