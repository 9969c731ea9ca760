/** One request with its answer, from its first attempt on: where it goes, and what is told of it afterwards. */

import type { AbortReason, MessageHead } from "../../adaptor/action.ts";
import { editFields, type Property, rewritten, withProperties } from "./head_edits.ts";
import type { Sender } from "./forwarded.ts";
import type { HttpDesk } from "./http_desk.ts";
import type { Fit, HttpRoute } from "./http_route.ts";
import { type LocalAnswer, localMessage } from "./local_answer.ts";
import { fieldOf, RequestView } from "./request_view.ts";
import type { Attempt } from "./rule_state.ts";

/** Status of a request whose client left before it had an answer, as nginx has it; nobody is ever sent it. */
const CLIENT_LEFT = 499;

/** See the head of the file. */
export class Exchange {
  readonly #desk: HttpDesk;
  readonly #route: HttpRoute | undefined;
  readonly #fit: Fit | undefined;
  readonly #request: RequestView;
  readonly #sender: Sender;
  readonly #beganAt: number;
  readonly #tried = new Set<string>();
  #attempt: Attempt | undefined;
  #attempts = 0;
  #movedAt: number;
  #status: number | undefined;
  #site: string | undefined;
  #octets = 0;
  /** Octets of the request that had left when we last looked. */
  #sent = 0;
  #over = false;

  /** The address that it goes to; undefined for that of the listener. */
  to: string | undefined;
  /** The request as it goes there. */
  head: MessageHead;
  /** What is answered here instead. */
  answer: LocalAnswer | undefined;
  /** Of what part of the answer the adaptor is being told, which it may not like. */
  hearing: "head" | "rest" | undefined;

  /** A request `head` of `sender` at `desk`; call {@link Exchange.send} next. */
  constructor(desk: HttpDesk, route: HttpRoute | undefined, head: MessageHead, sender: Sender) {
    this.#desk = desk;
    this.#route = route;
    this.#request = new RequestView(head);
    this.#fit = route?.fit(this.#request);
    this.#sender = sender;
    this.#beganAt = this.#movedAt = desk.now();
    this.#site = desk.site;
    this.head = head;
    if (this.#fit !== undefined) this.#fit.state.counts.requests++;
  }

  /** True once the answer, interim ones aside, has begun. */
  get answered(): boolean {
    return this.#status !== undefined;
  }

  /** Chooses where the next attempt goes. */
  send(): void {
    this.#movedAt = this.#desk.now();
    if (this.#fit === undefined) {
      this.#attempts++;
      return;
    }
    const { state, match } = this.#fit;
    const { rule } = state;
    if (rule.answer !== undefined) {
      this.answer = { status: rule.answer, error: "http_request_denied", why: "the rule answers this itself" };
      return;
    }
    if (this.#attempts++ > 0) state.counts.retries++;
    const attempt = state.choose({
      request: this.#request,
      source: this.#sender.address,
      ownKey: this.#desk.routingKey,
      tried: this.#tried,
      isReachable: (key) => this.#route?.isReachable(key) ?? this.#desk.ownReachable,
      now: this.#movedAt,
    });
    if (typeof attempt === "string") {
      this.answer = { status: 503, error: "destination_unavailable", why: attempt };
      return;
    }
    this.#attempt = attempt;
    this.to = rule.backends.length === 0 ? undefined : attempt.backend.routingKey;
    const { head } = this.#request;
    let properties: readonly Property[] = head.properties;
    if (rule.rewrite !== undefined) properties = rewritten(properties, rule.rewrite, match, this.#request);
    const host = fieldOf(head, "host") ?? "";
    if (state.forwarder !== undefined) properties = state.forwarder.tell(properties, host, this.#sender);
    if (rule.requestHeaders !== undefined) properties = editFields(properties, rule.requestHeaders);
    this.head = properties === head.properties ? head : withProperties(head, properties);
  }

  /** The message that says `answer`. */
  message(answer: LocalAnswer): { readonly head: MessageHead; readonly body: Uint8Array } {
    const who = { site: this.#desk.site, route: this.#route?.name ?? "", rule: this.#fit?.state.rule.name ?? "" };
    return localMessage(answer, who, this.#request.method);
  }

  /** The attempt has failed. What is answered instead of trying again; undefined leaves that to the adaptor. */
  failed(why: AbortReason): LocalAnswer | undefined {
    this.#endAttempt(true);
    const mayRetry = this.#attempts <= (this.#fit?.state.rule.retries ?? Infinity);
    if (mayRetry || this.#status !== undefined) return undefined;
    if (why === "released") {
      return { status: 503, error: "destination_unavailable", why: "no site could take the request" };
    }
    if (why === "rejected") {
      return { status: 502, error: "proxy_internal_response", why: "the other end refused the request" };
    }
    return { status: 502, error: "connection_terminated", why: "the way to the server was lost" };
  }

  /** An answer has begun, which comes from `site`: its head as the client shall see it. */
  heard(head: MessageHead, site: string | undefined): MessageHead {
    this.#movedAt = this.#desk.now();
    const status = Number(head.subject);
    if (status < 200 && status !== 101) return head;
    this.#status = status;
    // What nobody has sent is from here; others need not say where they are from.
    if (this.#attempt !== undefined || this.#fit === undefined) this.#site = site;
    if (this.#fit === undefined || this.#attempt === undefined) return head;
    const { state } = this.#fit;
    const { backend } = this.#attempt;
    let { properties } = head;
    if (state.rule.responseHeaders !== undefined) properties = editFields(properties, state.rule.responseHeaders);
    const cookie = state.cookieFor(backend, this.#request);
    if (cookie !== undefined) properties = [...properties, ["Set-Cookie", { type: "field", value: cookie }]];
    return properties === head.properties ? head : withProperties(head, properties);
  }

  /** Octets of the answer have come. */
  moved(octets: number): void {
    this.#octets += octets;
    this.#movedAt = this.#desk.now();
  }

  /** What has taken too long, if anything; `sent` octets of the request have left by now. */
  expired(sent: number): "response" | "idle" | undefined {
    if (sent !== this.#sent) this.#movedAt = this.#desk.now();
    this.#sent = sent;
    const rule = this.#fit?.state.rule;
    if (rule === undefined || this.answer !== undefined) return undefined;
    const seconds = this.#status === undefined ? rule.responseSeconds : rule.idleSeconds;
    if (seconds === 0 || this.#desk.now() - this.#movedAt <= seconds * 1000) return undefined;
    return this.#status === undefined ? "response" : "idle";
  }

  /**
   * The answer is complete, or as complete as it gets. `failed`: it broke off, or another was given with `status`; undefined where
   * that was the client's doing.
   */
  end(failed: boolean | undefined, status?: number): void {
    if (this.#over) return;
    this.#over = true;
    this.#status = status ?? this.#status ?? CLIENT_LEFT;
    const left = this.#status === CLIENT_LEFT && failed !== true;
    const verdict = left ? undefined : failed === false ? this.#status >= 500 : failed;
    this.#endAttempt(verdict);
    const ms = this.#desk.now() - this.#beganAt;
    if (this.#fit !== undefined) {
      const { counts } = this.#fit.state;
      if (verdict) counts.errors++;
      if (verdict !== undefined) counts.latencies.add(ms);
    }
    this.#desk.tell({
      request: this.#request,
      status: this.#status,
      octets: this.#octets,
      ms,
      key: this.answer === undefined ? this.to : undefined,
      site: this.#site,
      attempts: this.#attempts,
      route: this.#route?.name,
      rule: this.#fit?.state.rule.name,
    });
  }

  #endAttempt(failed: boolean | undefined): void {
    const attempt = this.#attempt;
    this.#attempt = undefined;
    if (attempt === undefined || this.#fit === undefined) return;
    if (failed === true) this.#tried.add(attempt.backend.routingKey);
    this.#route?.end(this.#fit.state, attempt, failed);
  }
}
