import assert from "node:assert/strict";
import { assemble } from "../assemble.ts";
import { scanDocuments } from "../documents.ts";

const DIGEST = "ab".repeat(32);
const KEY = new Uint8Array(32).toBase64();
const SIGNATURE = new Uint8Array(64).toBase64();

function adaptor(spec: unknown, name = "redis"): string {
  return JSON.stringify({ apiVersion: "tendril.dev/v1alpha1", kind: "Adaptor", metadata: { name }, spec });
}

function listener(type: string): string {
  const spec = { routingKey: "cache", host: "127.0.0.1", port: 6379, type };
  return JSON.stringify({ apiVersion: "skupper.io/v2alpha1", kind: "Listener", metadata: { name: "cache" }, spec });
}

function read(...documents: string[]) {
  return assemble([scanDocuments(documents.join("\n"), "site.json")]);
}

Deno.test("Adaptor: a file needs no pin, and a Listener names it wherever it stands", () => {
  const { adaptors, listeners, problems } = read(listener("redis"), adaptor({ source: "file:plugins/redis.wasm" }));
  assert.deepEqual(problems, []);
  assert.deepEqual(adaptors, [{ name: "redis", source: "file:plugins/redis.wasm", keys: [], ca: "", limits: {} }]);
  assert.equal(listeners[0]?.protocol, "redis");
});

Deno.test("Adaptor: pin, signature, keys, CA and limits are taken over", () => {
  for (const sha256 of [DIGEST, `sha256:${DIGEST}`]) {
    const limits = { fuel: 1_000_000, memoryPages: 32 };
    const spec = { source: "https://plugins.example.com/r.wasm", signature: SIGNATURE, keys: [KEY], ca: "PEM", limits };
    const { adaptors, problems } = read(adaptor({ ...spec, sha256 }));
    assert.deepEqual(problems, []);
    assert.deepEqual(adaptors, [{ name: "redis", ...spec, sha256: `sha256:${DIGEST}` }]);
  }
});

Deno.test("Adaptor: a type that names one which is broken is told once, and one that names none is told", () => {
  const broken = read(listener("redis"), adaptor({ source: "redis.wasm" }));
  assert.equal(broken.problems.length, 1);
  assert.match(broken.problems[0]!.text, /spec\.source/);
  const absent = read(listener("redis"));
  assert.match(absent.problems[0]!.text, /there is no adaptor redis/);
});

for (
  const [what, spec, fault] of [
    ["a path that leads out of the folder", { source: "file:../redis.wasm" }, /spec\.source must be file:PATH/],
    ["a path that does so in the middle", { source: "file:plugins/../../redis.wasm" }, /spec\.source must be/],
    ["an absolute path", { source: "file:/etc/redis.wasm" }, /spec\.source must be file:PATH/],
    ["a URL in the clear", { source: "http://example.com/r.wasm", sha256: DIGEST }, /spec\.source must be/],
    ["no source", {}, /spec\.source is missing/],
    ["a plugin of the network without a pin", { source: "van:redis" }, /spec\.sha256 is required/],
    ["a plugin of the network without a name", { source: "van:", sha256: DIGEST }, /spec\.source must be file:PATH/],
    [
      "a URL without a pin",
      { source: "https://example.com/r.wasm" },
      /spec\.sha256 is required unless the source is a file/,
    ],
    ["a pin that is none", { source: "file:r.wasm", sha256: "abc" }, /spec\.sha256 must be sha256: and 64/],
    ["a signature without keys", { source: "file:r.wasm", signature: SIGNATURE }, /spec\.keys is required/],
    [
      "a signature that is none",
      { source: "file:r.wasm", signature: "abc", keys: [KEY] },
      /spec\.signature must be 64/,
    ],
    ["a key that is none", { source: "file:r.wasm", signature: SIGNATURE, keys: ["abc"] }, /spec\.keys\.0 must be/],
    ["a limit that nobody knows", { source: "file:r.wasm", limits: { sockets: 1 } }, /spec\.limits/],
    ["a limit without bounds", { source: "file:r.wasm", limits: { fuel: 1e12 } }, /spec\.limits\.fuel/],
  ] as const
) {
  Deno.test(`Adaptor: ${what} is refused`, () => {
    const { problems, adaptors } = read(adaptor(spec));
    assert.match(problems[0]?.text ?? "", fault);
    assert.deepEqual(adaptors, []);
  });
}

Deno.test("Adaptor: the names of built-in adaptors are taken", () => {
  for (const name of ["tcp", "http1", "http2", "auto"]) {
    const { problems } = read(adaptor({ source: "file:r.wasm" }, name));
    assert.match(problems[0]?.text ?? "", /metadata\.name must not be one of tcp, http1, http2, auto/);
  }
});

Deno.test("Listener: messages of a plugin go to other keys by their subject; TCP has no subjects, and there is a bound", () => {
  const subjects = [{ subject: "read *", routingKey: "replicas" }];
  const withSubjects = (subjects: unknown, type = "redis") => {
    const spec = { routingKey: "cache", host: "127.0.0.1", port: 6379, type, subjects };
    return JSON.stringify({ apiVersion: "skupper.io/v2alpha1", kind: "Listener", metadata: { name: "cache" }, spec });
  };
  const plugin = adaptor({ source: "file:redis.wasm" });
  const { listeners, problems } = read(withSubjects(subjects), plugin);
  assert.deepEqual([problems, listeners[0]?.subjects], [[], subjects]);
  assert.equal("subjects" in read(withSubjects([]), plugin).listeners[0]!, false);
  const wrong: [unknown, string?][] = [
    [subjects, "tcp"],
    [subjects, ""],
    [Array.from({ length: 65 }, () => subjects[0])],
    [[{ subject: "", routingKey: "a" }]],
    [[{ subject: "read *" }]],
    [[{ ...subjects[0], weight: 1 }]],
  ];
  for (const [value, type] of wrong) {
    const { listeners, problems } = read(withSubjects(value, type), plugin);
    assert.deepEqual([listeners.length, problems.length], [0, 1], JSON.stringify(value));
    assert.match(String(problems[0]), /subjects/);
  }
});
