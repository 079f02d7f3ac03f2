// The commands about commands: version, help and shell completion. Each loads no more than it needs to answer.
import { argumentsOf, type CommandTable, describe, loadCommand } from './commands.ts'
import { HoneError } from '../error.ts'

/** Words after the name → lines of data. */
export type Builtin = (table: CommandTable, words: string[]) => Promise<string[]>

export const builtins: Record<string, Builtin> = { version, help, complete }

/** Flags that stand where a command would. */
export const builtinFlags: Record<string, Builtin> = { '--version': version, '-V': version, '--help': help, '-h': help }

export const isHelp = (word: string): boolean => word === '--help' || word === '-h'

/** The list of commands, for whichever stream it goes to. */
export async function allHelp(table: CommandTable, stream: NodeJS.WriteStream): Promise<string> {
  const { commandList } = await import('./help.ts')
  const described = Object.keys(table).map(async (name) => await describe(name, await loadCommand(table, name)))
  return commandList(await Promise.all(described), stream)
}

async function version(_table: CommandTable, [extra]: string[]): Promise<string[]> {
  refuse(extra, 'hone --version')
  return [(await import('./version.ts')).version]
}

/** `hone help`, `hone help NAME`, `hone help --json`. */
async function help(table: CommandTable, words: string[]): Promise<string[]> {
  const [topic, extra] = words.filter((word) => !isHelp(word))
  refuse(extra, 'hone help [COMMAND | --json]')
  if (topic === undefined) return [await allHelp(table, process.stdout)]
  if (topic === '--json') {
    const commands = Object.keys(table).map(async (name) => {
      const command = await loadCommand(table, name)
      return { ...(await describe(name, command)), arguments: await argumentsOf(command) }
    })
    return [JSON.stringify(await Promise.all(commands), null, 2)]
  }
  const { commandHelp } = await import('./help.ts')
  const command = await loadCommand(table, topic)
  return [commandHelp(await describe(topic, command), await argumentsOf(command), process.stdout)]
}

/** `hone complete SHELL` gives the script, `hone complete -- WORDS…` what the last word may become. */
async function complete(table: CommandTable, [first, ...words]: string[]): Promise<string[]> {
  const { completionScript, flagCompletions } = await import('./complete.ts')
  if (first !== '--') return [completionScript(first)]
  const [name = '', ...rest] = words
  if (rest.length === 0)
    return [...Object.keys(table), ...Object.keys(builtins)].filter((each) => each.startsWith(name))
  return Object.hasOwn(table, name) ? flagCompletions(await argumentsOf(await loadCommand(table, name)), rest) : []
}

function refuse(extra: string | undefined, usage: string): void {
  if (extra !== undefined) throw new HoneError(`Unexpected argument "${extra}"`, { hint: `usage: ${usage}` })
}
