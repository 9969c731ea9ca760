/**
 * The TCP adaptor without WebAssembly: the same decisions, taken by the host's own language. Exists to tell what the
 * module boundary costs, and is never part of the product.
 */

import type { Action, AdaptorInstance, AdaptorModule, AdaptorRole } from "../../agent/adaptor/action.ts";

const HEAD = {
  contentType: "application/octet-stream",
  properties: [["V", { type: "uint", value: 1 }]],
} as const;

/** A pass-through that splices both directions as soon as both heads are known. */
export const nativeTcp: AdaptorModule = {
  name: "tcp-native",
  version: "1.0.0",
  digest: "none",
  protocol: "tcp",
  readsSocket: false,
  messages: "one",
  concurrent: 1,
  instantiate: () => new PassThrough(),
};

class PassThrough implements AdaptorInstance {
  #role: AdaptorRole = "listener";

  open(role: AdaptorRole): Action[] {
    this.#role = role;
    return role === "listener" ? [{ kind: "begin", stream: 1, head: HEAD }] : [];
  }

  socket(): { consumed: number; actions: Action[] } {
    return { consumed: 0, actions: [] };
  }

  spliced(): Action[] {
    return [];
  }

  stream(): Action[] {
    const listens = this.#role === "listener";
    return [
      ...(listens ? [] : [{ kind: "begin", stream: 2, head: HEAD } as const]),
      { kind: "splice", side: "socket-to-stream", stream: listens ? 1 : 2, length: Infinity },
      { kind: "splice", side: "stream-to-socket", stream: listens ? 2 : 1, length: Infinity },
    ];
  }

  offer(): { consumed: number; actions: Action[] } {
    return { consumed: 0, actions: [] };
  }

  tick(): { deadline: number; actions: Action[] } {
    return { deadline: 0, actions: [] };
  }

  close(): void {}
}
