/** Where the requests of one listener are looked at, if it has a route or keeps an access log. */

import type { MessageHead } from "../../adaptor/action.ts";
import type { AccessLog } from "../../site/http_route_spec.ts";
import type { Logger } from "../../telemetry/log.ts";
import { Exchange } from "./exchange.ts";
import type { Sender } from "./forwarded.ts";
import type { HttpRoute } from "./http_route.ts";
import { originForm, type RequestView, targetOf } from "./request_view.ts";

/** What is told of a request that is over. */
export interface AccessRecord {
  /** The request. */
  readonly request: RequestView;
  /** That the client was sent; 499 for one that left before. */
  readonly status: number;
  /** Of the answer's body, as framed. */
  readonly octets: number;
  /** From the head of the request to the end of the answer. */
  readonly ms: number;
  /** Where it went, unless it was answered here. */
  readonly key: string | undefined;
  /** Router id of the site that answered; undefined if it does not say. */
  readonly site: string | undefined;
  /** How often it was sent. */
  readonly attempts: number;
  /** Name of the HttpRoute. */
  readonly route: string | undefined;
  /** Name of its rule. */
  readonly rule: string | undefined;
}

/** What a desk is given. */
export interface HttpDeskOptions {
  /** Name of the Listener. */
  readonly listener: string;
  /** Its routing key. */
  readonly routingKey: string;
  /** Router id of this site. */
  readonly site: string;
  /** Takes the access log. */
  readonly logger: Logger;
  /** Milliseconds of a monotonic clock. */
  now(): number;
}

/** See the head of the file. */
export class HttpDesk {
  /** The rules; none where requests go to the listener's own key as they are. */
  route: HttpRoute | undefined;
  /** Whether requests are logged. */
  accessLog: AccessLog = "off";
  /** Whether the listener's own key has a consumer. */
  ownReachable = false;
  readonly #options: HttpDeskOptions;

  /** Without rules or log. */
  constructor(options: HttpDeskOptions) {
    this.#options = options;
  }

  /** Id of this site's router. */
  get site(): string {
    return this.#options.site;
  }

  /** The listener's own key. */
  get routingKey(): string {
    return this.#options.routingKey;
  }

  /** Milliseconds of a monotonic clock. */
  now(): number {
    return this.#options.now();
  }

  /** A request has come: what is to be done with it; undefined when nothing but its ordinary way. */
  open(head: MessageHead, sender: Sender): Exchange | undefined {
    if (this.route === undefined && this.accessLog === "off") return undefined;
    return new Exchange(this, this.route, head, sender);
  }

  /** A request is over. */
  tell({ request, status, octets, ms, key, site, attempts, route, rule }: AccessRecord): void {
    if (this.accessLog === "off") return;
    const target = originForm(targetOf(request.head));
    this.#options.logger.info("request", {
      listener: this.#options.listener,
      method: request.method,
      path: this.accessLog === "query" ? target : target.split("?")[0],
      status,
      octets,
      ms: Math.round(ms * 10) / 10,
      key,
      site,
      route,
      rule,
      ...(attempts > 1 ? { attempts } : {}),
    });
  }
}
