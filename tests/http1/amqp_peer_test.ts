/** HTTP messages are plain AMQP: a client of another make (qpid-proton) answers a curl, and asks an HTTP server. */

import assert from "node:assert/strict";
import { freePort } from "../support/ports.ts";
import { run, start, untilListening } from "../support/processes.ts";
import { testWith } from "../support/programs.ts";
import { edgeFolder, interiorFolder } from "../support/site_folder.ts";
import { startTendril } from "../support/tendril.ts";

/** The interpreter that has Debian's python3-qpid-proton. */
const PYTHON = "/usr/bin/python3";

/** Serves two requests for the key `from-amqp`, with its own routing key for the answers. */
const SERVER = `
import sys
from proton import Message
from proton.utils import BlockingConnection
connection = BlockingConnection(sys.argv[1], timeout=20)
receiver = connection.create_receiver("from-amqp", credit=5)
answers = BlockingConnection(sys.argv[1], timeout=20)
for _ in range(2):
    request = receiver.receive(timeout=20)
    body = bytes(request.body) if request.body else b"nothing"
    words = "%s %s %s" % (request.subject, request.properties[":path"], body.decode())
    fields = {":version": "1.1", ":reason": "Fine", "Content-Length": str(len(words))}
    answer = Message(address=request.reply_to, correlation_id=request.id, subject="200", properties=fields)
    answer.body, answer.inferred = words.encode(), True
    answers.create_sender(None).send(answer)
    receiver.accept()
connection.close()
answers.close()
`;

/** Asks the server behind the key `to-http`. */
const CLIENT = `
import sys
from proton import Message, ulong
from proton.utils import BlockingConnection
connection = BlockingConnection(sys.argv[1], timeout=20)
replies = connection.create_receiver(None, dynamic=True)
sending = BlockingConnection(sys.argv[1], timeout=20)
fields = {":version": "1.1", ":path": "/x?y", "Host": "h", "Content-Length": "5"}
request = Message(address="to-http", reply_to=replies.link.remote_source.address, id=ulong(7), subject="PUT", properties=fields)
request.body, request.inferred = b"hello", True
sending.create_sender(None).send(request)
answer = replies.receive(timeout=20)
replies.accept()
print(answer.correlation_id, answer.subject, bytes(answer.body).decode())
connection.close()
sending.close()
`;

testWith(
  ["python3", "curl"],
  "http1: a plain AMQP client answers HTTP clients, and asks HTTP servers",
  async ({ curl }) => {
    const dir = await Deno.makeTempDir();
    const hubFolder = await interiorFolder(`${dir}/hub`);
    const port = freePort();
    const type = "http1";
    const target = Deno.serve({ port: 0, hostname: "127.0.0.1", onListen() {} }, async (request) => {
      return new Response(`${request.method} ${new URL(request.url).search} ${await request.text()}`);
    });
    await edgeFolder(`${dir}/edge`, "edge", hubFolder, {
      listeners: [{ key: "from-amqp", port, type }],
      connectors: [{ key: "to-http", port: target.addr.port, type }],
    });
    const hub = startTendril("hub", ["run", hubFolder.dir]);
    const edge = startTendril("edge", ["run", `${dir}/edge`]);
    const url = `amqp://127.0.0.1:${hubFolder.amqpPort}`;
    try {
      await untilListening(hubFolder.amqpPort, hub);
      await using server = start("server", PYTHON, ["-c", SERVER, url]);
      await untilListening(port, server, 30_000);
      const got = await run(curl!, ["-sS", "--max-time", "30", `http://127.0.0.1:${port}/a`]);
      assert.equal(got.stdout, "GET /a nothing", got.stderr + server.output());
      const put = await run(curl!, [
        "-sS",
        "--max-time",
        "30",
        "-X",
        "PUT",
        "-d",
        "hello",
        `http://127.0.0.1:${port}/b`,
      ]);
      assert.equal(put.code, 0, put.stderr);
      assert.equal(put.stdout, "PUT /b hello");
      const { code, stdout, stderr } = await run(PYTHON, ["-c", CLIENT, url]);
      assert.equal(code, 0, stderr);
      assert.equal(stdout.trim(), "7 200 PUT ?y hello");
    } finally {
      await Promise.all([edge.stop(), hub.stop()]);
      await target.shutdown();
      await Deno.remove(dir, { recursive: true });
    }
  },
);
