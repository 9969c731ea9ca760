/**
 * A file over HTTPS, in pieces as they come: the server must prove who it is, must send something all the time, and must be
 * done in time. What the pieces are is not looked at, nor how many there are.
 */

import { messageOf, TendrilError } from "../lib/errors.ts";

/** How long a download may take. */
export interface DownloadTimes {
  /** Without a single octet, in ms. */
  readonly stallMs: number;
  /** As a whole, in ms. */
  readonly totalMs: number;
}

/** The times that downloads have in operation. */
export const DOWNLOAD_TIMES: DownloadTimes = { stallMs: 10_000, totalMs: 60_000 };

/** What is fetched. */
export interface DownloadRequest {
  /** Must be `https:`; so must be wherever it redirects to in the end. */
  readonly url: string;
  /** CA that may vouch for the server besides those that Deno trusts, PEM; empty for none. */
  readonly ca: string;
  /** Gives it up. */
  readonly signal: AbortSignal;
}

/**
 * Fetches. Throws DOWNLOAD_REFUSED when there is no such file or no such server, DOWNLOAD_CUT_OFF when it ends too early, and
 * DOWNLOAD_STALLED when the server takes too long.
 */
export async function* download(
  { url, ca, signal }: DownloadRequest,
  times: DownloadTimes = DOWNLOAD_TIMES,
): AsyncGenerator<Uint8Array> {
  using client = Deno.createHttpClient(ca === "" ? {} : { caCerts: [ca] });
  const watch = new AbortController();
  const giveUp = () => watch.abort(signal.reason);
  if (signal.aborted) giveUp();
  signal.addEventListener("abort", giveUp);
  const late = (what: string) => () => watch.abort(stalled(url, what));
  const total = setTimeout(late(`it took more than ${times.totalMs} ms`), times.totalMs);
  const silence = () => setTimeout(late(`nothing came for ${times.stallMs} ms`), times.stallMs);
  let stall = silence();
  let octets = 0;
  try {
    const body = (await open(url, client, watch.signal)).getReader();
    // Deno forgets about the signal of a fetch with the first garbage that it collects once the head has come.
    watch.signal.addEventListener("abort", () => body.cancel().catch(() => {}));
    for (let read = await body.read(); !read.done; read = await body.read()) {
      clearTimeout(stall);
      octets += read.value.length;
      yield read.value;
      stall = silence();
    }
    watch.signal.throwIfAborted();
  } catch (error) {
    if (watch.signal.aborted) throw watch.signal.reason;
    if (error instanceof TendrilError || error instanceof Deno.errors.NotCapable) throw error;
    throw new TendrilError("DOWNLOAD_CUT_OFF", `${url} ended after ${octets} octets: ${messageOf(error)}`, {
      cause: error,
      hint: "It is tried again.",
    });
  } finally {
    signal.removeEventListener("abort", giveUp);
    clearTimeout(stall);
    clearTimeout(total);
    watch.abort();
  }
}

async function open(url: string, client: Deno.HttpClient, signal: AbortSignal): Promise<ReadableStream<Uint8Array>> {
  let response: Response;
  const init: RequestInit & { client: Deno.HttpClient } = {
    client,
    signal,
    headers: { "accept-encoding": "identity" },
  };
  try {
    response = await fetch(url, init);
  } catch (error) {
    if (signal.aborted || error instanceof Deno.errors.NotCapable) throw error;
    throw refused(url, messageOf(error), error);
  }
  if (response.status === 200 && response.url.startsWith("https:") && response.body !== null) return response.body;
  await response.body?.cancel();
  throw refused(url, response.status === 200 ? `it leads to ${response.url}` : `status ${response.status}`);
}

function refused(url: string, what: string, cause?: unknown): TendrilError {
  return new TendrilError("DOWNLOAD_REFUSED", `${url} can't be had: ${what}`, {
    cause,
    hint: "Check the address and, for a server with a CA of its own, spec.ca.",
  });
}

function stalled(url: string, what: string): TendrilError {
  return new TendrilError("DOWNLOAD_STALLED", `${url} was given up: ${what}`, { hint: "It is tried again." });
}
