/** Completion in real shells: each loads the script that the program prints, and asks it. */

import assert from "node:assert/strict";
import { shellWords } from "../../agent/cli/program_line.ts";
import { run } from "../support/processes.ts";
import { testWith } from "../support/programs.ts";
import { programFile } from "../support/shells.ts";
import { resource } from "../support/site_folder.ts";
import { tendrilArgs } from "../support/tendril.ts";

/** What may stand next, in place of the last word. */
type Ask = (...words: string[]) => Promise<string[]>;

/** Completes `words` in a script for a shell that prints one candidate a line. */
async function complete(
  shell: string,
  script: (words: readonly string[]) => string,
  more: (ask: Ask) => Promise<void> = () => Promise.resolve(),
): Promise<void> {
  const dir = await Deno.makeTempDir();
  try {
    await Deno.mkdir(`${dir}/west`);
    const services = [{ key: "shop", port: 1 }, { key: "stock", port: 2 }].map((each) => resource("Listener", each));
    await Deno.writeTextFile(`${dir}/west/services.yaml`, services.join("---\n"));
    await Deno.writeTextFile(`${dir}/west.token`, "");
    await Deno.writeTextFile(`${dir}/my west.token`, "");
    const args = tendrilArgs(["--ignore-env", "--no-prompt", "--allow-read=."], []);
    await programFile(dir, shellWords([Deno.execPath(), ...args]));
    const env = { PATH: `${dir}:${Deno.env.get("PATH")}`, HOME: dir };
    const ask: Ask = async (...words) => {
      const { stdout, stderr } = await run(shell, ["-c", script(words)], { cwd: dir, env });
      assert.equal(stderr, "");
      return stdout.split("\n").map((line) => line.split("\t")[0]!).filter((word) => word !== "");
    };
    assert.deepEqual(await ask("tendril", "listener", "st"), ["status"]);
    assert.deepEqual(await ask("tendril", "listener", "update", "--dir", "west", "sh"), ["shop"]);
    assert.deepEqual((await ask("tendril", "status", "--output", "")).sort(), ["json", "table", "yaml"]);
    assert.ok((await ask("tendril", "debug", "check", "--ti")).includes("--timeout"));
    assert.ok((await ask("tendril", "token", "inspect", "west.t")).includes("west.token"), "files");
    assert.deepEqual(await ask("tendril", "run", "we"), [shell.endsWith("fish") ? "west/" : "west"], "folders alone");
    assert.ok((await ask("tendril", "--log-level", "")).includes("debug"));
    assert.deepEqual(await ask("tendril", "--log-level", "debug", "stat"), ["status"]);
    await more(ask);
  } finally {
    await Deno.remove(dir, { recursive: true });
  }
}

testWith(["bash"], "completion: bash completes commands, flags, values, names and files", async ({ bash }) => {
  await complete(bash!, (words) =>
    [
      "source <(tendril completion bash)",
      "complete -p tendril >/dev/null || exit 1",
      `COMP_WORDS=(${words.map((word) => `'${word}'`).join(" ")}); COMP_CWORD=${words.length - 1}`,
      `_tendril tendril; printf '%s\\n' "\${COMPREPLY[@]}"`,
    ].join("\n"), async (ask) => {
    assert.deepEqual(await ask("tendril", "--log-level", "=", "debug", "stat"), ["status"], "words as bash cuts them");
    for (const typed of ["my\\ w", '"my w']) {
      assert.deepEqual(await ask("tendril", "token", "inspect", typed), ["my west.token"], typed);
    }
  });
});

testWith(["zsh"], "completion: zsh loads the script, and gets the candidates by it", async ({ zsh }) => {
  // The widgets of zsh need a terminal: what they would show is printed by functions in their place.
  await complete(zsh!, (words) =>
    [
      "compdef() { :; }",
      `_describe() { for each in "\${(@P)2}"; do print -r -- "\${each%%:*}"; done }`,
      `_files() { [ "$1" = -/ ] && print -rl -- \${words[CURRENT]}*(/) || print -rl -- \${words[CURRENT]}* }`,
      "source <(tendril completion zsh)",
      `words=(${words.map((word) => `'${word}'`).join(" ")}); CURRENT=${words.length}`,
      "_tendril",
    ].join("\n"));
});

testWith(["zsh"], "completion: zsh completes a folder behind an equals sign, at a terminal", async ({ zsh }) => {
  const dir = await Deno.makeTempDir();
  try {
    await Deno.mkdir(`${dir}/westward`);
    await programFile(dir, shellWords([Deno.execPath(), ...tendrilArgs(["--ignore-env", "--no-prompt"], [])]));
    // Ctrl-X writes down what stands on the line then.
    await Deno.writeTextFile(
      `${dir}/.zshrc`,
      [
        "autoload -Uz compinit && compinit -u -D",
        "source <(tendril completion zsh)",
        "told() { print -r -- $BUFFER > told }",
        "zle -N told && bindkey '^X' told",
        "told-ready() { print ready > ready }; zle -N zle-line-init told-ready",
      ].join("\n"),
    );
    const script = [
      "zmodload zsh/zpty",
      "appears() { for try in {1..400}; do [[ -s $1 ]] && return; sleep 0.05; done; return 1 }",
      `zpty terminal ${zsh} -i`,
      "appears ready || exit 1",
      "zpty -w -n terminal $'tendril status --dir=west\\t\\x18'",
      "appears told && cat told",
      "zpty -d terminal",
    ].join("\n");
    const env = { PATH: `${dir}:${Deno.env.get("PATH")}`, HOME: dir, ZDOTDIR: dir, TERM: "dumb" };
    const { stdout, stderr } = await run(zsh!, ["-fc", script], { cwd: dir, env });
    assert.equal(stdout, "tendril status --dir=westward/\n", stderr);
  } finally {
    await Deno.remove(dir, { recursive: true });
  }
});

testWith(["fish"], "completion: fish completes by the script", async ({ fish }) => {
  await complete(fish!, (words) => `tendril completion fish | source; complete -C '${words.join(" ")}'`);
});
