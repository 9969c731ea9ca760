import assert from "node:assert/strict";
import { NO_ANNOTATIONS } from "./annotations.ts";
import { noDeliveries, tally } from "./deliveries.ts";
import { origin, routed, Taker } from "./testing_consumer.ts";

const PASSED = { ...NO_ANNOTATIONS, trace: ["0/A"] };
const HOP = { id: "B", next: {}, admits: () => true };

Deno.test("deliveries: a message counts where it comes from and wherever it goes", () => {
  const [client, edge, here] = [new Taker({ origin: origin(false) }), new Taker({ origin: origin() }), new Taker()];
  const beyond = Object.assign(new Taker({ origin: origin(false) }), { hop: HOP });
  const cases = [
    ["a client asks this router", { origin: origin(false) }, [here], { ingress: 1, toProcess: 1 }],
    ["an edge sends to a client", { origin: origin() }, [client], { ingress: 1, egress: 1 }],
    ["this router answers beyond", {}, [beyond], { fromProcess: 1, transit: 1 }],
    ["an interior passes on to an edge", { origin: origin(false), annotations: PASSED }, [edge], { egress: 1 }],
    ["an interior passes through", { origin: origin(false), annotations: PASSED }, [beyond], { transit: 1 }],
    ["an edge's interior sends it something", { origin: origin(), annotations: PASSED }, [here], {
      ingress: 1,
      toProcess: 1,
    }],
    ["a copy for each", { origin: origin() }, [client, edge, here, beyond], {
      ...{ ingress: 1, egress: 2 },
      ...{ toProcess: 1, transit: 1 },
    }],
  ] as const;
  for (const [what, message, consumers, expected] of cases) {
    const deliveries = noDeliveries();
    tally(deliveries, routed(message), consumers);
    assert.deepEqual(deliveries, { ...noDeliveries(), ...expected }, what);
  }
});
