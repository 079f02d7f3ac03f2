// From the words on the command line to an exit code: finds the command, reads its flags strictly, reports what goes wrong.
import type { ArgsDef, CommandDef, SubCommandsDef } from 'citty'
import { EXIT, HoneError, nearest } from './error.ts'
import { complain, data, flush, log } from './out.ts'

/**
 * Name → lazy import of a citty command. A command's `run` throws HoneError for what is wrong, and may return an exit code
 * (`EXIT.no` when the answer is no); anything else it returns is ignored.
 */
export type CommandTable = SubCommandsDef

/** Run one command line and set the exit code of the process. Never throws. */
export async function runCli(table: CommandTable, argv: readonly string[]): Promise<void> {
  let code: number
  try {
    code = await dispatch(table, argv)
    flush()
  } catch (error) {
    code = await report(error)
  }
  process.exitCode = code
}

async function dispatch(table: CommandTable, argv: readonly string[]): Promise<number> {
  const [first, ...rest] = argv
  if (first === '--version' || first === '-V') {
    const { version } = await import('./version.ts')
    data(version)
    return EXIT.ok
  }
  if (first === undefined) {
    log(await allHelp(table, process.stderr))
    return EXIT.usage
  }
  if (isHelp(first) || first === 'help') {
    data(
      await help(
        table,
        rest.filter((word) => !isHelp(word)),
      ),
    )
    return EXIT.ok
  }
  if (first.startsWith('-'))
    throw new HoneError(`Unknown flag ${first}`, { hint: 'a command comes first; run hone --help to see them' })
  if (helpWanted(rest)) {
    data(await oneHelp(table, first))
    return EXIT.ok
  }
  return await runOne(first, await load(table, first), rest)
}

async function runOne(name: string, command: Command, argv: readonly string[]): Promise<number> {
  const [{ runCommand }, { EVERYWHERE, strictArguments }] = await Promise.all([import('citty'), import('./flags.ts')])
  const { setVerbosity } = await import('./notice.ts')
  const definitions = { ...(await resolve<ArgsDef>(command.args ?? {})), ...EVERYWHERE }
  let rawArgs: string[]
  try {
    rawArgs = strictArguments(argv, definitions)
  } catch (error) {
    if (!(error instanceof HoneError) || error.hint) throw error
    const { usage } = await import('./help.ts')
    throw new HoneError(error.message, { hint: `usage: ${usage(name, definitions)}` })
  }
  const flags = rawArgs.slice(0, rawArgs.indexOf('--'))
  setVerbosity(flags.includes('--quiet') ? 'quiet' : flags.includes('--verbose') ? 'verbose' : 'normal')
  const { result } = await runCommand(command, { rawArgs })
  return typeof result === 'number' ? result : EXIT.ok
}

/** Print an error for a person and return its exit code. */
async function report(error: unknown): Promise<number> {
  const expected = error instanceof HoneError ? error : systemError(error)
  try {
    flush()
  } catch {
    // Whatever stops the data from being written is being reported already.
  }
  const { notice } = await import('./notice.ts')
  if (expected) {
    notice.error(line(expected.at === undefined ? expected.message : `${expected.at}: ${expected.message}`))
    if (expected.hint) complain(`\nhint: ${line(expected.hint)}`)
  } else {
    notice.error(`unexpected ${String(error)}`)
    complain('\nhint: this is a bug in hone; please report it with the command line and the output of HONE_DEBUG=1')
  }
  if (process.env['HONE_DEBUG'] === '1' && error instanceof Error) complain(`\n${Bun.inspect(error)}`)
  return expected ? expected.exit : EXIT.bug
}

/** What the operating system refuses (a missing file, a full disk) is the user's to mend, not a bug. */
function systemError(error: unknown): HoneError | undefined {
  if (!(error instanceof Error) || !('code' in error) || !('syscall' in error)) return undefined
  return new HoneError(
    `Cannot ${String(error.syscall)}${'path' in error ? ` "${String(error.path)}"` : ''}: ${error.message.replace(/^[A-Z0-9]+: /, '').replace(/, \w+( '.*)?$/, '')}`,
  )
}

type Command = CommandDef<ArgsDef>

async function load(table: CommandTable, name: string): Promise<Command> {
  const entry = Object.hasOwn(table, name) ? table[name] : undefined
  if (entry === undefined) {
    const near = nearest(name, Object.keys(table))
    throw new HoneError(`Unknown command "${name}"`, {
      hint: near ? `did you mean ${near}?` : 'run hone --help to see the commands',
    })
  }
  return await resolve<Command>(entry)
}

/** citty lets every part be a value, a promise or a function that gives one. */
async function resolve<T>(input: T | Promise<T> | (() => T | Promise<T>)): Promise<T> {
  return await (input instanceof Function ? input() : input)
}

const isHelp = (word: string): boolean => word === '--help' || word === '-h'

function helpWanted(argv: readonly string[]): boolean {
  const end = argv.indexOf('--')
  return argv.slice(0, end < 0 ? undefined : end).some(isHelp)
}

/** `hone help`, `hone help NAME`, `hone help --json`. */
async function help(table: CommandTable, [topic, extra]: string[]): Promise<string> {
  if (extra !== undefined)
    throw new HoneError(`Unexpected argument "${extra}"`, { hint: 'usage: hone help [COMMAND | --json]' })
  if (topic === undefined) return await allHelp(table, process.stdout)
  if (topic !== '--json') return await oneHelp(table, topic)
  const commands = Object.keys(table).map(async (name) => {
    const command = await load(table, name)
    return { ...(await describe(name, command)), arguments: await resolve<ArgsDef>(command.args ?? {}) }
  })
  return JSON.stringify(await Promise.all(commands), null, 2)
}

async function allHelp(table: CommandTable, stream: NodeJS.WriteStream): Promise<string> {
  const { commandList } = await import('./help.ts')
  const described = await Promise.all(
    Object.keys(table).map(async (name) => await describe(name, await load(table, name))),
  )
  return commandList(described, stream)
}

async function oneHelp(table: CommandTable, name: string): Promise<string> {
  const { commandHelp } = await import('./help.ts')
  const command = await load(table, name)
  return commandHelp(await describe(name, command), await resolve<ArgsDef>(command.args ?? {}), process.stdout)
}

async function describe(name: string, command: Command) {
  const meta = await resolve(command.meta ?? {})
  return { name, description: meta.description ?? '' }
}

/** A message as one line without a full stop. */
const line = (text: string): string =>
  text
    .trim()
    .replace(/\s*\n\s*/g, '; ')
    .replace(/(?<!\.)\.$/, '')
