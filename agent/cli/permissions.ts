/**
 * The Deno permissions of a command: one list feeds `--help`, `docs/permissions.md` (a test compares) and the command
 * lines that `demo` runs, so what is documented is what is used.
 */

/** One kind of access and what it must reach. */
export interface PermissionNeed {
  /** The kind of access. */
  readonly kind: "read" | "write" | "net" | "run";
  /** What it must reach, as a user would write it: paths, `host:port`, programs; upper-case words are placeholders. */
  readonly scope: string;
  /** Why, in a few words. */
  readonly why: string;
}

/**
 * YAML reading asks for debugging variables of its library; ignoring the environment answers "not set" without
 * granting anything.
 */
export const NO_ENVIRONMENT = "--ignore-env";

/** Flags of `deno run` for `needs`, in a fixed order; scopes of one kind are joined. */
export function permissionFlags(needs: ReadonlyArray<Pick<PermissionNeed, "kind" | "scope">>): string[] {
  const flags: string[] = [NO_ENVIRONMENT];
  for (const kind of ["read", "write", "net", "run"] as const) {
    const scopes = needs.filter((need) => need.kind === kind).map((need) => need.scope);
    if (scopes.length > 0) flags.push(`--allow-${kind}=${[...new Set(scopes)].join(",")}`);
  }
  return flags;
}
