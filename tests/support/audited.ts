/**
 * A command that runs with exactly the permissions its help documents, while Deno writes each access down, granted or
 * refused (`DENO_AUDIT_PERMISSIONS`). Only the start of programs is not written down: without `--allow-run` there is
 * none.
 */

import assert from "node:assert/strict";
import { fillIn, LOCAL_SOCKET, permissionFlags } from "../../agent/cli/permissions.ts";
import { commands } from "../../agent/cli/table.ts";
import { type Process, run, start } from "./processes.ts";
import { tendrilArgs } from "./tendril.ts";

/** What the YAML library and the AssemblyScript compiler may ask the environment for; `--ignore-env` answers "not set". */
const ENVIRONMENT = /^(CI|LOG_(TOKENS|STREAM))$/;

/** What the placeholders of documented permissions stand for. */
export type Reach = Readonly<Record<string, readonly (string | number)[]>>;

/** What a site in the folder `name` of `cwd` is to reach in that folder. */
export function siteReach(cwd: string, name: string): Reach {
  return { DIR: [name], "DIR/run": [`${name}/run`], [LOCAL_SOCKET]: [`unix:${cwd}/${name}/run/amqp.sock`] };
}

/** A command with its documented permissions filled in, and where its accesses are written down. */
export class Audited {
  readonly #audit: string;
  readonly #cwd: string;
  readonly #flags: readonly string[];
  readonly #args: readonly string[];

  /** `words` are the command line; paths in it and in `reach` are below `cwd`. */
  constructor(cwd: string, words: readonly string[], reach: Reach) {
    const command = commands.find(({ name }) => `${words.join(" ")} `.startsWith(`${name} `));
    assert.ok(command);
    this.#cwd = cwd;
    this.#audit = `${cwd}/audit-${crypto.randomUUID()}.jsonl`;
    // What is optional is granted where the test says what it stands for.
    const wanted = fillIn(command.permissions, reach).map(({ kind, scope, why }) => ({ kind, scope, why }));
    this.#flags = permissionFlags(wanted);
    this.#args = tendrilArgs(["--no-prompt", ...this.#flags], words);
  }

  /** Starts a command that stays. */
  start(name: string): Process {
    return start(name, Deno.execPath(), this.#args, this.#options());
  }

  /** Runs the command to its end, with `stdin` if given; fails unless it ends with `expected`. Returns what it printed. */
  async run(stdin?: string, expected = 0): Promise<string> {
    const options = { ...this.#options(), ...(stdin === undefined ? {} : { stdin }) };
    const { code, stdout, stderr } = await run(Deno.execPath(), this.#args, options);
    assert.equal(code, expected, stderr);
    return stdout;
  }

  /** Fails if anything was asked for that the flags don't grant; returns the kinds that were used. */
  async check(): Promise<Set<string>> {
    const used = new Set<string>();
    const text = await Deno.readTextFile(this.#audit).catch(() => "");
    for (const line of text.split("\n").filter((line) => line !== "")) {
      const { permission, value }: { permission: string; value: string } = JSON.parse(line);
      used.add(permission);
      const covered = permission === "env" ? ENVIRONMENT.test(value) : this.#covers(permission, value);
      assert.ok(covered, `asks for ${permission} ${value}, has ${this.#flags.join(" ")}`);
    }
    return used;
  }

  #covers(permission: string, value: string): boolean {
    // Asked for, refused, and done without: the machine's names in a certificate.
    if (permission === "sys") return value === "hostname";
    const flag = this.#flags.find((flag) => flag.startsWith(`--allow-${permission}=`));
    const scopes = flag?.slice(flag.indexOf("=") + 1).split(",") ?? [];
    return scopes.some((scope) => value === scope || (permission !== "net" && value.startsWith(`${scope}/`)));
  }

  #options(): { cwd: string; env: Record<string, string> } {
    return { cwd: this.#cwd, env: { DENO_AUDIT_PERMISSIONS: this.#audit } };
  }
}
