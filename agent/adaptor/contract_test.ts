import assert from "node:assert/strict";
import type { Action, AdaptorRole, MessageHead } from "./action.ts";
import { contractCases, type ContractSubject, type Transcript } from "./contract.ts";
import { loadFixture } from "./testing_fixture.ts";

const octets = new TextEncoder().encode("hello");
const noConfig = new Uint8Array(0);
const head: MessageHead = {
  contentType: "text/plain",
  properties: [["é", { type: "string", value: "ü" }], ["", { type: "uint", value: 0xffff_ffff }]],
};

function conversation(role: AdaptorRole, ...steps: Transcript["steps"]): Transcript {
  return { title: `echo as a ${role}`, role, config: noConfig, opening: [], steps };
}

const echoed: Action = { kind: "bytes", data: octets };
const echo: Transcript[] = [
  conversation("listener", {
    call: "socket",
    data: octets,
    eof: true,
    answer: { consumed: octets.length, actions: [echoed] },
  }, { call: "tick", now: 1500, answer: { deadline: 2000, actions: [] } }),
  conversation(
    "connector",
    {
      call: "stream",
      event: { kind: "begin", stream: 1, head },
      answer: { actions: [{ kind: "begin", stream: 2, head }] },
    },
    {
      call: "stream",
      event: { kind: "data", stream: 1, data: octets },
      answer: { actions: [{ kind: "data", stream: 2, data: octets }] },
    },
    { call: "stream", event: { kind: "end", stream: 1 }, answer: { actions: [{ kind: "end", stream: 2 }] } },
  ),
];

async function subject(fixture: string, transcripts: readonly Transcript[]): Promise<ContractSubject> {
  return { ...await loadFixture(fixture), transcripts };
}

for (const { title, run } of contractCases) {
  Deno.test(`contract: an adaptor that keeps it ${title}`, async () => run(await subject("echo", echo)));
}

Deno.test("contract finds out an adaptor that breaks it", async () => {
  // A puppet knows no state, no limits, no roles and no sides, and traps when told to.
  const traps = Uint8Array.of(5);
  const transcripts = (["listener", "connector"] as const).map((role): Transcript => ({
    title: "puppet",
    role,
    config: traps,
    opening: [],
    steps: [{
      call: "stream",
      event: { kind: "begin", stream: role === "listener" ? 2 : 1, head },
      answer: { actions: [] },
    }, {
      call: "socket",
      data: octets,
      eof: false,
      answer: { consumed: octets.length, actions: [{ kind: "close", text: "" }] },
    }],
  }));
  const puppet = await subject("puppet", transcripts);
  const kept = contractCases.filter(({ run }) => !fails(() => run(puppet))).map(({ title }) => title);
  assert.deepEqual(kept, ["keeps the policy and is what it describes"]);
});

Deno.test("contract finds out a transcript that the adaptor does not follow", async () => {
  const cases = contractCases.filter(({ title }) => title.includes("transcripts"));
  assert.equal(cases.length, 1);
  for (const answer of [{ consumed: 4, actions: [echoed] }, { consumed: octets.length, actions: [] }]) {
    const wrong = conversation("listener", { call: "socket", data: octets, eof: false, answer });
    const other = await subject("echo", [wrong]);
    assert.ok(fails(() => cases[0]!.run(other)));
  }
});

function fails(run: () => void): boolean {
  try {
    run();
    return false;
  } catch {
    return true;
  }
}
