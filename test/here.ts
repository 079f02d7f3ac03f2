// Runs a command of hone inside the process of the test: the same words, files, output and exit code as `run` of
// hone.ts, without starting a program. What a process of its own matters to (signals, pipes, terminals, time zones, words
// that are handed on to further processes) runs there.
import { spyOn } from 'bun:test'
import { Readable } from 'node:stream'
import { hone } from '../src/main.ts'
import { divert } from '../src/out.ts'
import { notice } from '../src/shell/notice.ts'
import { type Ended, plainEnvironment, run } from './hone.ts'

export interface Surroundings {
  input?: string
  env?: Record<string, string>
  cwd?: string
}

/** That of a test whose time was over goes on. */
let last: Promise<unknown> = Promise.resolve()

/** Run to the end in the folder `cwd`, in pipes, with a plain environment and `input` on standard input. One at a time. */
export async function runHere(words: readonly string[], surroundings: Surroundings = {}): Promise<Ended> {
  const ended = last.then(() => runAlone(words, surroundings))
  last = ended.catch(() => {})
  return await ended
}

async function runAlone(
  words: readonly string[],
  { input = '', env = {}, cwd = process.cwd() }: Surroundings,
): Promise<Ended> {
  const before = { cwd: process.cwd(), env: { ...process.env }, exitCode: process.exitCode }
  const streams = [process.stdout, process.stderr].map((stream) => ({ stream, isTTY: stream.isTTY }))
  const written = { 1: [] as Uint8Array[], 2: [] as Uint8Array[] }
  const text = (descriptor: 1 | 2) => Buffer.concat(written[descriptor]).toString()
  const restore = divert((descriptor, block) => {
    written[descriptor].push(block.slice())
    return block.length
  })
  const stdin = spyOn(Bun.stdin, 'stream').mockImplementation(() => new Blob([input]).stream())
  const standardInput = Object.getOwnPropertyDescriptor(process, 'stdin')!
  const lines = Readable.from(input === '' ? [] : [input])
  Object.defineProperty(process, 'stdin', { configurable: true, get: () => lines })
  // Lines that repeat within a second are those of another command.
  notice.options.throttle = 0
  try {
    for (const { stream } of streams) stream.isTTY = false
    setEnvironment({ ...plainEnvironment(), ...env })
    process.chdir(cwd)
    await hone(words)
    restore()
    return { code: Number(process.exitCode), stdout: text(1), stderr: text(2) }
  } finally {
    restore()
    stdin.mockRestore()
    Object.defineProperty(process, 'stdin', standardInput)
    for (const { stream, isTTY } of streams) stream.isTTY = isTTY
    process.chdir(before.cwd)
    setEnvironment(before.env)
    process.exitCode = before.exitCode ?? 0
  }
}

/** What runs commands in one of `forms`: the source in this process, the binary as the program that it is. */
export function runnerOf(start: readonly string[], form: string): typeof runHere {
  return form === 'source' ? runHere : (words, surroundings) => Promise.resolve(run(start, words, surroundings))
}

function setEnvironment(wanted: Readonly<Record<string, string | undefined>>): void {
  for (const name of Object.keys(process.env)) if (!(name in wanted)) delete process.env[name]
  Object.assign(process.env, wanted)
}
