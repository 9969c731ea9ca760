/** Plain AMQP clients of another make (qpid-proton) send and receive through an interior. */

import assert from "node:assert/strict";
import { run, untilListening } from "../support/processes.ts";
import { testWith } from "../support/programs.ts";
import { interiorFolder } from "../support/site_folder.ts";
import { startTendril } from "../support/tendril.ts";

/** The interpreter that has Debian's python3-qpid-proton. */
const PYTHON = "/usr/bin/python3";

const CLIENT = `
import sys, threading
from proton import Message
from proton.utils import BlockingConnection
url = sys.argv[1]
receiving = BlockingConnection(url, timeout=10)
receiver = receiving.create_receiver("orders", credit=50)
sending = BlockingConnection(url, timeout=10)
sender = sending.create_sender("orders")
# The outcome comes from the receiver, so sending must not wait for it in the thread that receives.
def send_all():
    for size in (0, 10, 1000, 100000, 1000000):
        sender.send(Message(body="x" * size, subject=str(size)))
    sending.create_sender(None).send(Message(address=reply_to, body="hello"))
replies = receiving.create_receiver(None, dynamic=True)
reply_to = replies.link.remote_source.address
thread = threading.Thread(target=send_all)
thread.start()
for size in (0, 10, 1000, 100000, 1000000):
    message = receiver.receive(timeout=10)
    assert message.subject == str(size) and message.body == "x" * size, (message.subject, size)
    receiver.accept()
assert replies.receive(timeout=10).body == "hello"
replies.accept()
# What was accepted leaves with the next frame that this client has to send.
receiving.close()
thread.join(10)
assert not thread.is_alive(), "a message got no outcome"
sending.close()
print("all well")
`;

testWith(
  ["python3"],
  "qpid-proton clients exchange messages, large ones and replies to dynamic addresses too",
  async () => {
    const dir = await Deno.makeTempDir();
    const { amqpPort } = await interiorFolder(`${dir}/hub`);
    const hub = startTendril("hub", ["run", `${dir}/hub`]);
    try {
      await untilListening(amqpPort, hub);
      const { code, stdout, stderr } = await run(PYTHON, ["-c", CLIENT, `amqp://127.0.0.1:${amqpPort}`]);
      assert.equal(code, 0, `${stderr}\n${hub.output().slice(-2000)}`);
      assert.equal(stdout.trim(), "all well");
    } finally {
      await hub.stop();
      await Deno.remove(dir, { recursive: true });
    }
  },
);
