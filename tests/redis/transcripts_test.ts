/** The transcripts of the sample for Redis: the plugin follows them, and what servers say in them a real server says. */

import assert from "node:assert/strict";
import { digestOf } from "../../adaptors/compile.ts";
import type { Transcript } from "../../agent/adaptor/contract.ts";
import { loadAdaptor } from "../../agent/adaptor/load.ts";
import { tryModule } from "../../agent/adaptor/trial.ts";
import { readTranscripts } from "../../agent/cli/kit/transcript_file.ts";
import { testWith } from "../support/programs.ts";
import { buildRedisAdaptor, startRedis } from "../support/redis.ts";
import { connect, readInto, writeAll } from "../support/tcp.ts";

const text = await Deno.readTextFile(new URL("../../adaptors/samples/redis/transcripts.yaml", import.meta.url));
const transcripts = readTranscripts(text, "transcripts.yaml", true);

Deno.test("redis transcripts: the plugin that is built from its source follows them, and keeps the contract", async () => {
  const bytes = await buildRedisAdaptor();
  const module = await loadAdaptor({ name: "redis", bytes, digest: await digestOf(bytes) });
  const faults = tryModule(module, bytes, transcripts).filter(({ fault }) => fault !== undefined);
  assert.deepEqual(faults, []);
});

/** Says to a server what the plugin says in `transcript`; it must answer what the transcript has it answer. Replies seen. */
async function rehearse(transcript: Transcript, port: number): Promise<number> {
  const conn = await connect(port);
  let replies = 0;
  try {
    for (const step of transcript.steps) {
      if (step.call === "socket" && step.data.length > 0) {
        const said = new Uint8Array(step.data.length);
        assert.ok(await readInto(conn, said));
        assert.equal(new TextDecoder().decode(said), new TextDecoder().decode(step.data), transcript.title);
        replies++;
      }
      for (const action of step.answer.actions) if (action.kind === "bytes") await writeAll(conn, action.data);
    }
  } finally {
    conn.close();
  }
  return replies;
}

testWith(["redis-server"], "redis transcripts: a real server says what servers say in them", async (programs) => {
  await using redis = await startRedis(programs["redis-server"]!);
  let replies = 0;
  for (const transcript of transcripts) {
    if (transcript.role === "connector") replies += await rehearse(transcript, redis.port);
  }
  assert.equal(replies, 7);
});
