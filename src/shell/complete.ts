// Completion of command lines in a shell: the scripts that ask, and the answers from the commands' own definitions.
import { HoneError, ownOf } from '../error.ts'
import { flagOf } from './flags.ts'
import type { Leaf } from './schema.ts'

/** Shell → script that makes it ask `hone complete -- WORDS…`, where the last word is the unfinished one. */
export const scripts: Record<string, string> = {
  bash: `_hone() {
  local IFS=$'\\n'
  COMPREPLY=($(hone complete -- "\${COMP_WORDS[@]:1:COMP_CWORD}"))
  [ \${#COMPREPLY[@]} -gt 0 ] || compopt -o default
}
complete -F _hone hone`,
  zsh: `#compdef hone
_hone() {
  local -a found
  found=(\${(f)"$(hone complete -- "\${(@)words[2,CURRENT]}")"})
  if (( \${#found} )); then compadd -- $found; else _files; fi
}
compdef _hone hone`,
  powershell: `Register-ArgumentCompleter -Native -CommandName hone -ScriptBlock {
  param($word, $line, $cursor)
  $words = @($line.CommandElements | Select-Object -Skip 1 | Where-Object { $_.Extent.StartOffset -lt $cursor } | ForEach-Object { "$_" })
  # Before 7.3 an empty argument is handed on as nothing unless it is quoted twice.
  if ($word -eq '') { $words += if ($PSVersionTable.PSVersion -lt [version]'7.3') { '""' } else { '' } }
  hone complete '--' @words | ForEach-Object { [System.Management.Automation.CompletionResult]::new($_, $_, 'ParameterValue', $_) }
}`,
  fish: `complete -c hone -a '(hone complete -- (commandline -opc)[2..] (commandline -ct))'`,
}

/** The script for a shell. Throws HoneError for a shell that is not in the table. */
export function completionScript(shell: string | undefined): string {
  const script = shell === undefined ? undefined : ownOf(scripts, shell)
  if (script) return script
  throw new HoneError(`Cannot complete for ${shell === undefined ? 'no shell' : `"${shell}"`}`, {
    hint: `usage: hone complete ${Object.keys(scripts).join('|')}`,
  })
}

/** What the last of `words` may become: a flag or one of its values. Empty where the shell should offer files. */
export function completionsOf(leaves: readonly Leaf[], given: readonly string[]): string[] {
  // bash takes the sign between a flag and its value for a word.
  const words = given.filter((word) => word !== '=')
  const last = given.at(-1) === '=' ? '' : (words.at(-1) ?? '')
  const [, flag, value] = /^(--[^=]+)=(.*)$/.exec(last) ?? []
  if (flag !== undefined) return completionsOf(leaves, [flag, value ?? '']).map((each) => `${flag}=${each}`)
  const flags = leaves.filter(({ words }) => !words.positional)
  const before = flags.find((leaf) => flagOf(leaf) === words.at(given.at(-1) === '=' ? -1 : -2))
  const offers =
    before && before.shape.type !== 'boolean'
      ? namesOf(before)
      : last.startsWith('-')
        ? [...flags.map(flagOf), '--help']
        : leaves.filter(({ words }) => words.positional).flatMap(namesOf)
  return offers.filter((each) => each.startsWith(last))
}

/** The names that a setting takes, all or some of what it takes. */
export const namesOf = ({ shape, words }: Leaf): readonly string[] =>
  shape.choices ?? shape.item?.choices ?? words.known ?? []
