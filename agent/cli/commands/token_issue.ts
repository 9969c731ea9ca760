/** `tendril token issue FILE`: a file with which another site may link to this one. */

import { TendrilError } from "../../lib/errors.ts";
import { type Command, defineCommand } from "../command.ts";
import { EXIT } from "../exit_codes.ts";
import { siteFlag } from "../flags.ts";
import type { CliIo } from "../io.ts";
import { shellWords } from "../program_line.ts";
import { writeTokenFile } from "../token_file.ts";

const OWNER_ONLY = 0o600;

/** See the summary. */
export const tokenIssue: Command = defineCommand({
  name: "token issue",
  summary: "write a token with which other sites get a link to this one",
  description:
    "Writes an AccessToken to FILE, for Tendril and Skupper alike; `-` prints it. The running site redeems it over " +
    "HTTPS, at once if it runs already, and hands out a link with a certificate of its own each time. At the same port " +
    "it hands out the program itself, if it has it in one file: then the line is printed with which a developer who has " +
    "only Deno exposes a port, and the SHA-256 of what that loads. The token is as good as a password until it is used up or has expired. An edge accepts no links, so it issues no tokens.",
  positionals: [{ name: "file", placeholder: "FILE", help: "The new file; one that is there is not overwritten." }],
  flags: {
    dir: siteFlag("Folder of the site that will be linked to."),
    "redemptions-allowed": {
      kind: "integer",
      placeholder: "N",
      min: 1,
      max: 1_000_000,
      default: 1,
      help: "How many links may be made with it.",
    },
    "expiration-window": {
      kind: "text",
      placeholder: "DURATION",
      default: "15m",
      help: "How long it is valid, such as 15m, 1h30m or 48h.",
    },
    "grant-host": {
      kind: "text",
      placeholder: "HOST",
      help: "Name or address by which others reach this machine; else an address of the site's certificate.",
    },
    "grant-port": {
      kind: "integer",
      placeholder: "N",
      min: 1,
      max: 65_535,
      help: "Port at which the site redeems tokens; else the one it has, at first 9090.",
    },
    "ca-file": {
      kind: "text",
      placeholder: "CERT",
      help:
        "Also write the CA of the port for tokens to this file, for `deno run --cert`; one that holds it may be there.",
    },
    grant: {
      kind: "text",
      placeholder: "NAME",
      help: "Write the token of the AccessGrant NAME in the folder, which has its own uses, window and host.",
    },
    cost: { kind: "integer", placeholder: "N", min: 1, max: 65_535, default: 1, help: "Cost of the links." },
  },
  examples: [
    {
      title: "let one site link to this one, within a quarter of an hour",
      line: "tendril token issue west.token --dir ./hub --grant-host hub.example.com",
    },
    {
      title: "for a whole batch of devices",
      line: "tendril token issue batch.token --dir ./hub --redemptions-allowed 200 --expiration-window 24h",
    },
    { title: "of an AccessGrant in the folder", line: "tendril token issue west.token --dir ./hub --grant west" },
    {
      title: "for a developer with nothing but Deno: prints the line for them, too",
      line: "tendril token issue dev.token --dir ./hub --grant-host hub.example.com --ca-file ca.crt",
    },
  ],
  exits: ["configuration"],
  permissions: [
    { kind: "read", scope: "DIR", why: "the site's files" },
    { kind: "write", scope: "DIR", why: "the grant, and the certificate of the port for tokens" },
    { kind: "write", scope: "FILE", why: "the token" },
    { kind: "write", scope: "CERT", why: "with --ca-file: the CA", optional: true },
    { kind: "read", scope: "CERT", why: "with --ca-file: whether it holds the CA already", optional: true },
    { kind: "net", scope: "GRANT_HOST:PORT", why: "to see whether the running site redeems it", optional: true },
  ],
  async run({ args, flags, io, logger }) {
    const { issueToken } = await import("../../site/grants/issue_token.ts");
    const { parseGoDuration } = await import("../../lib/go_duration.ts");
    const { usage } = await import("../args.ts");
    if (parseGoDuration(flags["expiration-window"]) === undefined) {
      throw usage("USAGE_FLAG_VALUE", "--expiration-window is no duration", "token issue", "Write 15m, 1h30m or 48h.");
    }
    const written: string[] = [];
    // The token comes last: who has it needs the CA, too.
    const write = async (yaml: string, ca: string) => {
      const caFile = flags["ca-file"];
      if (caFile !== undefined && await writeCaFile(caFile, ca, io)) written.push(caFile);
      await writeTokenFile(args.file, yaml, io);
      if (args.file !== "-") written.push(args.file);
    };
    const takeBack = async (error: unknown): Promise<never> => {
      for (const file of written) await Deno.remove(file);
      throw error;
    };
    if (flags.grant !== undefined) {
      const { findGrant } = await import("../../site/grants/list.ts");
      const { tokenYaml } = await import("../../site/grants/issue_token.ts");
      const grant = await findGrant(flags.dir, flags.grant);
      await write(tokenYaml(grant, flags.cost), grant.ca).catch(takeBack);
      const expires = new Date(grant.expires).toISOString();
      logger.info("token written", { file: args.file, url: new URL(grant.url).origin, uses: grant.allowed, expires });
      return EXIT.ok;
    }
    const [host, port] = [flags["grant-host"], flags["grant-port"]];
    const { parseToken } = await import("../../site/tokens/token_file.ts");
    // A token whose grant could not be written will never be redeemed.
    const token = await issueToken({
      dir: flags.dir,
      redemptions: flags["redemptions-allowed"],
      window: flags["expiration-window"],
      cost: flags.cost,
      ...(host === undefined ? {} : { host }),
      ...(port === undefined ? {} : { port }),
    }, async (yaml) => {
      const made = parseToken(yaml, args.file);
      await write(yaml, made.kind === "access-token" ? made.ca : "");
    }).catch(takeBack);
    if (token.reissued) {
      logger.info("the site's certificate was issued anew to name the host", { host: token.host });
    }
    if (/^(localhost|127\..*|::1)$/.test(token.host)) {
      logger.warn("only this machine can redeem the token", {
        host: token.host,
        next: "Name this machine as others reach it, with --grant-host.",
      });
    }
    if (token.moved) logger.warn("earlier tokens name another port and can't be redeemed any more");
    logger.info("token issued", {
      file: args.file,
      url: new URL(token.url).origin,
      uses: flags["redemptions-allowed"],
      expires: new Date(token.expires).toISOString(),
    });
    const { isServed } = await import("../../site/grants/is_served.ts");
    const served = await isServed(flags.dir, token);
    switch (served.state) {
      case "yes":
        logger.info("the running site redeems it");
        if (served.bundle !== undefined && args.file !== "-") {
          io.stdout(developerLine(args.file, flags["ca-file"], token, served.bundle));
        }
        break;
      case "not running":
        logger.info("it can be redeemed once the site runs", { next: `tendril run ${flags.dir}` });
        break;
      case "no answer":
        logger.warn("from here the site does not answer at the address in the token", {
          url: new URL(token.url).origin,
          next: "See the site's log; --grant-host and --grant-port say how others reach it.",
        });
    }
    return EXIT.ok;
  },
});

/**
 * Writes the CA of the port for tokens to the new file `path`; false when it stands there already. Throws OUTPUT_FILE,
 * also for a file with anything else in it, which is never overwritten.
 */
async function writeCaFile(path: string, ca: string, io: CliIo): Promise<boolean> {
  if (path === "-") {
    io.stdout(ca);
    return false;
  }
  try {
    await Deno.writeTextFile(path, ca, { createNew: true, mode: OWNER_ONLY });
    return true;
  } catch (cause) {
    if (cause instanceof Deno.errors.NotCapable) throw cause;
    const isThere = cause instanceof Deno.errors.AlreadyExists;
    const known = isThere ? await Deno.readTextFile(path).catch(() => undefined) : undefined;
    if (known === ca) return false;
    const why = !isThere
      ? "can't be made"
      : known === undefined
      ? "is there and can't be read"
      : "holds something else";
    throw new TendrilError("OUTPUT_FILE", `can't write the CA of the port for tokens to ${path}, which ${why}`, {
      cause,
      hint: "Choose another name for --ca-file, in a folder that is yours. No token was written.",
    });
  }
}

/** What a developer types who has the token, the CA and Deno. */
function developerLine(file: string, caFile: string | undefined, { url }: { url: string }, sha256: string): string {
  const name = (path: string) => path.replace(/^.*\//, "");
  const [token, ca] = [name(file), name(caFile ?? "ca.crt")];
  const program = new URL("/tendril.js", url);
  const net = `--allow-net=${program.hostname},127.0.0.1:3000`;
  const flags = ["--cert", ca, "--ignore-env", `--allow-read=${token}`, net];
  const line = shellWords(["deno", "run", ...flags, program.href, "expose", "3000", "--token", token]);
  const written = caFile === undefined ? ` (--ca-file ${ca} writes it)` : "";
  return `To expose port 3000 of a machine that has Deno, ${token} and ${ca}${written}:\n  ${line}\n` +
    `SHA-256 of the program: ${sha256}\n`;
}
