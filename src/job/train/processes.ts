// The models of a run in as many processes as it asks for. The first is this one: it alone knows data, rewards and the run directory.
import { HoneError } from '../../error.ts'
import { policyOver, scorerOver } from '../../gpu/crew/crew.ts'
import { createExchange, type Exchange } from '../../gpu/crew/exchange.ts'
import { type Asking, askingOver } from '../../gpu/crew/link.ts'
import { usualThreads } from '../../gpu/device/crowd.ts'
import type { Device } from '../../gpu/device/device.ts'
import { openDevice } from '../../gpu/device/open.ts'
import { deviceAt } from '../../gpu/device/spec.ts'
import type { Trainable } from '../../gpu/policy/policy.ts'
import type { Scorer } from '../../gpu/policy/scorer.ts'
import { selfCommand } from '../../reward/scorer.ts'
import type { CommonRecipe } from '../../rl/recipe.ts'
import { openTrained, type TrainedOptions } from '../open.ts'
import type { Joining, Said } from './process.ts'

export interface Opened {
  policy: Trainable
  critic: Scorer | undefined
  /** That of the first process. */
  device: Device
}

/** Threads of each process: all share the machine's. */
export const threadsOf = ({ threads, processes }: Pick<CommonRecipe, 'threads' | 'processes'>): number | undefined =>
  processes === 1 ? (threads ?? undefined) : Math.max(1, Math.floor((threads ?? usualThreads()) / processes))

/** @throws HoneError where a device or a model cannot be opened, in whichever process. */
export async function openProcesses(asked: CommonRecipe, options: TrainedOptions): Promise<Opened> {
  const recipe = { ...asked, threads: threadsOf(asked) ?? null }
  const device = await openDevice(recipe.device, { threads: recipe.threads ?? undefined, dtype: recipe.dtype })
  if (recipe.processes === 1) return { ...openTrained(recipe, options, device), device }
  if (process.platform === 'win32')
    throw new HoneError('Cannot share a step between processes on Windows: one inherits no open file there', {
      hint: 'leave out --processes',
    })
  const exchange = createExchange(recipe.processes)
  const others = Array.from({ length: recipe.processes - 1 }, (_, i) => {
    const place = i + 1
    const joining = { recipe, options, device: deviceAt(place, device.name), place }
    return startProcess(joining, exchange, `Process ${place + 1} of ${recipe.processes}`)
  })
  const end = () => {
    process.off('exit', end)
    for (const other of others) other.end()
    exchange.close()
  }
  process.on('exit', end)
  try {
    // They open while this one does.
    const opened = Promise.all(others.map((other) => other.opened))
    opened.catch(() => {})
    const { policy: own, critic: ownCritic } = openTrained(recipe, options, device)
    await opened
    const of = (model: string) => ({ exchange, others: others.map(({ asking }) => asking.remote(model)) })
    const policy = 'open' in own ? policyOver({ own, ...of('policy') }) : scorerOver({ own, ...of('policy') })
    const free = () => {
      own.free()
      end()
    }
    return { policy: { ...policy, free }, critic: ownCritic && scorerOver({ own: ownCritic, ...of('critic') }), device }
  } catch (error) {
    end()
    throw error
  }
}

export interface Process {
  asking: Asking
  /** Rejects where it could not open what it is for. */
  opened: Promise<void>
  end(): void
}

/** Start a process of hone that joins the run; it ends with this one. */
export function startProcess(joining: Joining, { file }: Exchange, name: string): Process {
  const opened = Promise.withResolvers<void>()
  const hear = (said: Said) => {
    if ('answer' in said) asking.answered(said.answer)
    else if ('opened' in said) opened.resolve()
    else opened.reject(new HoneError(`${name} (${joining.device}): ${said.refused.message}`, said.refused))
  }
  // In a group of its own: an interruption on the terminal is heard by the first process, which finishes the step.
  const child = Bun.spawn(selfCommand(), {
    env: { ...process.env, HONE_JOIN: String(joining.place) },
    stdio: ['ignore', 'ignore', 'pipe', file],
    detached: true,
    serialization: 'advanced',
    ipc: hear,
    onExit: () => void ended(),
  })
  const complaint = new Response(child.stderr).text()
  const asking = askingOver((calls) => child.send(calls))
  const ended = async () => {
    const { exitCode, signalCode } = child
    const how = signalCode === null ? `ended with code ${exitCode}` : `was killed by ${signalCode}`
    const last = (await complaint.catch(() => '')).trim().split('\n').at(-1)
    const error = new HoneError(
      `${name} (${joining.device}, pid ${child.pid}) ${how}${last ? `; it said: ${last}` : ''}`,
      {
        hint: 'nothing of the step at hand is saved, every checkpoint before it is whole: --resume goes on from there. The system kills what takes more memory than there is: fewer --processes or --micro-batch-tokens take less',
      },
    )
    opened.reject(error)
    asking.fail(error)
  }
  opened.promise.catch(() => {})
  child.send(joining)
  return {
    asking,
    opened: opened.promise,
    end: () => child.kill('SIGKILL'),
  }
}
