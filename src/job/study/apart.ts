// Seeds of a study side by side, each worked through by a process of hone of its own: what they leave lies in the directory of
// the study, where the work on the whole then finds it done.
import { EXIT, HoneError } from '../../error.ts'
import { complain, log } from '../../out.ts'
import { selfCommand } from '../../reward/scorer.ts'
import { lineBlocks } from '../../text/lines.ts'

/** The variable by which a process is told that it has a seed alone. */
const VARIABLE = 'HONE_STUDY_PART'

export interface Apart {
  /** Of `hone study`, but for the seeds. */
  words: readonly string[]
  seeds: readonly number[]
  /** At once. */
  jobs: number
  /** Of each process. */
  threads: number
}

/**
 * False where it was interrupted: the first SIGINT or SIGTERM lets every seed finish its step, the second ends at once. No process
 * outlives this one. @throws HoneError where a seed cannot be gone on with; the others finish their step first.
 */
export async function workApart({ words, seeds, jobs, threads }: Apart): Promise<boolean> {
  const waiting = [...seeds]
  const running = new Set<Bun.Subprocess>()
  let interrupted = false
  let failed: HoneError | undefined
  const stop = () => running.forEach((child) => child.kill('SIGINT'))
  const onSignal = () => {
    if (interrupted) process.exit(EXIT.interrupted)
    interrupted = true
    complain('finishing the steps at hand, then saving; once more to stop at once')
    stop()
  }
  const work = async (seed: number) => {
    const { child, last } = start(seed, words, threads)
    running.add(child)
    const said = await last
    const code = await child.exited
    running.delete(child)
    if (code === EXIT.ok || code === EXIT.interrupted || failed) return
    const how = child.signalCode === null ? `ended with code ${code}` : `was killed by ${child.signalCode}`
    failed = new HoneError(`Cannot go on with seed ${seed}: its process ${how}${said ? `; it said: ${said}` : ''}`, {
      hint: 'what is done is kept: run the study again to go on',
      exit: exitOf(code),
    })
    stop()
  }
  const goOn = async () => {
    for (let seed; !interrupted && !failed && (seed = waiting.shift()) !== undefined;) await work(seed)
  }
  process.on('SIGINT', onSignal)
  process.on('SIGTERM', onSignal)
  try {
    await Promise.all(Array.from({ length: jobs }, goOn))
  } finally {
    process.off('SIGINT', onSignal)
    process.off('SIGTERM', onSignal)
  }
  if (failed) throw failed
  return !interrupted
}

/** Whether this process has one seed of a study that another one reports. It ends with that one. */
export function hasSeedAlone(): boolean {
  const alone = process.env[VARIABLE] !== undefined
  if (alone) process.once('disconnect', deserted)
  return alone
}

const deserted = () => process.exit(EXIT.interrupted)

/** To be called however the work ends, as the channel to the other process keeps this one alive. */
export function leave(): void {
  process.off('disconnect', deserted)
  process.disconnect?.()
}

function start(seed: number, words: readonly string[], threads: number) {
  // In a group of its own: what is typed on the terminal is heard by the first process, which passes it on.
  const child = Bun.spawn([...selfCommand(), ...words, '--seeds', String(seed)], {
    stdio: ['ignore', 'ignore', 'pipe'],
    env: { ...process.env, [VARIABLE]: '1', HONE_THREADS: String(threads) },
    detached: true,
    ipc: () => {},
  })
  return { child, last: passOn(child.stderr, `seed ${seed}  `) }
}

/** What it says, with the seed before each line. Gives the last line of an error. */
async function passOn(stream: ReadableStream<Uint8Array>, before: string): Promise<string> {
  let error = ''
  for await (const { texts } of lineBlocks(stream))
    for (const text of texts) {
      if (text.startsWith('error: ')) error = text.slice('error: '.length)
      if (text !== '') log(before + text)
    }
  return error
}

const exitOf = (code: number) => Object.values(EXIT).find((known) => known === code) ?? EXIT.bug
