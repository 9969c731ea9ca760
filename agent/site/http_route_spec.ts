/** How requests of HTTP are routed, as values: what a HttpRoute boils down to. */

/** A text that is compared as it is, or with a pattern in which `*` stands for any characters. */
export interface TextMatch {
  /** Name of the field or parameter. */
  readonly name: string;
  /** `Present`: it is there, whatever it says. */
  readonly type: "Exact" | "Pattern" | "Present";
  /** Not used for `Present`. */
  readonly value: string;
}

/** A path that is looked for; `PathPrefix` goes by whole segments. */
export interface PathMatch {
  /** How the value is meant. */
  readonly type: "Exact" | "PathPrefix" | "Pattern";
  /** Begins with `/`. */
  readonly value: string;
}

/** Conditions of which all must hold. */
export interface HttpMatch {
  /** A host name, or `*.` and one: any name below it. Lower case. */
  readonly host?: string;
  /** Of the path, without the query. */
  readonly path?: PathMatch;
  /** The method. */
  readonly method?: string;
  /** Of fields of the request. */
  readonly headers: readonly TextMatch[];
  /** Of parameters of the query. */
  readonly queryParams: readonly TextMatch[];
}

/** Where requests may go. */
export interface HttpBackend {
  /** Address in the network. */
  readonly routingKey: string;
  /** Share of the requests; none with 0. */
  readonly weight: number;
}

/** How one backend of several is chosen. */
export type HttpStrategy = "RoundRobin" | "Weighted" | "LeastOutstanding" | "Priority" | "Sticky";

/** What keeps a client at one backend. */
export interface Stickiness {
  /** `Source`: its address. */
  readonly by: "Cookie" | "Header" | "Source";
  /** Of the cookie or header. */
  readonly name: string;
}

/** What is done to the fields of a head: removed first, then set, then added. */
export interface FieldEdits {
  /** Replaces all fields of that name. */
  readonly set: ReadonlyArray<readonly [string, string]>;
  /** Comes besides those that are there. */
  readonly add: ReadonlyArray<readonly [string, string]>;
  /** Lower case. */
  readonly remove: readonly string[];
}

/** What the server sees instead of what the client said. */
export interface HttpRewrite {
  /** The host. */
  readonly host?: string;
  /** The whole path; the query stays. */
  readonly replaceFullPath?: string;
  /** What stands instead of the prefix that matched. */
  readonly replacePrefixMatch?: string;
}

/** When a backend gets no requests for a while. */
export interface CircuitSpec {
  /** Failures in a row that open the circuit; never for 0. */
  readonly consecutiveFailures: number;
  /** Percentage of requests within the interval whose failure opens it; never for 0. */
  readonly errorPercent: number;
  /** Requests within the interval below which that percentage means nothing. */
  readonly minimumRequests: number;
  /** Length of the interval. */
  readonly intervalSeconds: number;
  /** How long it stays open. */
  readonly openSeconds: number;
  /** Probes at a time after that. */
  readonly halfOpenRequests: number;
}

/** Whether servers are told of the client. */
export interface ForwardedSpec {
  /** In which fields. */
  readonly fields: "Forwarded" | "XForwarded" | "Both";
  /** Addresses, or networks in CIDR form, whose own such fields are believed and added to. */
  readonly trusted: readonly string[];
}

/** One rule. */
export interface HttpRule {
  /** What status and log call it. */
  readonly name: string;
  /** Any of these must hold; without any, the rule is for all requests. */
  readonly matches: readonly HttpMatch[];
  /** None: the routing key of the listener. */
  readonly backends: readonly HttpBackend[];
  /** How one of those is chosen. */
  readonly strategy: HttpStrategy;
  /** For the strategy `Sticky`. */
  readonly sticky?: Stickiness;
  /** The status of an answer that is given here, instead of passing the request on. */
  readonly answer?: number;
  /** What the server sees. */
  readonly rewrite?: HttpRewrite;
  /** Of the request. */
  readonly requestHeaders?: FieldEdits;
  /** Of the response. */
  readonly responseHeaders?: FieldEdits;
  /** From the latest octet of the request until the response begins; 0 for as long as the adaptor waits. */
  readonly responseSeconds: number;
  /** Without an octet of a response that has begun; 0 for ever. */
  readonly idleSeconds: number;
  /** How often a request is sent again, where that does no harm. */
  readonly retries: number;
  /** Absent: a backend that fails is asked again. */
  readonly circuit?: CircuitSpec;
  /** Absent: what the client says of that is passed on. */
  readonly forwarded?: ForwardedSpec;
}

/** One HttpRoute. */
export interface HttpRouteSpec {
  /** Its name. */
  readonly name: string;
  /** Names of the Listeners it is for. */
  readonly listeners: readonly string[];
  /** The first that fits a request decides. */
  readonly rules: readonly HttpRule[];
  /** What servers are told of the clients of requests that no rule fits. */
  readonly forwarded?: ForwardedSpec;
}

/** What a line of the access log shows of the target; `off` for no lines. */
export type AccessLog = "off" | "path" | "query";
