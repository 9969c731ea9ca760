/** What both ends of a link have in common: their place, their names, and the deliveries whose outcome is not known. */

import type { AmqpError, Attach, Terminus } from "./codec/types.ts";
import { LinkCounts, LONG_DELAYED } from "./link_counts.ts";
import type { Session } from "./session.ts";
import { type Listed, Unsettled } from "./unsettled.ts";

/** What the owner of a link wants to know, whichever end it is. */
export interface LinkHandler {
  /** The peer answered an attach of ours. */
  onAttached?(remote: Attach): void;
  /** The link is gone: detached by the peer (with its error), by us, or with its connection. */
  onDetached?(error: AmqpError | undefined): void;
}

/** A delivery, as far as its link knows it. */
export interface LinkDelivery<Delivery> extends Listed<Delivery> {
  /** When it began, by `Connection.seconds`. */
  readonly since: number;
  /** It may take as long as it likes. */
  readonly streaming: boolean;
}

/** One end of a link. */
export abstract class LinkEnd<Handler extends LinkHandler, Delivery extends LinkDelivery<Delivery>> {
  /** The session it lives in. */
  readonly session: Session;
  /** Link name, unique per direction and connection. */
  readonly name: string;
  /** Our handle. */
  readonly handle: number;
  /** The peer's attach, once seen. */
  remote: Attach | undefined;
  /** Where messages come from, as this side has named it. */
  source: Terminus | undefined;
  /** Where messages go, as this side has named it. */
  target: Terminus | undefined;
  /** Set by the owner. */
  handler: Handler | undefined;
  /** False once the link is gone. */
  attached = true;
  /** What has passed. */
  readonly counts: LinkCounts = new LinkCounts();
  /** The delivery that is under way. */
  protected current: Delivery | undefined;
  /** Deliveries whose outcome is not known; the one that is under way may be among them. */
  protected readonly unsettled: Unsettled<Delivery> = new Unsettled<Delivery>();

  /** Made by a session. */
  constructor(session: Session, name: string, handle: number) {
    this.session = session;
    this.name = name;
    this.handle = handle;
  }

  /** Deliveries whose outcome is not known. */
  get unsettledCount(): number {
    return this.unsettled.size;
  }

  /** Messages that have had no outcome for more than ten seconds; streams may be as long as they like. */
  get stuckCount(): number {
    const before = this.session.connection.seconds - LONG_DELAYED;
    return this.unsettled.values().filter(({ since, streaming }) => since < before && !streaming).length;
  }

  /** True while a delivery is under way or its outcome is not known. */
  get busy(): boolean {
    return this.current !== undefined || this.unsettled.size > 0;
  }

  /** The link is gone, and with it the deliveries that are open. */
  abstract lost(error: AmqpError | undefined): void;

  /** Closes the link; deliveries that are open are lost. */
  close(error?: AmqpError): void {
    if (!this.attached) return;
    this.session.sendDetach(this.handle, error);
    this.lost(undefined);
  }
}
