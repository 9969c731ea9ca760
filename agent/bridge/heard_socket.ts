/** A local socket of which the first octets are looked at before anybody reads them: they are read again, then what follows. */

import { giveBuffer, takeBuffer } from "../lib/buffer_pool.ts";
import { detect, type Detected, MAX_DETECTED_OCTETS } from "./detect.ts";
import type { LocalSocket } from "./local_socket.ts";
import { type SocketOctets, socketOctets } from "./socket_octets.ts";

/** How long a client may say nothing before it is taken for one that waits for the server, in ms. */
const SILENCE_MS = 300;
/** How long it may take for octets that decide what it speaks, in ms. */
const DETECTION_MS = 3000;

/** Time for a turn of the event loop, in ms. */
const TURN_MS = 10;

/** How long is listened, in ms. */
export interface HearingTimes {
  /** Until the first octet: see {@link SILENCE_MS}. */
  readonly silenceMs: number;
  /** In all: see {@link DETECTION_MS}. */
  readonly detectionMs: number;
}

const TIMES: HearingTimes = { silenceMs: SILENCE_MS, detectionMs: DETECTION_MS };

/** See the head of the file. */
export class HeardSocket implements LocalSocket {
  readonly #socket: LocalSocket;
  readonly #octets: SocketOctets;
  readonly #times: HearingTimes;
  /** What was heard; undefined once it was read again. */
  #buffer: Uint8Array<ArrayBuffer> | undefined = takeBuffer(MAX_DETECTED_OCTETS);
  #size = 0;
  #at = 0;
  /** A read into the buffer that is under way. */
  #pending: Promise<number> | undefined;

  /** Around `socket`, which nobody else reads; other `times` than the usual are for tests. */
  constructor(socket: LocalSocket, times: HearingTimes = TIMES) {
    this.#socket = socket;
    this.#octets = socketOctets(socket);
    this.#times = times;
  }

  /** What the client speaks: TCP if it does not say so in time. Rejects when the socket fails. */
  async detect(): Promise<Detected> {
    const started = performance.now();
    for (;;) {
      const heard = this.#buffer!.subarray(0, this.#size);
      const detected = detect(heard);
      if (detected !== undefined) return detected;
      const { silenceMs, detectionMs } = this.#times;
      const limitMs = this.#size === 0 ? silenceMs : started + detectionMs - performance.now();
      if (!await this.#hear(limitMs)) return "tcp";
    }
  }

  /** See {@link LocalSocket}. */
  get remoteAddr(): LocalSocket["remoteAddr"] {
    return this.#socket.remoteAddr;
  }

  /** See {@link LocalSocket}. */
  get localAddr(): NonNullable<LocalSocket["localAddr"]> {
    return this.#socket.localAddr ?? { hostname: "" };
  }

  /** See {@link LocalSocket}. */
  async read(target: Uint8Array): Promise<number | null> {
    return await this.#read(target) || null;
  }

  async #read(target: Uint8Array): Promise<number> {
    const buffer = this.#buffer;
    if (buffer === undefined) return await this.#octets.read(target);
    if (this.#at === this.#size) {
      if (this.#pending === undefined) {
        this.#forget();
        return await this.#octets.read(target);
      }
      this.#size += await this.#pending;
      this.#pending = undefined;
      if (this.#at === this.#size) return 0;
    }
    const taken = Math.min(target.length, this.#size - this.#at);
    target.set(buffer.subarray(this.#at, this.#at + taken));
    this.#at += taken;
    return taken;
  }

  /** See {@link LocalSocket}. */
  write(piece: Uint8Array): Promise<number> {
    return this.#octets.write(piece);
  }

  /** See {@link LocalSocket}. */
  closeWrite(): Promise<void> {
    return this.#socket.closeWrite();
  }

  /** See {@link LocalSocket}. */
  setNoDelay(on: boolean): void {
    this.#socket.setNoDelay(on);
  }

  /** See {@link LocalSocket}. */
  close(broken?: boolean): void {
    this.#socket.close(broken);
  }

  /** Waits for octets; false when none came in time, or none will. */
  async #hear(limitMs: number): Promise<boolean> {
    const pending = this.#pending ??= this.#octets.read(this.#buffer!.subarray(this.#size, MAX_DETECTED_OCTETS));
    // Whoever reads next hears of a failure; that may be nobody.
    pending.catch(() => {});
    // A process that was held up itself has yet to look at what came meanwhile.
    const octets = await within(pending, limitMs) ?? await within(pending, TURN_MS);
    if (octets === undefined || octets === 0) return false;
    this.#pending = undefined;
    this.#size += octets;
    return true;
  }

  #forget(): void {
    giveBuffer(this.#buffer!);
    this.#buffer = undefined;
  }
}

/** What `pending` resolves to; undefined if that takes longer. */
async function within(pending: Promise<number>, limitMs: number): Promise<number | undefined> {
  let timer: ReturnType<typeof setTimeout> | undefined;
  const late = new Promise<undefined>((resolve) => timer = setTimeout(() => resolve(undefined), limitMs));
  try {
    return await Promise.race([pending, late]);
  } finally {
    clearTimeout(timer);
  }
}
