/** `tendril completion bash|zsh|fish`: teaches a shell to complete command lines. */

import { type Command, defineCommand } from "../command.ts";
import { SCRIPTS, type Shell, SHELLS } from "../completion/scripts.ts";
import { EXIT } from "../exit_codes.ts";
import type { GivenSite } from "../namespace.ts";

const INSTALL: Readonly<Record<Shell, string>> = {
  bash: "Put `source <(tendril completion bash)` into ~/.bashrc.",
  zsh: "Put `source <(tendril completion zsh)` into ~/.zshrc, after compinit.",
  fish: "Put `tendril completion fish | source` into ~/.config/fish/config.fish.",
};

/** See the head of the file. */
export const completionCommands: readonly Command[] = SHELLS.map((shell) =>
  defineCommand({
    name: `completion ${shell}`,
    summary: `print what makes ${shell} complete the words of tendril`,
    description:
      `${
        INSTALL[shell]
      } Commands, flags, their values, kinds and routing keys are completed, and the names of the resources ` +
      "in the folder of the site that --dir or -n names. The script asks this command again at each Tab, with the words so far.",
    positionals: [],
    flags: {
      word: { kind: "list", placeholder: "WORD", help: "For the script: a word so far; the last is being typed." },
    },
    examples: [
      { title: "the script", line: `tendril completion ${shell}` },
      { title: "what may follow", line: `tendril completion ${shell} --word=link --word=` },
    ],
    exits: [],
    permissions: [{ kind: "read", scope: "DIR", why: "names of the resources of a site", optional: true }],
    async run({ flags, io }) {
      if (flags.word.length === 0) {
        io.stdout(SCRIPTS[shell]);
        return EXIT.ok;
      }
      const { candidates } = await import("../completion/candidates.ts");
      const { namesIn } = await import("../completion/names.ts");
      const { KINDS } = await import("../../site/resources/kinds.ts");
      const { commands } = await import("../table.ts");
      const { folderMeant } = await import("../namespace.ts");
      const { knownNamespacesFolder, namespacesIn } = await import("../namespaces_folder.ts");
      const lookup = {
        names: async (given: GivenSite) => {
          const dir = await folderMeant(given, io);
          return dir === undefined ? [] : await namesIn(dir);
        },
        namespaces: async () => {
          const root = await knownNamespacesFolder(io);
          return root === undefined ? [] : await namespacesIn(root).catch(() => []);
        },
      };
      const { words, paths } = await candidates(commands, flags.word, lookup, KINDS.map(({ kind }) => kind));
      for (const { word, what } of words) io.stdout(`${word}\t${what.replaceAll(/\s+/g, " ")}\n`);
      if (paths !== "none") io.stdout(paths === "files" ? ":files\n" : ":dirs\n");
      return EXIT.ok;
    },
  })
);
