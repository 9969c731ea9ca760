/**
 * Metrics in the text format of Prometheus: what there is, and values to text. No value names a routing key, an address or
 * a peer, of which strangers decide how many there are; what is labelled is named in the folder of the site.
 */

import type { Histogram } from "../lib/histogram.ts";

/** What a metric is. */
export interface Metric {
  /** `counter`: only grows, until the process ends. `histogram`: see {@link Sample.part}. */
  readonly type: "gauge" | "counter" | "histogram";
  /** For people, as a full sentence. */
  readonly help: string;
  /** Names of its labels. */
  readonly labels: readonly string[];
}

/** Name of one of {@link METRICS}. */
export type MetricName = `tendril_${string}`;

/** One value of a metric. */
export interface Sample {
  /** Which one. */
  readonly metric: MetricName;
  /**
   * Of a histogram: how many values are not above a bound, all values added up, and how many there are. A bucket has one
   * more label, its bound.
   */
  readonly part?: "bucket" | "sum" | "count";
  /** In the order of its labels. */
  readonly labels: readonly string[];
  /** Of the unit that its name ends with. */
  readonly value: number;
}

/** Series of one metric; what is beyond is added up under {@link OTHER}. */
export const MAX_SERIES = 1000;
/** Value of the labels of what is beyond. */
const OTHER = "other";
/** Of a second. */
const MICROSECONDS = 1e6;

const gauge = (help: string, ...labels: string[]): Metric => ({ type: "gauge", help, labels });
const counter = (help: string, ...labels: string[]): Metric => ({ type: "counter", help, labels });

/** Of metrics about one version of an adaptor; the digest is cut to what tells it from others. */
const VERSION = ["adaptor", "version", "digest"];

/** All metrics by name. */
export const METRICS: Readonly<Record<MetricName, Metric>> = {
  tendril_info: gauge("Always 1: the site and its program.", "site", "role", "version"),
  tendril_uptime_seconds: gauge("Since the site was started."),
  tendril_resident_memory_bytes: gauge("Memory that the process occupies."),
  tendril_connections: gauge("AMQP connections of the router.", "role", "direction"),
  tendril_amqp_links: gauge("AMQP links on them.", "type", "direction"),
  tendril_amqp_credit: gauge("Deliveries that peers may still send, by the credit that was granted to them."),
  tendril_amqp_unsettled_deliveries: gauge("Deliveries on AMQP links that have no outcome yet.", "direction"),
  tendril_output_queue_bytes: gauge("Octets that wait to be written to peers."),
  tendril_addresses: gauge("Addresses that the router knows."),
  tendril_routers: gauge("Interiors that the router knows, itself included; 0 at an edge."),
  tendril_control_delay_seconds: {
    type: "histogram",
    help: "How long routing messages are in an interior: from when it reads or makes one until it is written.",
    labels: [],
  },
  tendril_link_up: gauge("1 for a Link that is connected.", "link"),
  tendril_link_streams: gauge("Messages and TCP connections that go out over a Link.", "link"),
  tendril_certificate_expiry_timestamp_seconds: gauge("When a certificate expires, since the epoch.", "kind", "name"),
  tendril_listener_open: gauge("1 for a Listener or MultiKeyListener whose port is open.", "listener", "kind"),
  tendril_listener_connections: gauge("Clients of a Listener.", "listener", "kind"),
  tendril_listener_connections_total: counter("Clients that a Listener has had.", "listener", "kind"),
  tendril_listener_requests_total: counter(
    "Requests of its clients, where its adaptor tells them apart.",
    "listener",
    "kind",
  ),
  tendril_listener_received_bytes_total: counter("Octets from clients of a Listener.", "listener", "kind"),
  tendril_listener_sent_bytes_total: counter("Octets to clients of a Listener.", "listener", "kind"),
  tendril_connector_healthy: gauge("0 for a Connector whose health check has failed.", "connector"),
  tendril_connector_connections: gauge("Connections to the target of a Connector.", "connector"),
  tendril_connector_connections_total: counter("Connections to its target that there were.", "connector"),
  tendril_connector_requests_total: counter("Requests to its target, where its adaptor tells them apart.", "connector"),
  tendril_connector_received_bytes_total: counter("Octets from the target of a Connector.", "connector"),
  tendril_connector_sent_bytes_total: counter("Octets to the target of a Connector.", "connector"),
  tendril_adaptor_ready: gauge("1 for an adaptor that is loaded and not quarantined.", "adaptor"),
  tendril_adaptor_faults_total: counter("How often instances of an adaptor broke the rules: traps, too.", "adaptor"),
  tendril_adaptor_canary_ratio: gauge(
    "Part of the new connections that get a version on trial; 0 without one.",
    "adaptor",
  ),
  tendril_adaptor_rollbacks_total: counter("How often a version on trial was rolled back.", "adaptor"),
  tendril_adaptor_calls_total: counter("Inputs that a version of an adaptor was given.", ...VERSION),
  tendril_adaptor_errors_total: counter("Connections that it ended with an error; traps aside.", ...VERSION),
  tendril_adaptor_traps_total: counter("Connections that it ended by a trap, or by running for too long.", ...VERSION),
  tendril_broken_resources: gauge("Resources in the folder of the site that are wrong."),
};

/** `histogram` as samples of `metric`; its sum in whole microseconds. */
export function histogramSamples(metric: MetricName, { buckets, sum }: Histogram): Sample[] {
  const bucket = ([bound, value]: readonly [number, number]): Sample => {
    return { metric, part: "bucket", labels: [bound === Infinity ? "+Inf" : `${bound}`], value };
  };
  return [
    ...buckets.map(bucket),
    { metric, part: "sum", labels: [], value: Math.round(sum * MICROSECONDS) / MICROSECONDS },
    { metric, part: "count", labels: [], value: buckets.at(-1)?.[1] ?? 0 },
  ];
}

/** `samples` of known metrics as text, by metric; what is equal but for its value is added up. */
export function exposition(samples: readonly Sample[]): string {
  const lines: string[] = [];
  for (const [metric, members] of Map.groupBy(samples, ({ metric }) => metric)) {
    const known = METRICS[metric];
    if (known === undefined) throw new Error(`no metric ${metric}`);
    const { type, help, labels } = known;
    lines.push(`# HELP ${metric} ${help}`, `# TYPE ${metric} ${type}`);
    const series = new Map<string, number>();
    for (const { part, labels: values, value } of members) {
      const [suffix, names] = part === undefined
        ? ["", labels]
        : [`_${part}`, part === "bucket" ? [...labels, "le"] : labels];
      const key = suffix + text(names, values);
      const kept = series.has(key) || series.size < MAX_SERIES ? key : suffix + text(names, names.map(() => OTHER));
      series.set(kept, (series.get(kept) ?? 0) + value);
    }
    for (const [key, value] of series) lines.push(`${metric}${key} ${value}`);
  }
  return `${lines.join("\n")}\n`;
}

function text(labels: readonly string[], values: readonly string[]): string {
  if (labels.length === 0) return "";
  const escaped = (value: string) => value.replace(/[\\"]/g, "\\$&").replaceAll("\n", "\\n");
  return `{${labels.map((label, at) => `${label}="${escaped(values[at] ?? "")}"`).join(",")}}`;
}
