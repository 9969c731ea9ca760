import { equal } from "node:assert/strict";
import { OVERRUN_OCTETS, ReceiveWindow, REPORT_OCTETS, SendWindow, WINDOW_OCTETS } from "./window.ts";

Deno.test("send window: closes after its size, opens by what is reported, never below nothing", () => {
  const window = new SendWindow();
  equal(window.allowance, WINDOW_OCTETS);
  window.sent(WINDOW_OCTETS - 1);
  equal(window.allowance, 1);
  window.sent(100); // A read that was under way.
  equal(window.allowance, 0);
  window.report(99);
  equal(window.allowance, 0);
  window.report(100_099);
  equal(window.allowance, 100_000);
});

Deno.test("send window: an old or repeated report takes nothing back, and zero means nothing", () => {
  const window = new SendWindow();
  window.sent(WINDOW_OCTETS);
  window.report(500_000);
  for (const late of [0, 400_000, 500_000]) {
    window.report(late);
    equal(window.allowance, 500_000);
  }
});

Deno.test("send window: is without limit once the stream has its outcome", () => {
  const window = new SendWindow();
  window.sent(WINDOW_OCTETS * 2);
  window.lift();
  equal(window.allowance, Infinity);
});

Deno.test("receive window: reports totals, each only after enough further octets", () => {
  const window = new ReceiveWindow();
  equal(window.written(REPORT_OCTETS - 1), 0);
  equal(window.written(REPORT_OCTETS), REPORT_OCTETS);
  equal(window.written(REPORT_OCTETS * 2 - 1), 0);
  equal(window.written(REPORT_OCTETS * 2 + 5), REPORT_OCTETS * 2 + 5);
});

Deno.test("windows: both ends together move any amount, however it is cut, and never more than the window at once", () => {
  const sender = new SendWindow();
  const receiver = new ReceiveWindow();
  let sent = 0;
  let written = 0;
  for (let step = 0; written < WINDOW_OCTETS * 20; step++) {
    const octets = Math.min(sender.allowance, 1 + (step * 7919) % 130_000);
    sender.sent(octets);
    sent += octets;
    equal(sent - written <= WINDOW_OCTETS, true);
    // The socket takes all of it now and then, and little in between.
    written += step % 5 === 0 ? sent - written : (sent - written) >>> 3;
    const report = receiver.written(written);
    if (report > 0) sender.report(report);
    equal(octets > 0 || sent > written || sender.allowance > 0, true, "both ends wait for each other");
  }
});

Deno.test("receive window: what a peer may have read before it looked is no overrun, more is", () => {
  const window = new ReceiveWindow();
  equal(window.overrun(WINDOW_OCTETS + OVERRUN_OCTETS), false);
  equal(window.overrun(WINDOW_OCTETS + OVERRUN_OCTETS + 1), true);
});
