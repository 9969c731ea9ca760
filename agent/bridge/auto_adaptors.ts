/** The adaptors of a service that finds out what is spoken: by the first octets of a client, by the form of a message. */

import type { AdaptorModule } from "../adaptor/action.ts";
import type { Detected } from "./detect.ts";

/** One adaptor for each thing that may be spoken. */
export type AutoAdaptors = Readonly<Record<Detected, AdaptorModule>>;

/** Whether a service is given these, and not the one adaptor of what it speaks. */
export function isAuto(adaptors: AdaptorModule | AutoAdaptors): adaptors is AutoAdaptors {
  return "tcp" in adaptors;
}
