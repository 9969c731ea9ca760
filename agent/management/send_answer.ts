/** An answer on its way to whoever asked: a message of this router. */

import { NO_ANNOTATIONS } from "../router/annotations.ts";
import type { Downstream } from "../router/flow.ts";
import type { Router } from "../router/router.ts";
import { type Answer, encodeAnswer, type ReturnAddress } from "./message.ts";

/** Priority of a message that names none. */
const PRIORITY = 4;

/** Sends `answer`; what comes back tells how much of it waits. Undefined when who asked has gone away. */
export function sendAnswer(router: Router, answer: Answer, to: ReturnAddress): Downstream | undefined {
  const downstream = router.route({
    address: to.replyTo,
    annotations: NO_ANNOTATIONS,
    start: encodeAnswer(answer, to),
    complete: true,
    presettled: true,
    overridden: false,
    priority: PRIORITY,
    origin: undefined,
  }, { drained() {}, consumerState() {} });
  downstream?.end();
  return downstream;
}
