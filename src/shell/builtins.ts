// What is known of commands before one is chosen: their help, the version and shell completion. Each loads no more than it needs to answer.
import { HoneError, lookup } from '../error.ts'
import type { Command, CommandTable } from './command.ts'

/** Words after the name → lines of data. */
export type Builtin = (table: CommandTable, words: string[]) => Promise<string[]>

export const builtins: Record<string, Builtin> = { version, complete }

/** Flags that stand where a command would. */
export const builtinFlags: Record<string, Builtin> = { '--version': version, '-V': version, '--help': help, '-h': help }

export const isHelp = (word: string): boolean => word === '--help' || word === '-h'

/** Throws HoneError with the nearest name where there is no such command. */
export async function loadCommand(table: CommandTable, name: string): Promise<Command> {
  return await lookup(table, 'command', name, { hint: 'run hone --help to see the commands' })()
}

/** The list of commands, for whichever stream it goes to. */
export async function allHelp(table: CommandTable, stream: NodeJS.WriteStream): Promise<string> {
  const { commandList } = await import('./help.ts')
  return commandList(await loadAll(table), stream)
}

/**
 * The page of a command, with the values that are in force where `argv` stands beside --help; a wrong flag there is no
 * matter.
 */
export async function helpOf(
  name: string,
  command: Command,
  argv: readonly string[],
  stream: NodeJS.WriteStream,
): Promise<string> {
  const [{ parseArgs }, { strictArguments }, { commandHelp }] = await Promise.all([
    import('citty'),
    import('./flags.ts'),
    import('./help.ts'),
  ])
  let rawArgs: string[] = []
  try {
    const words = argv.filter((word) => !isHelp(word))
    rawArgs = strictArguments(words, command.leaves, '')
  } catch (error) {
    if (!(error instanceof HoneError)) throw error
  }
  return commandHelp(name, command, command.inForce(parseArgs(rawArgs, command.args)), stream)
}

/** Every command, loaded. */
export async function loadAll(table: CommandTable): Promise<[string, Command][]> {
  return await Promise.all(
    Object.keys(table).map(async (name): Promise<[string, Command]> => [name, await loadCommand(table, name)]),
  )
}

async function version(_table: CommandTable, [extra]: string[]): Promise<string[]> {
  refuse(extra, 'hone --version')
  return [(await import('./version.ts')).fullVersion]
}

/** `hone --help`. */
async function help(table: CommandTable, [extra]: string[]): Promise<string[]> {
  refuse(extra, 'hone --help')
  return [await allHelp(table, process.stdout)]
}

/** `hone complete SHELL` gives the script, `hone complete -- WORDS…` what the last word may become. */
async function complete(table: CommandTable, [first, ...words]: string[]): Promise<string[]> {
  const { completionScript, completionsOf, scripts } = await import('./complete.ts')
  if (first !== undefined && isHelp(first))
    return [
      `Usage: hone complete ${Object.keys(scripts).join('|')}`,
      '',
      'A script for completion: eval "$(hone complete bash)" in a profile.',
    ]
  if (first !== '--') return [completionScript(first)]
  const [name = '', ...rest] = words
  const matching = (names: string[]) => names.filter((each) => each.startsWith(rest.at(-1) ?? name))
  if (rest.length === 0) return matching([...Object.keys(table), ...Object.keys(builtins)])
  if (name === 'complete') return matching(Object.keys(scripts))
  const found = Object.hasOwn(table, name) ? completionsOf((await loadCommand(table, name)).leaves, rest) : []
  return name === 'help' ? [...matching(Object.keys(table)), ...found] : found
}

function refuse(extra: string | undefined, usage: string): void {
  if (extra !== undefined) throw new HoneError(`Unexpected argument "${extra}"`, { hint: `usage: ${usage}` })
}
