import assert from "node:assert/strict";
import { type Asker, MAX_WAITING_OCTETS, MAX_WAITING_PER_ASKER, WaitingAnswers } from "./waiting_answers.ts";

const remote = (id: string): Asker => ({ id, here: false });
const local = (id: string): Asker => ({ id, here: true });

Deno.test("waiting answers: one asker that fetches nothing keeps nobody else from an answer", () => {
  const waiting = new WaitingAnswers();
  const answer = { pending: MAX_WAITING_PER_ASKER };
  waiting.add(remote("a"), answer);
  assert.ok(!waiting.isFull(remote("a")), "up to the bound");
  waiting.add(remote("a"), { pending: 1 });
  assert.ok(waiting.isFull(remote("a")));
  assert.ok(!waiting.isFull(remote("b")));
  assert.ok(!waiting.isFull(local("c")));
  answer.pending = 0;
  assert.ok(!waiting.isFull(remote("a")), "what was fetched does not wait");
});

Deno.test("waiting answers: what the network leaves waiting is bounded, and no concern of this machine's programs", () => {
  const waiting = new WaitingAnswers();
  const full = (asker: (id: string) => Asker) => {
    for (let at = 0; at <= MAX_WAITING_OCTETS / MAX_WAITING_PER_ASKER; at++) {
      waiting.add(asker(`${at}`), { pending: MAX_WAITING_PER_ASKER });
    }
  };
  full(remote);
  assert.ok(waiting.isFull(remote("x")));
  assert.ok(!waiting.isFull(local("y")));
  full(local);
  assert.ok(waiting.isFull(local("y")), "they have a bound of their own");
});
