import assert from "node:assert/strict";
import { Reminders } from "./reminders.ts";

function neighbourhood() {
  const heard: string[] = [];
  const neighbour = (id: string, asksOnce: boolean) => ({
    id,
    asksOnce,
    control: { send: (bytes: Uint8Array) => void heard.push(`${id} ${bytes[0]}`) },
  });
  const neighbours = new Map([[1, neighbour("c", true)], [2, neighbour("t", false)], [3, neighbour("d", true)]]);
  const reminders = new Reminders(neighbours);
  const tell = (linkStateSequence: number, mark: number) => {
    const message = { opcode: "RA", id: "far", instance: 1, linkStateSequence, mobileSequence: 1 } as const;
    reminders.told(message, new Uint8Array([mark]), ["0/far", "0/d"]);
  };
  return { reminders, tell, heard };
}

Deno.test("news is repeated three times, to those who ask once and have not passed it on themselves", () => {
  const { reminders, tell, heard } = neighbourhood();
  tell(1, 10);
  for (let second = 0; second < 5; second++) reminders.tick(() => true);
  assert.deepEqual(heard, ["c 10", "c 10", "c 10"]);
});

Deno.test("an advertisement without news is not repeated, and later news takes the place of earlier ones", () => {
  const { reminders, tell, heard } = neighbourhood();
  tell(1, 10);
  reminders.tick(() => true);
  tell(1, 11);
  tell(2, 12);
  for (let second = 0; second < 5; second++) reminders.tick(() => true);
  tell(2, 13);
  reminders.tick(() => true);
  assert.deepEqual(heard, ["c 10", "c 12", "c 12", "c 12"]);
});

Deno.test("nobody is reminded of a router that is out of reach", () => {
  const { reminders, tell, heard } = neighbourhood();
  tell(1, 10);
  reminders.tick((id) => id !== "far");
  reminders.tick(() => true);
  assert.deepEqual(heard, []);
});
