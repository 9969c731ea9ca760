/** The built-in adaptors, name -> base64. Written by `adaptors/build.ts`; do not edit. */

import { base64 as http1 } from "./http1.ts";
import { base64 as http2 } from "./http2.ts";
import { base64 as tcp } from "./tcp.ts";

/** Every built-in adaptor's module in base64, by name. */
export const modules: Readonly<Record<string, string>> = { http1, http2, tcp };
