// Runs a command of hone inside the process of the test: the same words, files, output and exit code as `run` of
// hone.ts, without starting a program. What a process of its own matters to (signals, pipes, terminals) runs there.
import { spyOn } from 'bun:test'
import { hone } from '../src/main.ts'
import { divert } from '../src/out.ts'
import { notice } from '../src/shell/notice.ts'
import type { Ended } from './hone.ts'

/** Run to the end in the folder `cwd`, with a plain environment and `input` on standard input. One at a time. */
export async function runHere(
  words: readonly string[],
  { input = '', env = {}, cwd = process.cwd() }: { input?: string; env?: Record<string, string>; cwd?: string } = {},
): Promise<Ended> {
  const before = { cwd: process.cwd(), env: { ...process.env }, exitCode: process.exitCode }
  const written = { 1: [] as Uint8Array[], 2: [] as Uint8Array[] }
  const text = (descriptor: 1 | 2) => Buffer.concat(written[descriptor]).toString()
  const restore = divert((descriptor, block) => {
    written[descriptor].push(block.slice())
    return block.length
  })
  const stdin = spyOn(Bun.stdin, 'stream').mockImplementation(() => new Blob([input]).stream())
  // Lines that repeat within a second are those of another command.
  notice.options.throttle = 0
  const { PATH = '', HOME = '' } = process.env
  try {
    setEnvironment({ PATH, HOME, HONE_NO_PROGRESS: '1', ...env })
    process.chdir(cwd)
    await hone(words)
    restore()
    return { code: Number(process.exitCode), stdout: text(1), stderr: text(2) }
  } finally {
    restore()
    stdin.mockRestore()
    process.chdir(before.cwd)
    setEnvironment(before.env)
    process.exitCode = before.exitCode ?? 0
  }
}

function setEnvironment(wanted: Readonly<Record<string, string | undefined>>): void {
  for (const name of Object.keys(process.env)) if (!(name in wanted)) delete process.env[name]
  Object.assign(process.env, wanted)
}
