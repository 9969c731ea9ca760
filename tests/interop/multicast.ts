/** Multicast through a mesh: plain clients of another make (qpid-proton) count what each consumer gets. */

import assert from "node:assert/strict";
import { run } from "../support/processes.ts";

/** The interpreter that has Debian's python3-qpid-proton. */
const PYTHON = "/usr/bin/python3";

/**
 * Two consumers and one producer at every router. Producers send trials until every consumer has had one of each, so
 * that all routers know of all consumers, then twenty messages, then a last one.
 */
const CLIENT = `
import json, sys
from collections import Counter
from proton import Message
from proton.handlers import MessagingHandler
from proton.reactor import Container

ADDRESS, EACH, SETTLING = "mc/news", 20, 0.3

class News(MessagingHandler):
    def __init__(self, urls):
        super().__init__(prefetch=100)
        self.urls, self.senders, self.counts, self.number = urls, [], {}, 0
        self.phase, self.outcomes = "trial", Counter()

    def on_start(self, event):
        for url in self.urls:
            connection = event.container.connect(url, allowed_mechs="ANONYMOUS", reconnect=False)
            for at in range(2):
                name = "%s %d" % (url, at)
                event.container.create_receiver(connection, ADDRESS, name=name)
                self.counts[name] = Counter()
            self.senders.append(event.container.create_sender(connection, ADDRESS))
        event.container.schedule(0.05, self)

    def on_message(self, event):
        self.counts[event.receiver.name][event.message.body] += 1

    def on_settled(self, event):
        self.outcomes[str(event.delivery.remote_state)] += 1

    def tell(self, what):
        for at, sender in enumerate(self.senders):
            if sender.credit > 0:
                sender.send(Message(address=ADDRESS, body="%s-%d-%d" % (what, at, self.number)))
        self.number += 1

    def heard(self, what):
        expected = {(what, str(at)) for at in range(len(self.senders))}
        return all(expected <= {tuple(body.split("-")[:2]) for body in count} for count in self.counts.values())

    def on_timer_task(self, event):
        wait = 0.05
        if self.phase == "trial":
            if not self.heard("trial"):
                self.tell("trial")
            else:
                self.phase = "last"
                self.outcomes.clear()
                for _ in range(EACH):
                    self.tell("news")
                self.tell("last")
        elif self.phase == "last" and self.heard("last"):
            self.phase, wait = "over", SETTLING
        elif self.phase == "over":
            self.report()
            for sender in self.senders:
                sender.connection.close()
            return
        event.container.schedule(wait, self)

    def report(self):
        twice = sum(1 for count in self.counts.values() for times in count.values() if times > 1)
        got = [sum(1 for body in count if body.startswith("news")) for count in self.counts.values()]
        print(json.dumps({"twice": twice, "got": got, "outcomes": self.outcomes}))

Container(News(sys.argv[1:])).run()
`;

const EACH = 20;

/** Every consumer at the routers behind the AMQP ports `ports` gets every message once. */
export async function multicastReachesEachOnce(ports: readonly number[]): Promise<void> {
  const urls = ports.map((port) => `amqp://127.0.0.1:${port}`);
  const { code, stdout, stderr } = await run(PYTHON, ["-c", CLIENT, ...urls], { limitMs: 30_000 });
  assert.equal(code, 0, `${stderr}${stdout}`);
  const { twice, got } = JSON.parse(stdout);
  assert.equal(twice, 0, stdout);
  assert.deepEqual(got, Array(2 * ports.length).fill(EACH * ports.length), stdout);
}
