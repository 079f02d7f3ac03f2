// Runs hone as a user does: from source, and from the binary where a current one has been built.
import { describe } from 'bun:test'
import { existsSync, readdirSync, statSync } from 'node:fs'
import { join, resolve } from 'node:path'

const root = join(import.meta.dir, '..')
/** `HONE_BINARY` names another binary, and says that it is current. */
const binary = resolve(process.env['HONE_BINARY'] ?? join(root, 'dist', 'hone'))

/** Name, and the words that start hone. */
export const forms: [string, string[]][] = [
  ['source', [process.execPath, join(root, 'src', 'main.ts')]],
  ['binary', [binary]],
]
/** Whether the binary is that of the source; tests of it are skipped where it is not. */
export const isBuilt = isCurrent()

/** A suite from source and from the binary. */
export function describeForms(suite: (start: readonly string[], form: string) => void): void {
  for (const [form, start] of forms)
    describe.skipIf(form === 'binary' && !isBuilt)(`from ${form}`, () => suite(start, form))
}

/** What a program is started with beside what a test sets. */
export const plainEnvironment = (): Record<string, string> => {
  const { PATH = '', HOME = '', HONE_THREADS = '' } = process.env
  return { PATH, HOME, HONE_THREADS }
}

export interface Ended {
  code: number
  stdout: string
  stderr: string
}

/** Run to the end in a pipe, with a plain environment and `input` on standard input. */
export function run(
  start: readonly string[],
  words: readonly string[],
  { input = '', env = {}, cwd }: { input?: string; env?: Record<string, string>; cwd?: string } = {},
): Ended {
  const { exitCode, stdout, stderr } = Bun.spawnSync([...start, ...words], {
    stdin: Buffer.from(input),
    env: { ...plainEnvironment(), ...env },
    ...(cwd !== undefined && { cwd }),
  })
  return { code: exitCode, stdout: stdout.toString(), stderr: stderr.toString() }
}

/** Run to the end in a terminal of 80 columns, with what is typed there; stdout and stderr come out together. */
export async function runInTerminal(
  start: readonly string[],
  words: readonly string[],
  env: Record<string, string> = {},
  { typed = '', cwd }: { typed?: string; cwd?: string } = {},
): Promise<{ code: number; screen: string }> {
  let screen = ''
  const decoder = new TextDecoder()
  const child = Bun.spawn([...start, ...words], {
    env: { ...plainEnvironment(), TERM: 'xterm-256color', ...env },
    terminal: {
      cols: 80,
      rows: 24,
      data: (_terminal, bytes) => void (screen += decoder.decode(bytes, { stream: true })),
    },
    ...(cwd !== undefined && { cwd }),
  })
  if (typed !== '') child.terminal?.write(typed)
  const code = await child.exited
  child.terminal?.close()
  return { code, screen }
}

/** A binary older than the source would be tested in vain. */
function isCurrent(): boolean {
  if (process.env['HONE_BINARY'] !== undefined) return true
  const newest = Math.max(
    ...readdirSync(join(root, 'src'), { recursive: true, encoding: 'utf8' }).map(
      (path) => statSync(join(root, 'src', path)).mtimeMs,
    ),
  )
  return existsSync(binary) && statSync(binary).mtimeMs > newest
}

/** What a server on this machine answers to raw bytes: what no client library would send. */
export async function sendRaw(port: number, text: string): Promise<string> {
  const { promise, resolve } = Promise.withResolvers<string>()
  let answer = ''
  await Bun.connect({
    hostname: '127.0.0.1',
    port,
    socket: {
      open: (socket) => void socket.write(text),
      data: (_, bytes) => void (answer += bytes.toString()),
      close: () => resolve(answer),
    },
  })
  return await promise
}
