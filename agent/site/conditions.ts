/** Conditions as Skupper shapes them, and the one status that they add up to (control-plane 1.0). */

/** Where a resource or one of its conditions stands. */
export type Standing = "Ready" | "Pending" | "Error";

/** One condition. */
export interface Condition {
  /** What it is about: Configured, Matched, Operational, Resolved, Running, Ready. */
  readonly type: string;
  /** `Unknown` where this site can't know; such a condition decides nothing. */
  readonly status: "True" | "False" | "Unknown";
  /** `Ready` when it is true; else whether there is something to be mended. */
  readonly reason: Standing;
  /** "OK", or why it is not. */
  readonly message: string;
  /** When its status last changed, in ISO 8601; absent before that was noted. */
  readonly lastTransitionTime?: string;
}

/** What a resource comes to. */
export interface ResourceStatus {
  /** Its kind. */
  readonly kind: string;
  /** Its name. */
  readonly name: string;
  /** That of the first condition that is not true. */
  readonly status: Standing;
  /** "OK", or that condition's message. */
  readonly message: string;
  /** What to do about it, as a full sentence; empty when it is ready. */
  readonly next: string;
  /** In the order in which they decide; `Ready`, which sums them up, last. */
  readonly conditions: readonly Condition[];
  /** What else there is to know, by the names that Skupper has for it where it has one. */
  readonly details: Readonly<Record<string, string | number | boolean | null | readonly unknown[]>>;
}

/** A condition before it is summed up, with what to do when it is false. */
export interface Finding extends Condition {
  /** As a full sentence. */
  readonly next: string;
}

/** A condition that holds. */
export function holds(type: string): Finding {
  return { type, status: "True", reason: "Ready", message: "OK", next: "" };
}

/** A condition that does not, and what to do. */
export function fails(type: string, reason: "Pending" | "Error", message: string, next: string): Finding {
  return { type, status: "False", reason, message, next };
}

/** A condition of which this site can't know. */
export function unknown(type: string, message: string): Finding {
  return { type, status: "Unknown", reason: "Pending", message, next: "" };
}

/** The status that `findings` add up to. */
export function conclude(
  kind: string,
  name: string,
  findings: readonly Finding[],
  details: ResourceStatus["details"] = {},
): ResourceStatus {
  const first = findings.find(({ status }) => status === "False");
  const { reason: status, message, next } = first ?? holds("Ready");
  const conditions = findings.map(({ next: _next, ...condition }) => condition);
  const ready = {
    type: "Ready",
    status: first === undefined ? "True" as const : "False" as const,
    reason: status,
    message,
  };
  return { kind, name, status, message, next, conditions: [...conditions, ready], details };
}

/** Remembers since when conditions are what they are. */
export class Transitions {
  #since = new Map<string, { readonly status: string; readonly time: string }>();

  /** `resources` with the times of their conditions, of which those that are new or changed get `now`. */
  stamp(resources: readonly ResourceStatus[], now: Date): ResourceStatus[] {
    const before = this.#since;
    const after: typeof before = new Map();
    const stamped = resources.map((resource) => ({
      ...resource,
      conditions: resource.conditions.map((condition) => {
        const key = `${resource.kind} ${resource.name} ${condition.type}`;
        const known = before.get(key);
        const time = known?.status === condition.status ? known.time : now.toISOString();
        after.set(key, { status: condition.status, time });
        return { ...condition, lastTransitionTime: time };
      }),
    }));
    this.#since = after;
    return stamped;
  }
}
