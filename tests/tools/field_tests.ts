/**
 * Where the tests are that show what a field of a resource does; the longest of the paths below that a field begins with
 * decides. That each field is accepted, warned of or refused as its table says is checked beside the schemas, one by one.
 */

const RULES = "agent/bridge/http_rules";

const TESTS: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  Site: {
    "": "agent/site/load_test.ts",
    "spec.edge": "tests/network/edge_interior_edge_test.ts",
    "spec.linkAccess": "agent/site/port_access_test.ts",
    "spec.defaultIssuer": "agent/site/port_access_test.ts",
    "spec.settings.tendril.access-log": "tests/http_routes/changes_test.ts",
  },
  Listener: {
    "": "tests/network/edge_interior_edge_test.ts",
    "spec.type": "tests/network/auto_test.ts",
    "spec.subjects": "tests/redis/network_test.ts",
    "spec.tlsCredentials": "tests/network/tls_test.ts",
    "spec.requireClientCert": "tests/network/tls_test.ts",
    "spec.settings.tendril.access-log": "tests/http_routes/changes_test.ts",
  },
  Connector: {
    "": "tests/network/edge_interior_edge_test.ts",
    "spec.type": "tests/network/auto_test.ts",
    "spec.tlsCredentials": "tests/network/tls_test.ts",
    "spec.useClientCert": "tests/network/tls_test.ts",
    "spec.verifyHostname": "tests/network/tls_test.ts",
    "spec.settings.tendril.http": "agent/bridge/auto_test.ts",
    "spec.settings.tendril.proxy-protocol": "tests/network/proxy_protocol_test.ts",
    "spec.healthCheck": "tests/network/health_test.ts",
    "spec.healthCheck.tcp": "agent/bridge/health/probe_test.ts",
    "spec.healthCheck.http": "agent/bridge/health/probe_test.ts",
    "spec.healthCheck.command": "agent/bridge/health/probe_test.ts",
    "spec.healthCheck.intervalSeconds": "agent/bridge/connector_test.ts",
    "spec.healthCheck.timeoutSeconds": "agent/bridge/connector_test.ts",
    "spec.healthCheck.successThreshold": "agent/bridge/health/health_record_test.ts",
    "spec.healthCheck.failureThreshold": "agent/bridge/health/health_record_test.ts",
  },
  MultiKeyListener: {
    "": "tests/network/multi_key_listener_test.ts",
    "spec.tlsCredentials": "tests/network/tls_test.ts",
    "spec.requireClientCert": "tests/network/client_certificates_test.ts",
  },
  Link: {
    "": "tests/network/edge_interior_edge_test.ts",
    "spec.endpoints[].group": "agent/site/link_file_test.ts",
    "spec.tlsCredentials": "tests/network/certificates_test.ts",
    "spec.cost": "agent/router/edge_links_test.ts",
    "spec.settings.proxy-configuration": "tests/network/ways_out_test.ts",
    "spec.settings.tendril.websocket": "tests/network/ways_out_test.ts",
    "spec.settings.tendril.cost": "agent/router/edge_links_test.ts",
  },
  RouterAccess: {
    "": "tests/network/edge_interior_edge_test.ts",
    "spec.tlsCredentials": "tests/network/certificates_test.ts",
    "spec.issuer": "agent/site/port_access_test.ts",
    "spec.subjectAlternativeNames": "agent/site/port_access_test.ts",
    "spec.settings.tendril.cost": "agent/site/load_test.ts",
  },
  Policy: {
    "": "tests/network/policy_test.ts",
    "spec.rules[].manage": "tests/network/management_changes_test.ts",
    "spec.rules[].push": "tests/network/plugin_store_test.ts",
  },
  AccessGrant: { "": "tests/network/token_test.ts" },
  AccessToken: { "": "tests/network/token_test.ts", "spec.linkCost": "agent/site/tokens/skupper_exchange_test.ts" },
  Secret: { "": "agent/site/link_file_test.ts" },
  Certificate: { "": "agent/site/certificates/declared_test.ts" },
  Adaptor: {
    "": "tests/network/remote_plugin_test.ts",
    "spec.signature": "agent/site/adaptors/obtain_test.ts",
    "spec.keys": "agent/site/adaptors/obtain_test.ts",
    "spec.limits": "agent/adaptor/policy_test.ts",
    "spec.limits.fuel": "agent/adaptor/meter_test.ts",
    "spec.limits.outputOctets": "agent/adaptor/instance_test.ts",
    "spec.canary": "tests/network/plugin_swap_test.ts",
  },
  HttpRoute: {
    "": "tests/http_routes/documented_test.ts",
    "spec.listeners": "tests/http_routes/changes_test.ts",
    "spec.rules[].matches": `${RULES}/matcher_test.ts`,
    "spec.rules[].backends[].weight": `${RULES}/balancer_test.ts`,
    "spec.rules[].strategy": "tests/http_routes/balance_test.ts",
    "spec.rules[].sticky": "tests/http_routes/balance_test.ts",
    "spec.rules[].rewrite": `${RULES}/head_edits_test.ts`,
    "spec.rules[].requestHeaders": `${RULES}/head_edits_test.ts`,
    "spec.rules[].responseHeaders": `${RULES}/head_edits_test.ts`,
    "spec.rules[].timeouts": "tests/http_routes/changes_test.ts",
    "spec.rules[].timeouts.idleSeconds": "tests/http_routes/bodies_test.ts",
    "spec.rules[].retry": "tests/http_routes/changes_test.ts",
    "spec.rules[].circuitBreaker": `${RULES}/breaker_test.ts`,
  },
};

/** Path of the test of the acting field `path` of `kind`. Throws for a kind that has none. */
export function fieldTest(kind: string, path: string): string {
  const tests = TESTS[kind] ?? {};
  const begins = Object.keys(tests).filter((each) =>
    each === "" || path === each || /^[.[]/.test(path.slice(each.length)) && path.startsWith(each)
  );
  const longest = begins.sort((one, other) => other.length - one.length)[0];
  if (longest === undefined) throw new Error(`${kind} ${path} has no test`);
  return tests[longest]!;
}
