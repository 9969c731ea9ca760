/** Link files and Secrets for tests, in the forms that Skupper's tools print; the certificates only look like some. */

const BODY = "MIIBszCCAVmgAwIBAgIUJ0mQ\nZ3V0tZGVtb0tY2VydC1ib2R5\n";

/** A CA certificate in form. */
export const CA = `-----BEGIN CERTIFICATE-----\n${BODY}-----END CERTIFICATE-----\n`;
/** A chain of two certificates in form. */
export const CERT = CA.repeat(2);
/** A PKCS#1 key in form. */
export const KEY = `-----BEGIN RSA PRIVATE KEY-----\n${BODY}-----END RSA PRIVATE KEY-----\n`;
/** The three as the loader hands them out. */
export const CREDENTIALS = { ca: CA, cert: CERT, key: KEY };

/** Base64 of text. */
export function base64(text: string): string {
  return new TextEncoder().encode(text).toBase64();
}

/** A Secret as Skupper's `system` commands print it. */
export function secret(name: string, type = "type: kubernetes.io/tls\n", { ca, cert, key } = CREDENTIALS): string {
  return `apiVersion: v1
data:
  ca.crt: ${base64(ca)}
  connect.json: ${base64('{"scheme":"amqps"}')}
  tls.crt: ${base64(cert)}
  tls.key: ${base64(key)}
kind: Secret
metadata:
  creationTimestamp: null
  name: ${name}
${type}`;
}

/** A Link with both roles. */
export function link(name: string, { host = "10.0.0.4", secret = name, group = "", ports = ["55671", "45671"] } = {}) {
  const of = (role: string, port = "") =>
    `  - ${group === "" ? "" : `group: ${group}\n    `}host: ${host}\n    name: ${role}\n    port: "${port}"\n`;
  return `apiVersion: skupper.io/v2alpha1
kind: Link
metadata:
  creationTimestamp: null
  name: ${name}
spec:
  cost: 1
  endpoints:
${of("inter-router", ports[0])}${of("edge", ports[1])}  tlsCredentials: ${secret}
status: {}
`;
}

/** The same Secret as JSON. */
export function secretJson(name: string): Record<string, unknown> {
  return {
    kind: "Secret",
    apiVersion: "v1",
    metadata: { name, creationTimestamp: null },
    data: { "ca.crt": base64(CA), "tls.crt": base64(CERT), "tls.key": base64(KEY) },
    type: "kubernetes.io/tls",
  };
}

/** A Link as JSON. */
export function linkJson(name: string, secret: string, host: string): Record<string, unknown> {
  return {
    kind: "Link",
    apiVersion: "skupper.io/v2alpha1",
    metadata: { name, creationTimestamp: null },
    spec: {
      endpoints: [
        { name: "inter-router", host: `inter-router-${host}`, port: "443", group: "skupper-router" },
        { name: "edge", host: `edge-${host}`, port: "443", group: "skupper-router" },
      ],
      tlsCredentials: secret,
      cost: 2,
    },
    status: {},
  };
}
