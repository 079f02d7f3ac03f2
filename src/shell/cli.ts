// From the words on the command line to an exit code: finds the command, reads its flags strictly, reports what goes wrong.
import { allHelp, builtinFlags, builtins, isHelp } from './builtins.ts'
import { argumentsOf, type Command, type CommandTable, loadCommand } from './commands.ts'
import { EXIT, HoneError } from '../error.ts'
import { complain, data, flush, log } from '../out.ts'

export type { CommandTable }

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
  if (first === undefined) {
    log(await allHelp(table, process.stderr))
    return EXIT.usage
  }
  const builtin = builtinFlags[first] ?? (Object.hasOwn(builtins, first) ? builtins[first] : undefined)
  if (builtin) {
    for (const line of await builtin(table, rest)) data(line)
    return EXIT.ok
  }
  if (first.startsWith('-'))
    throw new HoneError(`Unknown flag: ${first}`, { hint: 'a command comes first; run hone --help to see them' })
  if (helpWanted(rest)) return await dispatch(table, ['help', first])
  return await runOne(first, await loadCommand(table, first), rest)
}

async function runOne(name: string, command: Command, argv: readonly string[]): Promise<number> {
  const [{ runCommand }, { EVERYWHERE, strictArguments }] = await Promise.all([import('citty'), import('./flags.ts')])
  const definitions = { ...(await argumentsOf(command)), ...EVERYWHERE }
  let rawArgs: string[]
  try {
    rawArgs = strictArguments(argv, definitions)
  } catch (error) {
    if (!(error instanceof HoneError) || error.hint) throw error
    const { usage } = await import('./help.ts')
    throw new HoneError(error.message, { hint: `usage: ${usage(name, definitions)}` })
  }
  const { setVerbosity } = await import('./notice.ts')
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
  const place = 'path' in error ? ` "${String(error.path)}"` : ''
  const reason = error.message.replace(/^[A-Z0-9]+: /, '').replace(/, \w+( '.*)?$/, '')
  return new HoneError(`Cannot ${String(error.syscall)}${place}: ${reason}`)
}

function helpWanted(argv: readonly string[]): boolean {
  const end = argv.indexOf('--')
  return argv.slice(0, end < 0 ? undefined : end).some(isHelp)
}

/** A message as one line without a full stop. */
const line = (text: string): string =>
  text
    .trim()
    .replace(/\s*\n\s*/g, '; ')
    .replace(/(?<!\.)\.$/, '')
