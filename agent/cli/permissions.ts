/**
 * The Deno permissions of a command: one list feeds `--help`, `docs/permissions.md` (a test compares) and the command
 * lines that `demo` runs, so what is documented is what is used.
 */

/** The kinds of access a command may need. There is no `ffi`: nothing here ever loads native code. */
export const PERMISSION_KINDS = ["read", "write", "net", "sys", "run"] as const;

/** One kind of access and what it must reach. */
export interface PermissionNeed {
  /** The kind of access. */
  readonly kind: (typeof PERMISSION_KINDS)[number];
  /** What it must reach, as a user would write it: paths, `host:port`, programs; upper-case words are placeholders. */
  readonly scope: string;
  /** Why, in a few words. */
  readonly why: string;
  /** True when the command works without it, if less well. */
  readonly optional?: true;
}

/** Where a running site can be asked; Deno wants the path to be absolute. */
export const LOCAL_SOCKET = "unix:/PATH/DIR/run/amqp.sock";

/**
 * YAML reading asks for debugging variables of its library; ignoring the environment answers "not set" without
 * granting anything.
 */
export const NO_ENVIRONMENT = "--ignore-env";

/** Flags of `deno run` for `needs`, in a fixed order, scopes of one kind joined; optional ones are left out. */
export function permissionFlags(needs: readonly PermissionNeed[]): string[] {
  const flags: string[] = [NO_ENVIRONMENT];
  for (const kind of PERMISSION_KINDS) {
    const scopes = needs.filter((need) => need.kind === kind && !need.optional).map((need) => need.scope);
    if (scopes.length > 0) flags.push(`--allow-${kind}=${[...new Set(scopes)].join(",")}`);
  }
  return flags;
}

/**
 * `needs` with placeholders replaced by what a real command line has, each by any number of values; needs whose
 * placeholder has none are dropped.
 */
export function fillIn(
  needs: readonly PermissionNeed[],
  values: Readonly<Record<string, readonly (string | number)[]>>,
): PermissionNeed[] {
  return needs.flatMap((need) => {
    if (!/[A-Z]/.test(need.scope)) return [need];
    return (values[need.scope] ?? []).map((value) => ({ ...need, scope: String(value) }));
  });
}
