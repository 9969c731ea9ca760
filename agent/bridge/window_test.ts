import { equal } from "node:assert/strict";
import {
  LARGEST_WINDOW_OCTETS,
  OVERRUN_OCTETS,
  ReceiveWindow,
  REPORT_OCTETS,
  SendWindow,
  WINDOW_OCTETS,
} from "./window.ts";

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

/** A way to a receiver: what it carries per ms, and how long octets and reports are on it. */
interface Way {
  readonly octetsPerMs: number;
  readonly oneWayMs: number;
}

/**
 * Sends as much as the window allows for `ms`, and returns what has come in the last half of that, in octets per ms; in the
 * first `chatMs` only a little. `each` is done every ms.
 */
function stream(
  window: SendWindow,
  clock: { ms: number },
  { octetsPerMs, oneWayMs }: Way,
  ms: number,
  chatMs = 0,
  each = () => {},
) {
  const receiver = new ReceiveWindow();
  const arrivals: { at: number; octets: number }[] = [];
  const reports: { at: number; total: number }[] = [];
  let free = 0;
  let received = 0;
  let half = 0;
  let most = 0;
  let sent = 0;
  for (; clock.ms < ms; clock.ms++) {
    while (arrivals.length > 0 && arrivals[0]!.at <= clock.ms) {
      received += arrivals.shift()!.octets;
      const total = receiver.written(received);
      if (total > 0) reports.push({ at: clock.ms + oneWayMs, total });
    }
    while (reports.length > 0 && reports[0]!.at <= clock.ms) window.report(reports.shift()!.total);
    each();
    const wanted = clock.ms < chatMs ? (clock.ms % 100 === 0 ? 50 : 0) : Infinity;
    for (let left = wanted; left > 0;) {
      const octets = Math.min(window.allowance, left, 65_536);
      if (octets === 0) break;
      left -= octets;
      window.sent(octets);
      sent += octets;
      // One after the other through the narrowest place, then the rest of the way.
      free = Math.max(free, clock.ms) + octets / octetsPerMs;
      arrivals.push({ at: free + oneWayMs, octets });
    }
    most = Math.max(most, sent - received);
    if (clock.ms === ms / 2) half = received;
  }
  return { speed: (received - half) / (ms / 2), most };
}

const FAST_AND_FAR = { octetsPerMs: 50_000, oneWayMs: 20 };

Deno.test("send window: grows on a long way, if the receiver permits it, and carries more", () => {
  const clock = { ms: 0 };
  const fixed = stream(new SendWindow(() => clock.ms), clock, FAST_AND_FAR, 2000);
  equal(fixed.most <= WINDOW_OCTETS, true, "nobody has permitted more");
  equal(fixed.speed < WINDOW_OCTETS / 40, true);
  clock.ms = 0;
  const window = new SendWindow(() => clock.ms);
  window.permit(LARGEST_WINDOW_OCTETS);
  const { speed, most } = stream(window, clock, FAST_AND_FAR, 2000);
  equal(most > 2 * WINDOW_OCTETS && most <= LARGEST_WINDOW_OCTETS, true, `${most} octets under way`);
  equal(speed > 1.8 * fixed.speed, true, `${speed} octets per ms, ${fixed.speed} by the fixed window`);
});

Deno.test("send window: stays where octets would only wait, on a short way as on a long one", () => {
  for (const way of [{ octetsPerMs: 2000, oneWayMs: 40 }, { octetsPerMs: 12_500, oneWayMs: 0 }]) {
    const clock = { ms: 0 };
    const window = new SendWindow(() => clock.ms);
    window.permit(LARGEST_WINDOW_OCTETS);
    const { speed, most } = stream(window, clock, way, 4000);
    equal(most <= WINDOW_OCTETS, true, `${most} octets under way`);
    equal(speed > way.octetsPerMs * 0.9, true, `${speed} octets per ms`);
  }
});

Deno.test("send window: a fast stream has enough for the turns of all programs on a short way, and no more", () => {
  const clock = { ms: 0 };
  const window = new SendWindow(() => clock.ms);
  window.permit(LARGEST_WINDOW_OCTETS);
  const { most } = stream(window, clock, { octetsPerMs: 100_000, oneWayMs: 0 }, 4000);
  equal(most > 1.9 * WINDOW_OCTETS && most <= 2 * WINDOW_OCTETS, true, `${most} octets under way`);
});

Deno.test("send window: neither chat before, nor permission that comes late, makes octets wait", () => {
  const way = { octetsPerMs: 2000, oneWayMs: 40 };
  for (const [chatMs, permittedAt] of [[2000, 0], [0, 90]] as const) {
    const clock = { ms: 0 };
    const window = new SendWindow(() => clock.ms);
    const permit = () => {
      if (clock.ms === permittedAt) window.permit(LARGEST_WINDOW_OCTETS);
    };
    const { speed, most } = stream(window, clock, way, 8000, chatMs, permit);
    equal(most <= WINDOW_OCTETS, true, `${most} octets under way`);
    equal(speed > way.octetsPerMs * 0.9, true, `${speed} octets per ms`);
  }
});

Deno.test("send window: a receiver permits as much as we ever use, and never less than the protocol", () => {
  for (const [permitted, bound] of [[2 ** 32 - 1, LARGEST_WINDOW_OCTETS], [0, WINDOW_OCTETS], [1, WINDOW_OCTETS]]) {
    const clock = { ms: 0 };
    const window = new SendWindow(() => clock.ms);
    window.permit(permitted!);
    const { most } = stream(window, clock, { octetsPerMs: 500_000, oneWayMs: 50 }, 2000);
    equal(most, bound);
  }
});

Deno.test("receive window: what a peer may have read before it looked is no overrun, more is", () => {
  const window = new ReceiveWindow();
  equal(window.overrun(LARGEST_WINDOW_OCTETS + OVERRUN_OCTETS), false);
  equal(window.overrun(LARGEST_WINDOW_OCTETS + OVERRUN_OCTETS + 1), true);
});
