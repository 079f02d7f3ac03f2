// A run as a job: its directory, its sinks, its checkpoint, and how it ends when the user interrupts it.
import { randomUUID } from 'node:crypto'
import { resolve } from 'node:path'
import type { Resolved } from '../../shell/config.ts'
import { EXIT, type ExitCode } from '../../error.ts'
import { type Metrics, type Sink, tee } from '../../rundir/event.ts'
import type { Trainable } from '../../gpu/policy/policy.ts'
import { complain, isTerminal, log, status } from '../../out.ts'
import { progress } from '../../rundir/progress.ts'
import { pathsOf } from '../../rundir/paths.ts'
import { createRun, readEvents, readRecord, resumeRun, type Run, type RunRecord } from '../../rundir/run.ts'
import { tensorboard } from '../../rundir/tensorboard.ts'
import { version } from '../../shell/version.ts'
import { typed } from '../../shell/words.ts'
import { summary } from '../../rundir/end.ts'
import type { Progress } from '../../rl/record.ts'
import { absolute } from '../run-record.ts'
import { type Checkpoint, latestCheckpoint } from './checkpoint.ts'
import { changed } from './fingerprint.ts'
import { sourcesOf } from './sources.ts'

export interface Job {
  /** The kind of training. */
  command: string
  settings: Resolved<{ output: string }>
  /** Run directory to go on with. */
  resume: string | undefined
  policy: Trainable
  critic: Trainable | undefined
  protocol: Record<string, string>
  /** Wall-clock time at which the run was started first, as it is recorded. */
  started: string
  /** Hashes of what it is made from, see fingerprint.ts. */
  made: Record<string, string>
}

/** What the body of a job is given. */
export interface Workplace {
  run: Run
  start: Progress
  emit: Sink
  clock: () => number
  interrupted: () => boolean
  past: { figures: readonly Metrics[]; checkpoint: string } | undefined
}

/** Run `body` in the job's directory, from its newest checkpoint where it is resumed. */
export async function work(job: Job, body: (place: Workplace) => Promise<'done' | 'interrupted'>): Promise<ExitCode> {
  const directory = job.resume ?? job.settings.value.output
  const record = recordOf(job)
  const latest = job.resume === undefined ? undefined : latestCheckpoint(pathsOf(directory).checkpoints, record.id)
  if (latest) await job.policy.restore(latest.checkpoint.policy)
  if (latest?.checkpoint.critic) await job.critic?.restore(latest.checkpoint.critic)
  const start = latest?.checkpoint ?? { step: 0, position: 0, tokens: 0 }
  const stop = interruption()
  /** The last step that what was written before speaks rightly of. */
  const known = latest ? start.step : -1
  const lines: number[] = []
  const run =
    job.resume === undefined
      ? createRun(directory, record)
      : resumeRun(directory, known, { record, onDamaged: (line) => lines.push(line) })
  const past = latest && {
    figures: readEvents(run.paths.events).flatMap((event) => (event.type === 'step' ? [event.figures] : [])),
    checkpoint: latest.path,
  }
  const board = tensorboard(directory, { time: Date.now(), step: known, settings: record.settings })
  const told = summary()
  const emit = tee(
    run.emit,
    board,
    progress({ terminal: isTerminal(), now: Date.now, log, complain, status }),
    told.sink,
  )
  try {
    if (job.resume !== undefined) {
      const passedOver = (latest?.passedOver ?? []).map((why) => `${why} and was passed over`)
      const others = latest ? differences(job, latest.checkpoint) : []
      announce([...passedOver, ...damagedEvents(run, lines), ...others], start, emit)
    }
    const reason = await body({ run, start, emit, clock: Date.now, interrupted: stop.asked, past })
    told.lines(run.paths).forEach((line) => log(line))
    if (reason === 'done') return EXIT.ok
    complain(`saved; to go on: ${resumeCommand(job.command, directory)}`)
    return EXIT.interrupted
  } finally {
    stop.release()
    board.close()
    run.close()
  }
}

/** Say from where a run goes on, and in what it is not the run that it was. */
function announce(warnings: readonly string[], { step }: Progress, emit: Sink): void {
  const note = (text: string, loud: boolean) => emit({ type: 'note', time: Date.now(), step, text, loud })
  note(`resumed after step ${step}`, false)
  for (const warning of warnings) note(warning, true)
}

/** Why the run will not come to the bits that it would have come to had it never stopped. */
function differences({ settings, made }: Job, checkpoint: Checkpoint): string[] {
  const flags = Object.entries(settings.origins).filter(([, origin]) => origin.startsWith('--'))
  const other = changed(checkpoint.made, made).filter((name) => name !== 'settings' || flags.length === 0)
  return [
    ...flags.map(([key, origin]) => `goes on with another ${key} (${origin})`),
    ...other.map((name) => `${name} changed since the checkpoint: the run will not end as it would have`),
  ]
}

function damagedEvents({ paths }: Run, lines: readonly number[]): string[] {
  return lines.length === 0
    ? []
    : [`${paths.events}: line ${lines.slice(0, 5).join(', ')} holds no event and was left out`]
}

/** The command that goes on with a run, as it is typed in a shell. */
export const resumeCommand = (command: string, directory: string): string => typed(command, '--resume', directory)

/** The first SIGINT or SIGTERM asks for an end after the step at hand, the second ends at once. */
function interruption() {
  let asked = false
  const onSignal = () => {
    if (asked) process.exit(EXIT.interrupted)
    asked = true
    complain('finishing this step, then saving; once more to stop at once')
  }
  process.on('SIGINT', onSignal)
  process.on('SIGTERM', onSignal)
  return {
    asked: () => asked,
    release() {
      process.off('SIGINT', onSignal)
      process.off('SIGTERM', onSignal)
    },
  }
}

/** Of a run that goes on: its own record, with the settings of now. A flag that was given once holds from then on. */
function recordOf({ command, settings, protocol, started, resume }: Job): RunRecord & { id: string } {
  const old = resume === undefined ? undefined : readRecord(resume)
  const origins = Object.entries(settings.origins).map(([key, origin]) => {
    const kept = origin.startsWith('--') ? origin : old?.origins[key]
    return [key, kept ?? origin]
  })
  return {
    command,
    version,
    settings: {
      ...absolute(settings.value),
      output: resolve(resume ?? settings.value.output),
      ...(old && { preset: old.settings['preset'] }),
    },
    origins: Object.fromEntries(origins),
    protocol,
    id: old?.id ?? randomUUID(),
    started,
    commandLine: old?.commandLine ?? typed(...process.argv.slice(2)),
    sources: old?.sources ?? sourcesOf(settings),
  }
}
