/**
 * Goes the way to one endpoint of a link step by step, by the very code that links go it: name, TCP, proxy, TLS with
 * the peer's certificate, WebSocket, and whether the peer admits us. In: whom to reach, as whom. Out: steps.
 */

import { SYSTEM_CLOCK } from "../../lib/clock.ts";
import { formatEndpoint } from "../../lib/endpoint.ts";
import { TendrilError } from "../../lib/errors.ts";
import { isRefusal, ROUTER_DATA, routerConnectionOptions, terminus } from "../../router/capabilities.ts";
import { lossError } from "../../router/outbound_link.ts";
import { Peer } from "../../router/peer.ts";
import type { Channel } from "../../transport/channel.ts";
import { dial, type DialStage } from "../../transport/dial.ts";
import type { LinkEndpoint, LinkSpec } from "../spec.ts";
import type { Checklist, Excuse, StepName } from "./checklist.ts";

/** What a step of dialling is called. */
const STEPS: Readonly<Record<DialStage, StepName>> = {
  resolve: "dns",
  connect: "tcp",
  proxy: "proxy",
  tls: "tls",
  websocket: "websocket",
};

/** What of the peer's certificate a refusal of ours is about; its handshake itself was in order. */
const CERTIFICATE_STEPS: Readonly<Record<string, StepName>> = {
  LINK_TLS_CA: "chain",
  LINK_TLS_PURPOSE: "chain",
  LINK_TLS_CERTIFICATE: "chain",
  LINK_TLS_NAME: "name",
  LINK_TLS_EXPIRED: "validity",
  LINK_TLS_NOT_YET_VALID: "validity",
};

/**
 * Checks `endpoint` of `link` as the router `id`; true when the peer would take the link. `excuse` is about admission,
 * for an `id` that is not the one that the link has.
 */
export async function checkEndpoint(
  list: Checklist,
  link: LinkSpec,
  endpoint: LinkEndpoint,
  id: string,
  timeoutMs: number,
  excuse?: Excuse,
): Promise<boolean> {
  const subject = `${link.name} ${formatEndpoint(endpoint.host, endpoint.port)}`;
  const channel = await dialStepwise(list, link, endpoint, subject, timeoutMs);
  if (channel === undefined) return false;
  const { role } = endpoint;
  const admitted = await list.take(
    "admission",
    subject,
    () => admission(channel, id, role, timeoutMs),
    ({ peer, by }) => `${peer} admits us as ${role === "edge" ? "an edge" : "an interior"}, by SASL ${by}`,
    excuse,
  );
  return admitted !== undefined;
}

async function dialStepwise(
  list: Checklist,
  { tls, proxy, websocket }: LinkSpec,
  { host, port }: LinkEndpoint,
  subject: string,
  timeoutMs: number,
): Promise<Channel | undefined> {
  let stage: DialStage | undefined;
  let began = performance.now();
  let addresses: readonly string[] = [];
  const passed = (found: string) => {
    if (stage !== undefined) list.pass(STEPS[stage], subject, found, performance.now() - began);
  };
  const tell = () => {
    const there = proxy === undefined ? "" : "of the proxy: ";
    if (stage === "resolve") return there + (addresses.join(", ") || "left to the runtime, by the permission it has");
    return stage === "connect" ? `${there}connected` : stage === "tls" ? "agreed" : "open";
  };
  const onStage = (next: DialStage, found: readonly string[] = []) => {
    if (next === "connect") addresses = found;
    passed(tell());
    stage = next;
    began = performance.now();
  };
  const way = { host, port, tls, websocket, timeoutMs, onStage, ...(proxy === undefined ? {} : { proxy }) };
  try {
    const channel = await dial(way, new AbortController().signal);
    passed(stage === "tls" ? tlsFacts(channel) : tell());
    tellCertificate(list, channel, subject, host);
    return channel;
  } catch (error) {
    const ms = performance.now() - began;
    const step = stage === undefined ? "credentials" : STEPS[stage];
    const part = step === "tls" && error instanceof TendrilError ? CERTIFICATE_STEPS[error.code] : undefined;
    if (part !== undefined) list.pass("tls", subject, "the peer speaks TLS", ms);
    list.fail(part ?? step, subject, part === "validity" ? withClock(error) : error, part === undefined ? ms : 0);
    return undefined;
  }
}

function tlsFacts({ peer: { tls } }: Channel): string {
  return `${tls?.protocol ?? "TLS"}, ${tls?.cipher ?? "no cipher"}`;
}

function tellCertificate(list: Checklist, { peer }: Channel, subject: string, host: string): void {
  list.pass("chain", subject, `issued by a CA that this link trusts: ${peer.subject}, serial ${peer.serial}`);
  list.pass("name", subject, `the certificate is for ${host}`);
  const until = peer.notAfter === undefined ? "good now" : `good until ${new Date(peer.notAfter).toISOString()}`;
  list.pass("validity", subject, until);
}

/** A certificate that is not good now may as well be a clock that is wrong: it is told what this one says. */
function withClock(error: unknown): unknown {
  if (!(error instanceof TendrilError)) return error;
  const message = `${error.message} The clock of this machine says ${new Date().toISOString()}.`;
  const hint = `${error.hint ?? ""} If that time is wrong, set the clock; certificates can be good.`.trim();
  return new TendrilError(error.code, message, { cause: error.cause, hint });
}

/** Introduces itself as the router `id`, hears who the peer is, and leaves. */
function admission(
  channel: Channel,
  id: string,
  role: LinkEndpoint["role"],
  timeoutMs: number,
): Promise<{ readonly peer: string; readonly by: string }> {
  const { subject, address } = channel.peer;
  const options = routerConnectionOptions("client", id, subject !== undefined, address.replace(/:\d+$/, ""));
  return new Promise((resolve, reject) => {
    let admitted: { readonly peer: string; readonly by: string } | undefined;
    let late = false;
    const peer = new Peer(channel, options, role === "edge", SYSTEM_CLOCK, {
      onOpen: (remote) => {
        if (isRefusal(remote)) return; // The reason follows.
        admitted = { peer: remote.containerId, by: peer.connection.mechanism ?? "nothing" };
        // Who has something against us says so before any answer to this; whether the link is wanted does not matter.
        const answered = () => peer.close();
        const end = terminus(undefined, role === "edge" ? undefined : ROUTER_DATA);
        const link = { name: "check", source: end, target: end };
        peer.connection.beginSession("check").attachSender(link, {
          onAttached: answered,
          onDetached: answered,
        });
      },
      onAttach: (link) => link.refuse({ condition: "amqp:not-allowed", description: "this is a check" }),
      onGone: (loss) => {
        cancel();
        if (admitted !== undefined && loss.remote === undefined) resolve(admitted);
        else reject(late ? silent(address, timeoutMs) : lossError(loss, false));
      },
    });
    const cancel = SYSTEM_CLOCK.after(timeoutMs, () => {
      late = true;
      channel.destroy();
    });
    peer.start();
  });
}

function silent(address: string, timeoutMs: number): TendrilError {
  return new TendrilError("CHECK_SILENT", `${address} took the connection and says nothing within ${timeoutMs} ms`, {
    hint: "Check that the port is one for links, and look into the log of the router behind it.",
  });
}
