/** Reads the recorded frames of `tests/data/traces`. */

/** One recorded frame, or protocol header. */
export interface RecordedFrame {
  /** File and line, for messages. */
  readonly where: string;
  /** Side that sent it. */
  readonly from: "client" | "server";
  readonly bytes: Uint8Array;
  /** True when the recording kept only the beginning of the payload. */
  readonly truncated: boolean;
  /** True for the eight octets that announce a protocol. */
  readonly header: boolean;
}

const TRUNCATED = "...(truncated)";
const FOLDER = new URL("../data/traces/", import.meta.url);

/** Names of all recorded connections. */
export const TRACES = [
  "raw-edge-conn1.hex",
  "raw-interrouter-conn1.hex",
  "raw-interrouter-conn2.hex",
  "raw-mgmt-conn1.hex",
  "raw-mgmt-conn2.hex",
] as const;

/** All frames of one connection, in order. */
export function readTrace(name: string): RecordedFrame[] {
  const frames: RecordedFrame[] = [];
  Deno.readTextFileSync(new URL(name, FOLDER)).split("\n").forEach((line, at) => {
    const columns = line.trim().split(/\s+/);
    const hex = columns[columns.length - 1];
    if (hex === "" || hex === "EOF") return;
    frames.push({
      where: `${name}:${at + 1}`,
      from: columns[1] === "C->S" ? "client" : "server",
      bytes: Uint8Array.fromHex(hex.replace(TRUNCATED, "")),
      truncated: hex.endsWith(TRUNCATED),
      header: columns[2] === "HDR",
    });
  });
  return frames;
}
