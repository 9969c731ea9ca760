import { equal } from "node:assert/strict";
import fc from "fast-check";
import { matchesGlob } from "./glob.ts";

Deno.test("glob: a star stands for any characters, and nothing else is special", () => {
  const table: [string, string, boolean][] = [
    ["web", "web", true],
    ["web", "web2", false],
    ["*", "", true],
    ["shop.*", "shop.eu", true],
    ["shop.*", "shopXeu", false],
    ["*.eu", "shop.eu", true],
    ["a*a", "a", false],
    ["a*b*c", "a-c-b", false],
    ["a*b*c", "abbcc", true],
    ["a**b", "ab", true],
  ];
  for (const [pattern, text, fits] of table) equal(matchesGlob(pattern, text), fits, `${pattern} ${text}`);
});

Deno.test("glob: agrees with the regular expression that says the same", () => {
  const letters = (text: string) => fc.array(fc.constantFrom(...text), { maxLength: 8 }).map((each) => each.join(""));
  fc.assert(fc.property(letters("ab*."), letters("ab."), (pattern, text) => {
    const expression = pattern.replaceAll(".", "\\.").replaceAll("*", ".*");
    equal(matchesGlob(pattern, text), new RegExp(`^${expression}$`).test(text));
  }));
});
