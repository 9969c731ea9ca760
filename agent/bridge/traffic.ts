/** What has passed a listener or a connector since it was there: counters that only grow. */

/** See the head of the file. */
export class Traffic {
  /** Connections that were opened. */
  opened = 0;
  /** Connections that are over. */
  closed = 0;
  /** Octets that came from clients or the target. */
  octetsIn = 0;
  /** Octets that went to clients or the target. */
  octetsOut = 0;
  /** Requests, where an adaptor tells them apart. */
  requests = 0;
}
