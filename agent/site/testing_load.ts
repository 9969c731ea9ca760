/** Test support: folders of a few files, loaded, and what was told of them. */

import assert from "node:assert/strict";
import { TendrilError } from "../lib/errors.ts";
import { loadSite } from "./load.ts";
import { Problem, problemsError } from "./problems.ts";
import type { SiteSpec } from "./spec.ts";

/** Names of files, and what they contain. */
export type Files = Readonly<Record<string, string | Uint8Array>>;

/** Gives `use` a folder with `files`, for as long as it takes. */
export async function withFolder<T>(files: Files, use: (dir: string) => Promise<T>): Promise<T> {
  const dir = await Deno.makeTempDir();
  try {
    for (const [name, content] of Object.entries(files)) {
      const octets = typeof content === "string" ? new TextEncoder().encode(content) : content;
      await Deno.writeFile(`${dir}/${name}`, octets);
    }
    return await use(dir);
  } finally {
    await Deno.remove(dir, { recursive: true });
  }
}

/** The site of a folder with `files`, and what was told of it, its own path taken out. */
export async function load(files: Files): Promise<{ site: SiteSpec; warnings: string[] }> {
  const warnings: string[] = [];
  const site = await withFolder(
    files,
    (dir) => loadSite(dir, { warn: (message) => warnings.push(message.replaceAll(`${dir}/`, "")) }),
  );
  return { site, warnings };
}

/**
 * The error of a folder with `files`, or of the resources that it goes on without, its own path taken out of the message.
 * Throws where there is none.
 */
export async function failure(files: Files): Promise<{ code: string; message: string; hint: string }> {
  return await withFolder(files, async (dir) => {
    try {
      const { broken = [] } = await loadSite(dir);
      const errors = broken.flatMap(({ code, message, hint }) => code === undefined ? [] : [{ code, message, hint }]);
      if (errors.length > 0) {
        throw problemsError("broken", errors.map(({ code, message, hint }) => new Problem(code, message, hint)));
      }
    } catch (error) {
      assert.ok(error instanceof TendrilError, String(error));
      return { code: error.code, message: error.message.replaceAll(`${dir}/`, ""), hint: error.hint ?? "" };
    }
    throw new assert.AssertionError({ message: "the folder was accepted" });
  });
}

/** A resource of Skupper's; `spec` is YAML of one line. */
export function resource(kind: string, name: string, spec: string): string {
  return `apiVersion: skupper.io/v2alpha1\nkind: ${kind}\nmetadata:\n  name: ${name}\nspec: ${spec}\n`;
}

/** A Listener; its key is its name. */
export function listener(name: string, port: string, host = "127.0.0.1"): string {
  return resource("Listener", name, `{routingKey: ${name}, host: "${host}", port: ${port}}`);
}

/** An edge. */
export const EDGE: string = resource("Site", "west", "{edge: true}");
/** An interior. */
export const INTERIOR: string = resource("Site", "hub", "{linkAccess: default}");
