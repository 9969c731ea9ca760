/** HttpRoute: where each request at a Listener goes, and as what; a kind of our own, with the names of Gateway API. */

import { z } from "zod";
import { isNetwork } from "../../bridge/http_rules/forwarded.ts";
import { ANSWER_STATUSES } from "../../bridge/http_rules/local_answer.ts";
import { normalPath } from "../../bridge/http_rules/request_view.ts";
import { isHostName } from "../../lib/host_name.ts";
import type {
  CircuitSpec,
  FieldEdits,
  ForwardedSpec,
  HttpMatch,
  HttpRouteSpec,
  HttpRule,
  PathMatch,
  TextMatch,
} from "../http_route_spec.ts";
import { field, host, isResourceName, metadata, name, type ResourceKind, routingKey, TENDRIL_API } from "./schema.ts";

const MAX_LISTENERS = 64;
const MAX_RULES = 64;
const MAX_MATCHES = 16;
const MAX_CONDITIONS = 16;
const MAX_BACKENDS = 32;
const MAX_EDITS = 16;
const MAX_EDIT_OCTETS = 4096;
const MAX_NETWORKS = 64;
const MAX_TEXT = 1024;
const MAX_STARS = 16;
const MAX_WEIGHT = 1_000_000;
const MAX_SECONDS = 86_400;
/** What the adaptors do by themselves at most. */
const MAX_RETRIES = 3;
/** Fields that say how a message is framed, or concern one connection alone: to touch them would split messages. */
const UNTOUCHABLE = new Set(
  "connection content-length expect host keep-alive proxy-connection te trailer transfer-encoding upgrade".split(" "),
);

const TOKEN = /^[!#$%&'*+\-.^_`|~0-9A-Za-z]{1,256}$/;
const FIELD_VALUE = /^(?:[\x21-\x7e](?:[\x20-\x7e\t]*[\x21-\x7e])?)?$/;
const PATH = /^\/[\x21\x22\x24-\x3e\x40-\x7e]*$/;

const token = z.string().regex(TOKEN, "must be a token, such as X-Team");
const text = z.string().min(1).max(MAX_TEXT);
const pathText = z.string().max(MAX_TEXT).regex(PATH, "must begin with / and have no spaces, ? or #");
const pattern = z.string().max(MAX_TEXT).refine(
  (text) => /^[/*]/.test(text) && text.split("*").length - 1 <= MAX_STARS,
  `is a bad pattern: it must begin with / or *, and have at most ${MAX_STARS} of *`,
);
const seconds = (otherwise: number, least: number) =>
  z.number().min(least).max(MAX_SECONDS).nullish().transform((given) => given ?? otherwise);
const count = (otherwise: number, min: number, max: number) =>
  z.number().int().min(min).max(max).nullish().transform((given) => given ?? otherwise);

function listOf<S extends z.ZodType>(member: S, max: number) {
  return z.array(member).max(max).nullish().transform((given): z.output<S>[] => given ?? []);
}

const path = z.strictObject({
  type: field(
    z.enum(["Exact", "PathPrefix", "Pattern"]).default("PathPrefix"),
    "acting",
    "Exact; PathPrefix, by whole segments, the default; Pattern, in which * stands for any characters",
  ),
  value: field(text, "acting", "What the path must be, without the query"),
}).transform(({ type, value }, context): PathMatch => {
  const fault = (type === "Pattern" ? pattern : pathText).safeParse(value).error?.issues[0];
  if (fault !== undefined) context.addIssue({ code: "custom", path: ["value"], message: fault.message });
  return { type, value: type === "Pattern" || fault !== undefined ? value : normalPath(value) };
});

/** Conditions on something that has a name. */
function texts(what: string, lower: boolean) {
  return listOf(
    z.strictObject({
      name: field(lower ? token : text, "acting", `Name of the ${what}`),
      type: field(
        z.enum(["Exact", "Pattern", "Present"]).default("Exact"),
        "acting",
        "Exact, the default; Pattern, in which * stands for any characters; Present, whatever it says",
      ),
      value: field(z.string().max(MAX_TEXT).nullish(), "acting", "What it must say; of several one is enough"),
    }).transform(({ name, type, value }, context): TextMatch => {
      const given = value ?? "";
      if (type === "Pattern" && given.split("*").length - 1 > MAX_STARS) {
        context.addIssue({
          code: "custom",
          path: ["value"],
          message: `is a bad pattern: it has over ${MAX_STARS} of *`,
        });
      }
      if (type !== "Present" && (value === undefined || value === null)) {
        context.addIssue({ code: "custom", path: ["value"], message: "is missing" });
      }
      return { name: lower ? name.toLowerCase() : name, type, value: given };
    }),
    MAX_CONDITIONS,
  );
}

const match = z.strictObject({
  host: field(
    z.string().refine(
      (text) => isHostName(text.replace(/^\*\./, "")) || host.safeParse(text).success,
      "must be a host name, or *. and a host name",
    ).optional(),
    "acting",
    "Host of the request, without a port; *.example.com for any name below it",
  ),
  path: field(path.optional(), "acting", "The path"),
  method: field(token.optional(), "acting", "The method, such as GET"),
  headers: field(texts("field", true), "acting", "Fields of the request, all of which must be so"),
  queryParams: field(texts("parameter", false), "acting", "Parameters of the query, all of which must be so"),
}).transform(({ host, path, method, headers, queryParams }): HttpMatch => ({
  headers,
  queryParams,
  ...(host === undefined ? {} : { host: host.toLowerCase() }),
  ...(path === undefined ? {} : { path }),
  ...(method === undefined ? {} : { method }),
}));

const editable = token.refine((name) => !UNTOUCHABLE.has(name.toLowerCase()), "must not be changed by a rule");
const edit = z.strictObject({
  name: field(editable, "acting", "Name of the field"),
  value: field(z.string().max(MAX_TEXT).regex(FIELD_VALUE, "must be visible ASCII"), "acting", "Its value"),
});

const edits = z.strictObject({
  set: field(listOf(edit, MAX_EDITS), "acting", "Fields that replace those of the same name"),
  add: field(listOf(edit, MAX_EDITS), "acting", "Fields that come besides those of the same name"),
  remove: field(listOf(editable, MAX_EDITS), "acting", "Names of fields that are left out"),
}).refine(
  ({ set, add }) =>
    [...set, ...add].reduce((sum, { name, value }) => sum + name.length + value.length, 0) <= MAX_EDIT_OCTETS,
  `must not add more than ${MAX_EDIT_OCTETS} octets`,
).transform(({ set, add, remove }): FieldEdits => ({
  set: set.map(({ name, value }) => [name, value] as const),
  add: add.map(({ name, value }) => [name, value] as const),
  remove: remove.map((name) => name.toLowerCase()),
}));

const forwarded = z.strictObject({
  fields: field(
    z.enum(["Forwarded", "XForwarded", "Both"]).default("Both"),
    "acting",
    "Forwarded; XForwarded, which is X-Forwarded-For, -Proto and -Host; or Both, the default",
  ),
  trusted: field(
    listOf(z.string().refine(isNetwork, "must be an IP address, or a network such as 10.0.0.0/8"), MAX_NETWORKS),
    "acting",
    "Clients whose own such fields are added to; those of others are replaced",
  ),
}).transform((spec): ForwardedSpec => spec);

const circuit = z.strictObject({
  consecutiveFailures: field(count(0, 1, 100_000), "acting", "Failures in a row that open it"),
  errorPercent: field(count(0, 1, 100), "acting", "Percentage of failures within the interval that opens it"),
  minimumRequests: field(count(20, 1, 100_000), "acting", "Requests that it takes for that percentage; else 20"),
  intervalSeconds: field(seconds(10, 1), "acting", "Length of the interval; else 10"),
  openSeconds: field(seconds(10, 0.1), "acting", "How long it stays open; else 10"),
  halfOpenRequests: field(count(1, 1, 1000), "acting", "Requests at a time that try it afterwards; else 1"),
}).refine(
  ({ consecutiveFailures, errorPercent }) => consecutiveFailures + errorPercent > 0,
  "must have consecutiveFailures or errorPercent",
).transform((spec): CircuitSpec => spec);

const rewrite = z.strictObject({
  host: field(
    z.string().regex(/^[A-Za-z0-9.-]{1,253}(?::\d{1,5})?$/, "must be a host, with or without a port").optional(),
    "acting",
    "What the server sees as Host",
  ),
  path: field(
    z.strictObject({
      type: field(
        z.enum(["ReplaceFullPath", "ReplacePrefixMatch"]),
        "acting",
        "ReplaceFullPath; or ReplacePrefixMatch, which replaces the prefix that matched",
      ),
      value: field(pathText, "acting", "What stands there instead; the query stays"),
    }).optional(),
    "acting",
    "What the server sees as path",
  ),
});

const rule = z.strictObject({
  name: field(
    name.refine((text) => text !== "unmatched", "must not be unmatched").optional(),
    "acting",
    "What status, log and answers call it; else rule- and its number",
  ),
  matches: field(
    listOf(match, MAX_MATCHES),
    "acting",
    "It is for requests that fit one of these; without any, for all",
  ),
  backends: field(
    listOf(
      z.strictObject({
        routingKey: field(routingKey, "acting", "Address in the network"),
        weight: field(count(1, 0, MAX_WEIGHT), "acting", "Share of the requests; else 1, none with 0"),
      }),
      MAX_BACKENDS,
    ),
    "acting",
    "Where requests go; without any, to the routing key of the Listener",
  ),
  strategy: field(
    z.enum(["RoundRobin", "Weighted", "LeastOutstanding", "Priority", "Sticky"]).default("Weighted"),
    "acting",
    "How one of several backends is chosen; else Weighted. Priority takes the first that can be had",
  ),
  sticky: field(
    z.strictObject({
      by: field(
        z.enum(["Cookie", "Header", "Source"]),
        "acting",
        "Cookie, which is set; Header; or Source, the address",
      ),
      name: field(token.optional(), "acting", "Of the cookie, else tendril, or of the header"),
    }).optional(),
    "acting",
    "What keeps a client at one backend; for the strategy Sticky",
  ),
  answer: field(
    z.strictObject({
      status: field(
        z.number().int().refine((status) => ANSWER_STATUSES.includes(status), `must be ${ANSWER_STATUSES.join(", ")}`),
        "acting",
        "The status",
      ),
    }).optional(),
    "acting",
    "The request is answered at once, and goes nowhere",
  ),
  rewrite: field(rewrite.optional(), "acting", "What the server sees instead of what the client said"),
  requestHeaders: field(
    edits.optional(),
    "acting",
    "What is done to fields of the request: removed, then set, then added",
  ),
  responseHeaders: field(edits.optional(), "acting", "The same for fields of the response"),
  timeouts: field(
    z.strictObject({
      responseSeconds: field(
        seconds(0, 1),
        "acting",
        "From the latest octet of the request until the response begins; else as long as the adaptor waits",
      ),
      idleSeconds: field(seconds(0, 1), "acting", "Without an octet of a response that has begun; else for ever"),
    }).optional(),
    "acting",
    "After which the request is given up, up to 1 s late",
  ),
  retry: field(
    z.strictObject({
      attempts: field(z.number().int().min(0).max(MAX_RETRIES), "acting", "How often, at most; else 3"),
    }).optional(),
    "acting",
    "Sending again of requests that nobody took, or that are idempotent and were lost",
  ),
  circuitBreaker: field(circuit.optional(), "acting", "When a backend gets no requests for a while"),
  forwarded: field(forwarded.optional(), "acting", "Instead of that of the route"),
});

const schema = z.looseObject({
  metadata,
  spec: z.strictObject({
    listeners: field(z.array(name).min(1).max(MAX_LISTENERS), "acting", "Names of the Listeners that it is for"),
    forwarded: field(forwarded.optional(), "acting", "Tells servers of the client; else nothing is added or removed"),
    rules: field(z.array(rule).min(1).max(MAX_RULES), "acting", "The first one that a request fits decides"),
  }).transform((spec, context): Omit<HttpRouteSpec, "name"> => {
    const names = new Set<string>();
    const rules = spec.rules.map((given, at): HttpRule => {
      const issue = (path: string, message: string) =>
        context.addIssue({ code: "custom", path: ["rules", at, path], message });
      const ruleName = given.name ?? `rule-${at + 1}`;
      if (names.has(ruleName)) issue("name", "is the name of another rule, too");
      names.add(ruleName);
      const { matches, backends, strategy, sticky, answer, rewrite, requestHeaders, responseHeaders } = given;
      const keys = backends.map(({ routingKey }) => routingKey);
      if (new Set(keys).size < keys.length) issue("backends", "must not name a routing key twice");
      if (backends.length > 0 && backends.every(({ weight }) => weight === 0)) issue("backends", "have no weight");
      if (answer !== undefined && backends.length > 0) issue("answer", "must not stand beside backends");
      if ((strategy === "Sticky") !== (sticky !== undefined)) issue("sticky", "belongs to the strategy Sticky");
      if (sticky?.by === "Header" && sticky.name === undefined) issue("sticky", "has to name the header");
      const { path } = rewrite ?? {};
      const prefixed = matches.length > 0 && matches.every((match) => match.path?.type === "PathPrefix");
      if (path?.type === "ReplacePrefixMatch" && !prefixed) {
        issue("rewrite", "can replace a prefix only where all matches have a path of type PathPrefix");
      }
      const known = given.forwarded ?? spec.forwarded;
      const stickyName = sticky?.name ?? "tendril";
      return {
        name: ruleName,
        matches,
        backends,
        strategy,
        responseSeconds: given.timeouts?.responseSeconds ?? 0,
        idleSeconds: given.timeouts?.idleSeconds ?? 0,
        retries: given.retry?.attempts ?? MAX_RETRIES,
        ...(sticky === undefined
          ? {}
          : { sticky: { by: sticky.by, name: sticky.by === "Header" ? stickyName.toLowerCase() : stickyName } }),
        ...(answer === undefined ? {} : { answer: answer.status }),
        ...(rewrite === undefined ? {} : {
          rewrite: {
            ...(rewrite.host === undefined ? {} : { host: rewrite.host }),
            ...(path?.type === "ReplaceFullPath" ? { replaceFullPath: path.value } : {}),
            ...(path?.type === "ReplacePrefixMatch" ? { replacePrefixMatch: path.value } : {}),
          },
        }),
        ...(requestHeaders === undefined ? {} : { requestHeaders }),
        ...(responseHeaders === undefined ? {} : { responseHeaders }),
        ...(given.circuitBreaker === undefined ? {} : { circuit: given.circuitBreaker }),
        ...(known === undefined ? {} : { forwarded: known }),
      };
    });
    const { forwarded } = spec;
    return { listeners: [...new Set(spec.listeners)], rules, ...(forwarded === undefined ? {} : { forwarded }) };
  }),
});

/** Names of Listeners that a document means, though something about it may be wrong; undefined when that can't be told. */
export function meantListeners(value: Readonly<Record<string, unknown>>): readonly string[] | undefined {
  const spec = value["spec"];
  const listeners = typeof spec === "object" && spec !== null && "listeners" in spec ? spec.listeners : undefined;
  if (!Array.isArray(listeners)) return undefined;
  return listeners.filter((name): name is string => typeof name === "string" && isResourceName(name));
}

/** See the head of the file. */
export const httpRouteKind: ResourceKind<typeof schema> = {
  kind: "HttpRoute",
  apiVersion: TENDRIL_API,
  schema,
  hint: "A HttpRoute has spec.listeners and spec.rules, each with matches and backends; see docs/http-routes.md.",
  summary: "Where each HTTP request at a Listener goes, and as what; a kind of Tendril's own.",
};
