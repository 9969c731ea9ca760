/**
 * What a shell has to be told so that it asks this program for candidates. Each script calls
 * `tendril completion SHELL --word=W …`, whose lines are a word, a tab and what it is; `:files` and `:dirs` ask the
 * shell for names of its own.
 */

/** The shells. */
export const SHELLS = ["bash", "zsh", "fish"] as const;

/** One of {@link SHELLS}. */
export type Shell = (typeof SHELLS)[number];

/** The script for each. */
export const SCRIPTS: Readonly<Record<Shell, string>> = {
  bash: `# bash completion of tendril
_tendril() {
  local current word line
  local -a asked=()
  for word in "\${COMP_WORDS[@]:1:COMP_CWORD}"; do
    # What was typed to keep a word together is no part of it.
    case "$word" in
      [\\"\\']*) word="\${word:1}"; word="\${word%[\\"\\']}" ;;
      *) IFS= read word <<< "$word" ;;
    esac
    asked+=("--word=$word")
  done
  current="$word"
  [ "$current" = "=" ] && current=""
  COMPREPLY=()
  while IFS= read -r line; do
    case "$line" in
      :files)
        compopt -o filenames 2>/dev/null
        while IFS= read -r word; do COMPREPLY+=("$word"); done < <(compgen -f -- "$current")
        ;;
      :dirs)
        compopt -o filenames 2>/dev/null
        while IFS= read -r word; do COMPREPLY+=("$word"); done < <(compgen -d -- "$current")
        ;;
      *) COMPREPLY+=("\${line%%$'\\t'*}") ;;
    esac
  done < <("$1" completion bash "\${asked[@]}" 2>/dev/null)
}
complete -F _tendril tendril
`,
  zsh: `#compdef tendril
# zsh completion of tendril
_tendril() {
  local word line
  local -a asked described
  for word in "\${(@)words[2,CURRENT]}"; do asked+=("--word=\${(Q)word}"); done
  while IFS= read -r line; do
    case "$line" in
      :files|:dirs)
        # The shell completes what follows --flag=, not the whole word.
        [[ "$PREFIX" == -*=* ]] && compset -P 1 '*='
        if [[ "$line" == :dirs ]]; then _files -/; else _files; fi
        ;;
      *) described+=("\${\${line%%$'\\t'*}//:/\\\\:}:\${line#*$'\\t'}") ;;
    esac
  done < <("\${words[1]}" completion zsh "\${asked[@]}" 2>/dev/null)
  (( \${#described} )) && _describe tendril described
}
if [ "\${funcstack[1]}" = "_tendril" ]; then _tendril "$@"; else compdef _tendril tendril; fi
`,
  fish: `# fish completion of tendril
function __tendril_complete
  set -l before (commandline -opc)
  set -l current (commandline -ct)
  set -l asked
  for word in $before[2..-1]
    set -a asked "--word=$word"
  end
  set -a asked "--word=$current"
  for line in ($before[1] completion fish $asked 2>/dev/null)
    switch $line
      case ':files'
        __fish_complete_path $current
      case ':dirs'
        __fish_complete_directories $current
      case '*'
        printf '%s\\n' $line
    end
  end
end
complete -c tendril -f -a '(__tendril_complete)'
`,
};
