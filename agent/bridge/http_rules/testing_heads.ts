/** Heads of requests for tests. */

import type { MessageHead } from "../../adaptor/action.ts";
import { RequestView } from "./request_view.ts";

/** The head of `line`, such as `GET /x`, with `fields`, each `name: value`. */
export function headOf(line: string, ...fields: string[]): MessageHead {
  const [method = "", target = ""] = line.split(" ");
  return {
    contentType: "",
    subject: method,
    properties: [
      [":version", { type: "string", value: "1.1" }],
      [":path", { type: "string", value: target }],
      ...fields.map((field) => {
        const [name = "", value = ""] = field.split(/: ?(.*)/s);
        return [name, { type: "field", value }] as const;
      }),
    ],
  };
}

/** The same as rules see it. */
export function viewOf(line: string, ...fields: string[]): RequestView {
  return new RequestView(headOf(line, ...fields));
}

/** Fields and target of properties, each as a line. */
export function linesOf({ properties }: Pick<MessageHead, "properties">): string[] {
  return properties.filter(([key]) => key !== ":version").map(([key, { value }]) => `${key}: ${value}`);
}
