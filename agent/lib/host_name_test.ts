import assert from "node:assert/strict";
import { isHostName, withoutRootDot } from "./host_name.ts";

Deno.test("host names: what resolvers look up is accepted", () => {
  const names = [
    "localhost",
    "a",
    "hub.example.com",
    "HUB.Example",
    "my_service.ns_1",
    "_sip._tcp.example",
    "3com.com",
  ];
  const others = ["xn--bcher-kva.example", "hub.example.com.", "1.2.3.4.example", `${"a".repeat(63)}.b`, "a--b.c"];
  const longest = `${"a".repeat(63)}.`.repeat(3) + "a".repeat(61);
  for (const name of [...names, ...others, longest, `${longest}.`]) assert.equal(isHostName(name), true, name);
});

Deno.test("host names: what no resolver looks up is refused", () => {
  const names = [
    "",
    ".",
    "a..b",
    ".a",
    "-a",
    "a-",
    "a.-b",
    "a b",
    "a/b",
    "a:1",
    "[::1]",
    "::1",
    "*.a",
    "bücher.example",
  ];
  const others = [
    "127.0.0.1",
    "256.0.0.1",
    "1.2.3",
    "example.7",
    `${"a".repeat(64)}.b`,
    "a.b..",
    "a\n",
    "http://a",
    "a@b",
  ];
  const tooLong = `${"a".repeat(63)}.`.repeat(3) + "a".repeat(62);
  for (const name of [...names, ...others, tooLong]) assert.equal(isHostName(name), false, name);
});

Deno.test("host names: the dot at the end is no part of what certificates say", () => {
  assert.equal(withoutRootDot("hub.example."), "hub.example");
  assert.equal(withoutRootDot("hub.example"), "hub.example");
});
