/** One end of a connection. */
export interface SocketAddress {
  /** IP address. */
  readonly hostname: string;
  /** Absent where it is not known. */
  readonly port?: number;
}

/** What a bridge needs of a local connection: `Deno.TcpConn` has it, and so has one with TLS around it. */
export interface LocalSocket {
  /** Where the other end is. */
  readonly remoteAddr: SocketAddress;
  /** Where ours is; absent where that is not known. */
  readonly localAddr?: SocketAddress;
  /** Fills the front of `buffer`; resolves to the number of octets, null at the end. */
  read(buffer: Uint8Array): Promise<number | null>;
  /** Resolves to the number of octets taken from the front of `piece`, which must not change meanwhile. */
  write(piece: Uint8Array): Promise<number>;
  /** Ends our side; the other may go on. */
  closeWrite(): Promise<void>;
  /** Small writes go out at once from now on. */
  setNoDelay(on: boolean): void;
  /** Ends both sides. With TLS, a connection that is `broken` lacks the word that this was all. */
  close(broken?: boolean): void;
}

/** Closes `socket`, which the system may have closed first. */
export function closeSocket(socket: LocalSocket, broken: boolean): void {
  try {
    socket.close(broken);
  } catch (error) {
    if (!(error instanceof Deno.errors.BadResource)) throw error;
  }
}
