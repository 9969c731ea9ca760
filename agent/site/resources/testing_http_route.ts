/** A HttpRoute that says something in every field, and for each field another value. */

const edits = { set: [{ name: "a", value: "a" }], add: [{ name: "b", value: "b" }], remove: ["c"] };

/** The fields of its first rule, all but `answer`, which excludes `backends`. */
const FULL = {
  name: "a",
  matches: [{
    host: "a.example",
    path: { type: "PathPrefix", value: "/a" },
    method: "GET",
    headers: [{ name: "a", type: "Exact", value: "a" }],
    queryParams: [{ name: "a", type: "Exact", value: "a" }],
  }],
  backends: [{ routingKey: "a", weight: 2 }],
  strategy: "Sticky",
  sticky: { by: "Cookie", name: "a" },
  rewrite: { host: "a", path: { type: "ReplaceFullPath", value: "/a" } },
  requestHeaders: edits,
  responseHeaders: edits,
  timeouts: { responseSeconds: 1, idleSeconds: 1 },
  retry: { attempts: 1 },
  circuitBreaker: {
    consecutiveFailures: 1,
    errorPercent: 1,
    minimumRequests: 1,
    intervalSeconds: 1,
    openSeconds: 1,
    halfOpenRequests: 1,
  },
  forwarded: { fields: "Both", trusted: ["127.0.0.1"] },
};

/** A HttpRoute to which the field at `path` can be given another value. */
export function httpRouteSpecimen(path = ""): Record<string, unknown> {
  const { strategy: _strategy, sticky: _sticky, ...turns } = FULL;
  const { backends: _backends, ...nowhere } = turns;
  const first = path === "spec.rules[].strategy" ? turns : /\.answer\b/.test(path) ? nowhere : FULL;
  const spec = { listeners: ["a"], forwarded: { fields: "Both", trusted: ["::1"] }, rules: [first, { name: "rest" }] };
  return { metadata: { name: "x" }, spec };
}

const another = [{ name: "z", value: "z" }];
const ofEdits = (path: string): Record<string, unknown> => ({
  [path]: {},
  [`${path}.set`]: another,
  [`${path}.set[].name`]: "z",
  [`${path}.set[].value`]: "z",
  [`${path}.add`]: another,
  [`${path}.add[].name`]: "z",
  [`${path}.add[].value`]: "z",
  [`${path}.remove`]: ["z"],
});
const ofTexts = (path: string): Record<string, unknown> => ({
  [path]: [{ name: "z", type: "Present" }],
  [`${path}[].name`]: "z",
  [`${path}[].type`]: "Pattern",
  [`${path}[].value`]: "z",
});
const ofForwarded = (path: string): Record<string, unknown> => ({
  [path]: { fields: "Forwarded" },
  [`${path}.fields`]: "XForwarded",
  [`${path}.trusted`]: ["10.0.0.0/8"],
});

/** Another value for every field. */
export const HTTP_ROUTE_OTHER: Readonly<Record<string, unknown>> = {
  "spec.listeners": ["z"],
  ...ofForwarded("spec.forwarded"),
  "spec.rules": [{ name: "z" }],
  "spec.rules[].name": "z",
  "spec.rules[].matches": [{ method: "PUT" }],
  "spec.rules[].matches[].host": "*.z.example",
  "spec.rules[].matches[].path": { value: "/z" },
  "spec.rules[].matches[].path.type": "Exact",
  "spec.rules[].matches[].path.value": "/z",
  "spec.rules[].matches[].method": "PUT",
  ...ofTexts("spec.rules[].matches[].headers"),
  ...ofTexts("spec.rules[].matches[].queryParams"),
  "spec.rules[].backends": [{ routingKey: "z" }],
  "spec.rules[].backends[].routingKey": "z",
  "spec.rules[].backends[].weight": 3,
  "spec.rules[].strategy": "RoundRobin",
  "spec.rules[].sticky": { by: "Source" },
  "spec.rules[].sticky.by": "Header",
  "spec.rules[].sticky.name": "z",
  "spec.rules[].answer": { status: 404 },
  "spec.rules[].answer.status": 403,
  "spec.rules[].rewrite": { host: "z" },
  "spec.rules[].rewrite.host": "z:80",
  "spec.rules[].rewrite.path": { type: "ReplacePrefixMatch", value: "/z" },
  "spec.rules[].rewrite.path.type": "ReplacePrefixMatch",
  "spec.rules[].rewrite.path.value": "/z",
  ...ofEdits("spec.rules[].requestHeaders"),
  ...ofEdits("spec.rules[].responseHeaders"),
  "spec.rules[].timeouts": {},
  "spec.rules[].timeouts.responseSeconds": 3,
  "spec.rules[].timeouts.idleSeconds": 3,
  "spec.rules[].retry": { attempts: 0 },
  "spec.rules[].retry.attempts": 0,
  "spec.rules[].circuitBreaker": { errorPercent: 50 },
  "spec.rules[].circuitBreaker.consecutiveFailures": 3,
  "spec.rules[].circuitBreaker.errorPercent": 3,
  "spec.rules[].circuitBreaker.minimumRequests": 3,
  "spec.rules[].circuitBreaker.intervalSeconds": 3,
  "spec.rules[].circuitBreaker.openSeconds": 3,
  "spec.rules[].circuitBreaker.halfOpenRequests": 3,
  ...ofForwarded("spec.rules[].forwarded"),
};
