// From the words on the command line to an exit code: finds the command, reads its flags strictly, reports what goes
// wrong.
import { allHelp, builtinFlags, builtins, helpOf, isHelp, loadCommand } from './builtins.ts'
import type { Around, CommandTable } from './command.ts'
import { EXIT, HoneError, ownOf } from '../error.ts'
import { complain, data, detail, flush, log } from '../out.ts'

/** What is looked at before a command runs. @throws HoneError for what no command may pass over. */
export type Check = (environment: Record<string, string | undefined>) => Promise<void>

/** Run one command line and set the exit code of the process. Never throws. */
export async function runCli(table: CommandTable, argv: readonly string[], check?: Check): Promise<void> {
  let code: number
  try {
    code = await dispatch(table, argv, check)
    flush()
    const seconds = (performance.now() / 1000).toFixed(2)
    detail(`done in ${seconds} s, peak memory ${(process.resourceUsage().maxRSS / 2 ** 20).toFixed(2)} GiB`)
  } catch (error) {
    code = await report(error)
  }
  process.exitCode = code
}

async function dispatch(table: CommandTable, argv: readonly string[], check?: Check): Promise<number> {
  const [first, ...rest] = argv
  if (first === undefined) {
    log(await allHelp(table, process.stderr))
    return EXIT.usage
  }
  const builtin = ownOf(builtinFlags, first) ?? ownOf(builtins, first)
  if (builtin) {
    for (const line of await builtin(table, rest)) data(line)
    return EXIT.ok
  }
  if (first.startsWith('-'))
    throw new HoneError(`Unknown flag: ${first}`, { hint: 'a command comes first; run hone --help to see them' })
  const command = await loadCommand(table, first)
  const end = rest.indexOf('--')
  if (rest.slice(0, end < 0 ? undefined : end).some(isHelp)) {
    data(await helpOf(first, command, rest, process.stdout))
    return EXIT.ok
  }
  const [{ runCommand }, { strictArguments }, { usage }] = await Promise.all([
    import('citty'),
    import('./flags.ts'),
    import('./help.ts'),
  ])
  const used = `usage: ${usage(first, command.leaves)}`
  const rawArgs = strictArguments(rest, command.leaves, used)
  if (!command.tellsOfVariables) await check?.(process.env)
  const { result } = await runCommand(command, { rawArgs, data: { usage: used, table } satisfies Around })
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

/** A message as one line. */
function line(text: string): string {
  const short = text.length > LONGEST ? `${text.slice(0, LONGEST)}…` : text
  return short.trim().replace(/\s*\n\s*/g, '; ')
}

/** Characters of a message: it may hold what a file says. */
const LONGEST = 2000
