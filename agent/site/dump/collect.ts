/**
 * Collects what helps to find a fault from afar: resources, status, network, counters, log. In: a folder, and a client
 * of the site that runs there, if one does. Out: texts by file name, in which no secret of the folder stands.
 */

import { stringify } from "yaml";
import { messageOf } from "../../lib/errors.ts";
import { VERSION } from "../../lib/version.ts";
import { managementAddress, type ManagementClient } from "../../management/client.ts";
import { PROCESS_IDENTITY, PROCESS_TYPE, SITE_IDENTITY, SITE_TYPE } from "../../management/entities.ts";
import { survey } from "../../management/survey.ts";
import type { PlainMap } from "../../management/values.ts";
import { certificateReport } from "../certificates/report.ts";
import { scanDocuments } from "../documents.ts";
import type { SiteReport } from "../report.ts";
import { readFolder } from "../store/folder.ts";
import { Scrubber } from "./scrubber.ts";
import { shownResource } from "./shown_resource.ts";

/** What the local router is asked for, each in a file of its own below `router/`. */
const ENTITIES = ["router", "routerMetrics", "connection", "router.link", "router.address", "router.node"];

/** The files of a dump. `why` says why there is no client. Throws SITE_FOLDER when the folder can't be read. */
export async function collectDump(
  dir: string,
  client: ManagementClient | undefined,
  why: string | undefined,
  now: number,
): Promise<Map<string, string>> {
  const { files, problems } = await readFolder(dir);
  const scrubber = await secretsOf(dir, files);
  const dump = new Map<string, string>();
  const put = async (name: string, make: () => Promise<string> | string) => {
    dump.set(name, await Promise.resolve().then(make).catch((error) => `not to be had: ${messageOf(error)}\n`));
  };
  await put("about.json", () =>
    json({
      created: new Date(now).toISOString(),
      tendril: VERSION,
      deno: Deno.version.deno,
      v8: Deno.version.v8,
      platform: Deno.build.target,
      running: client !== undefined,
      ...(why === undefined ? {} : { why }),
      problems: problems.map(String),
    }));
  for (const [name, text] of files) await put(`resources/${shownName(name)}`, () => shownFile(name, text));
  await put("certificates.json", async () => json(await certificateReport(dir, now)));
  if (client !== undefined) await ask(client, put);
  for (const [name, text] of dump) dump.set(name, scrubber.scrub(text));
  return dump;
}

async function ask(
  client: ManagementClient,
  put: (name: string, make: () => Promise<string>) => Promise<void>,
): Promise<void> {
  const here = managementAddress();
  await put("status.json", async () => shownReport((await client.read(here, SITE_TYPE, SITE_IDENTITY))["report"]));
  let told: PlainMap = {};
  await put("process.json", async () => {
    told = await client.read(here, PROCESS_TYPE, PROCESS_IDENTITY);
    return reparsed(told["process"]);
  });
  await put("log.jsonl", () => {
    const records: unknown[] = JSON.parse(String(told["log"] ?? "[]"));
    return Promise.resolve(records.map((record) => `${JSON.stringify(record)}\n`).join(""));
  });
  await put("network.json", async () => {
    const { ways: _ways, ...network } = await survey(client);
    return json(network);
  });
  for (const type of ENTITIES) await put(`router/${type}.json`, async () => json(await client.query(here, type)));
}

/** What is shown is YAML, whatever the file was. */
function shownName(name: string): string {
  return /\.ya?ml$/.test(name) ? name : `${name}.yaml`;
}

/** The resources of a file, without what is secret; what can't be read may hold anything, and is left out. */
function shownFile(name: string, text: string): string {
  const { documents, problems } = scanDocuments(text, name);
  const faults = problems.map((problem) => `# ${problem}\n`).join("");
  const left = problems.length === 0 ? "" : `${faults}# what can't be read is left out; ${text.length} characters\n`;
  return left + documents.map((document) => `---\n${stringify(shownResource(document), { lineWidth: 0 })}`).join("");
}

/** Every secret in the folder, its tokens and grants included. */
async function secretsOf(dir: string, files: ReadonlyMap<string, string>): Promise<Scrubber> {
  const scrubber = new Scrubber();
  const grants = await readFolder(`${dir}/grants`).then(({ files }) => files, () => new Map<string, string>());
  for (const [name, text] of [...files, ...grants]) {
    for (const { kind, value } of scanDocuments(text, name).documents) {
      if (kind !== "Secret") scrubber.learnFrom(value);
      else {
        scrubber.learnSecret(value["data"], true);
        scrubber.learnSecret(value["stringData"], false);
      }
    }
  }
  return scrubber;
}

function json(value: unknown): string {
  // Counters may be larger than a number of JSON.
  return `${JSON.stringify(value, (_, each) => typeof each === "bigint" ? String(each) : each, 2)}\n`;
}

/** What a site reports, without the digests of its parts: each would confirm a guess at a secret in that part. */
function shownReport(text: unknown): string {
  const { parts, ...report }: SiteReport = JSON.parse(String(text));
  return json({ ...report, parts: parts.map(({ kind, name }) => ({ kind, name })) });
}

function reparsed(text: unknown): string {
  return json(JSON.parse(String(text)));
}
