/**
 * What a command is. One value of this type per command drives parsing, help, did-you-mean and the documentation
 * tests, so none of them can disagree.
 */

import type { Logger } from "../telemetry/log.ts";
import type { ExitName } from "./exit_codes.ts";
import type { CliIo } from "./io.ts";
import type { PermissionNeed } from "./permissions.ts";

/** What every flag says about itself. */
export interface FlagBase {
  /** One sentence for `--help`, without the default. */
  readonly help: string;
  /** One letter that may stand for the name. */
  readonly short?: string;
  /** Environment variable that supplies the value when the flag is absent (read only where Deno grants it). */
  readonly env?: string;
}

/** A flag that is there or not. */
export interface SwitchFlag extends FlagBase {
  /** Takes no value. */
  readonly kind: "switch";
}

/** What names the folder of a site, which `--namespace` may name instead: one that is there, or one that is made. */
export type SiteFolder = "there" | "new";

/** A flag with any text as value. */
export interface TextFlag extends FlagBase {
  /** Takes any text. */
  readonly kind: "text";
  /** How `--help` names the value, for example `DIR`. */
  readonly placeholder: string;
  /** Value when absent. */
  readonly default?: string;
  /** Absence is an error. */
  readonly required?: true;
  /** See {@link SiteFolder}. */
  readonly site?: SiteFolder;
}

/** A flag with a whole number as value. */
export interface IntegerFlag extends FlagBase {
  /** Takes a whole number. */
  readonly kind: "integer";
  /** How `--help` names the value, for example `SECONDS`. */
  readonly placeholder: string;
  /** Smallest value allowed. */
  readonly min: number;
  /** Largest value allowed. */
  readonly max: number;
  /** Value when absent. */
  readonly default?: number;
}

/** A flag with one of a few words as value. */
export interface ChoiceFlag extends FlagBase {
  /** Takes one of `choices`. */
  readonly kind: "choice";
  /** The words allowed. */
  readonly choices: readonly string[];
  /** Value when absent. */
  readonly default: string;
}

/** A flag with any text as value that may be given more than once. */
export interface ListFlag extends FlagBase {
  /** Takes any text, each time it is given. */
  readonly kind: "list";
  /** How `--help` names the value, for example `FILE`. */
  readonly placeholder: string;
}

/** Any flag. */
export type Flag = SwitchFlag | TextFlag | IntegerFlag | ChoiceFlag | ListFlag;

/** Flags by long name, without dashes. */
export type FlagTable = Readonly<Record<string, Flag>>;

/** A word on the command line that is not a flag; in order, those that may be left out last. */
export interface Positional {
  /** The name under which the command finds the value. */
  readonly name: string;
  /** How usage and help show it, for example `HOST:PORT`. */
  readonly placeholder: string;
  /** One sentence for `--help`. */
  readonly help: string;
  /** It may be left out. */
  readonly optional?: true;
  /** One or more of them; the last positional alone. */
  readonly many?: true;
  /** See {@link SiteFolder}. */
  readonly site?: SiteFolder;
}

/** What absence of a flag means for its type. */
export type Absent<F> = F extends { readonly default: string | number } | { readonly required: true } ? never
  : undefined;

/** The type of one flag's value. */
export type FlagValue<F> = F extends { readonly kind: "switch" } ? boolean
  : F extends { readonly kind: "list" } ? readonly string[]
  : F extends { readonly kind: "integer" } ? number | Absent<F>
  : F extends { readonly kind: "choice"; readonly choices: readonly (infer C)[] } ? C
  : string | Absent<F>;

/** The values of a table of flags, by long name. */
export type FlagValues<T extends FlagTable> = { readonly [K in keyof T]: FlagValue<T[K]> };

/** The values of positionals, by name. */
export type PositionalValues<P extends readonly Positional[]> = {
  readonly [K in P[number] as K["name"]]: K extends { readonly many: true } ? readonly string[]
    : K extends { readonly optional: true } ? string | undefined
    : string;
};

/** What a command gets when it runs. */
export interface Invocation<V, A> {
  /** Flag values. */
  readonly flags: V;
  /** Positional values. */
  readonly args: A;
  /** The streams and the clock. */
  readonly io: CliIo;
  /** Writes to stderr as `--log-level` and `--log-format` ask. */
  readonly logger: Logger;
  /** Where the program itself was loaded from: what a command that starts others runs. */
  readonly entry: string;
  /** The command line itself, without the program. */
  readonly words: readonly string[];
  /** The namespace that the site was named by; absent where a folder was. */
  readonly namespace?: string;
}

/** Something a user may type, and why. */
export interface Example {
  /** What it is for, a short phrase. */
  readonly title: string;
  /** The line, beginning with `tendril`; a test parses every one. */
  readonly line: string;
}

/** What is written down about one command. */
export interface CommandSpec<F extends FlagTable, P extends readonly Positional[]> {
  /** The words that call it, for example `site create`. */
  readonly name: string;
  /** One line for the list of commands. */
  readonly summary: string;
  /** A paragraph or two: what it does, what it leaves behind. */
  readonly description: string;
  /** The words after the name. */
  readonly positionals: P;
  /** The flags besides the global ones. */
  readonly flags: F;
  /** At least one. */
  readonly examples: readonly Example[];
  /** The codes it may end with, besides 0, 1 and 2. */
  readonly exits: readonly ExitName[];
  /** The Deno permissions it needs, no more. */
  readonly permissions: readonly PermissionNeed[];
  /** Does it; resolves to the exit code, rejects with a `TendrilError` for expected failures. */
  run(invocation: Invocation<FlagValues<F>, PositionalValues<P>>): Promise<number>;
}

/** A command whose types are forgotten, as the table holds it. */
export type Command = CommandSpec<FlagTable, readonly Positional[]>;

/** Declares a command; the types of `run`'s arguments follow from the declaration. */
export function defineCommand<const F extends FlagTable, const P extends readonly Positional[]>(
  spec: CommandSpec<F, P>,
): Command {
  // Parsing by `spec.flags` and `spec.positionals` is what makes the values fit again.
  return spec as unknown as Command;
}
