/**
 * The grants of a site and the count of their redemptions. The count is on disk before anybody gets an answer, so that a
 * crash in between costs a use and never grants one twice; a lock makes it exact among processes, too.
 */

import { createHash, timingSafeEqual } from "node:crypto";
import { messageOf, TendrilError } from "../../lib/errors.ts";
import { replaceFile } from "../write_files.ts";
import { type Grant, grantFile, grantsFolder, isGrantUid, readGrant, writeGrant } from "./grant.ts";

const LOCK_FILE = ".lock";

/** See the head of the file. */
export class GrantLedger {
  readonly #dir: string;

  /** The ledger of the site in `dir`. */
  constructor(dir: string) {
    this.#dir = grantsFolder(dir);
  }

  /**
   * Redeems grant `uid` once at `now` (ms since the epoch): `make` is called when all is well, and only if it succeeds is
   * the use counted and its result returned. Throws GRANT_UNKNOWN, GRANT_CODE, GRANT_EXPIRED, GRANT_USED_UP, in this
   * order, so that only who has the code learns more than that; GRANT_STORAGE when the count can't be written; and what
   * `make` throws.
   */
  async redeem<T>(uid: string, code: Uint8Array, now: number, make: (grant: Grant) => Promise<T>): Promise<T> {
    if (!isGrantUid(uid)) throw unknown();
    // Before the lock, so that strangers can't make others wait.
    verify(await this.#read(uid), code, now);
    using _lock = await this.#lock();
    const grant = await this.#read(uid);
    verify(grant, code, now);
    const made = await make(grant);
    await this.#write({ ...grant, redemptions: grant.redemptions + 1 });
    return made;
  }

  /** Makes the grant `uid` what `edit` makes of it, with no redemption in between. Throws GRANT_STORAGE. */
  async edit(uid: string, edit: (grant: Grant) => Grant): Promise<Grant> {
    using _lock = await this.#lock();
    const edited = edit(await this.#read(uid));
    await this.#write(edited);
    return edited;
  }

  /**
   * Removes the grant `uid`, if it is there, when a redemption that is under way has been counted: that would bring it
   * back. Throws GRANT_STORAGE.
   */
  async delete(uid: string): Promise<void> {
    const what = "a grant can't be removed";
    using _lock = await this.#lock(what);
    try {
      await Deno.remove(`${this.#dir}/${grantFile(uid)}`);
      await this.#sync();
    } catch (error) {
      if (error instanceof Deno.errors.NotFound) return;
      throw storageError(error, what);
    }
  }

  async #read(uid: string): Promise<Grant> {
    const path = `${this.#dir}/${grantFile(uid)}`;
    let text: string;
    try {
      text = await Deno.readTextFile(path);
    } catch (error) {
      if (error instanceof Deno.errors.NotFound) throw unknown();
      throw storageError(error);
    }
    const grant = readGrant(text, path);
    if (grant.uid !== uid) throw unknown();
    return grant;
  }

  async #lock(what?: string): Promise<Disposable> {
    try {
      const file = await Deno.open(`${this.#dir}/${LOCK_FILE}`, { create: true, write: true, mode: 0o600 });
      try {
        await file.lock(true);
      } catch (error) {
        file.close();
        throw error;
      }
      return file;
    } catch (error) {
      throw storageError(error, what);
    }
  }

  async #write(grant: Grant): Promise<void> {
    try {
      await replaceFile(this.#dir, grantFile(grant.uid), writeGrant(grant));
      await this.#sync();
    } catch (error) {
      throw storageError(error);
    }
  }

  /** Names of files that came or went are on disk only when their folder is. */
  async #sync(): Promise<void> {
    using folder = await Deno.open(this.#dir);
    await folder.sync();
  }
}

function verify(grant: Grant, code: Uint8Array, now: number): void {
  if (!sameSecret(code, new TextEncoder().encode(grant.code))) {
    throw new TendrilError("GRANT_CODE", "the code of the token is wrong", {
      hint: "Copy the token file anew, whole; if that does not help, have another one issued.",
    });
  }
  if (now >= grant.expires) {
    throw new TendrilError("GRANT_EXPIRED", `the token expired at ${new Date(grant.expires).toISOString()}`, {
      hint: "Have another one issued, with a longer --expiration-window if need be.",
    });
  }
  if (grant.redemptions >= grant.allowed) {
    throw new TendrilError(
      "GRANT_USED_UP",
      `the token was redeemed ${grant.redemptions} times, which is all it allows`,
      {
        hint: "Have another one issued, or one with more --redemptions-allowed.",
      },
    );
  }
}

/** Compares in a time that tells nothing about either, not even a length. */
function sameSecret(one: Uint8Array, other: Uint8Array): boolean {
  const digest = (secret: Uint8Array) => createHash("sha256").update(secret).digest();
  return timingSafeEqual(digest(one), digest(other));
}

function unknown(): TendrilError {
  return new TendrilError("GRANT_UNKNOWN", "there is no such grant", {
    hint: "Have another token issued; this one was deleted, or belongs to another site.",
  });
}

function storageError(cause: unknown, what = "redemptions can't be counted"): TendrilError {
  if (cause instanceof TendrilError && cause.code !== "SITE_WRITE") return cause;
  return new TendrilError("GRANT_STORAGE", `${what}: ${messageOf(cause)}`, {
    cause,
    hint: "Let the site write its folder 'grants': check owner, permissions, free space and --allow-write.",
  });
}
