// Whether other programs want the cores that the threads of a device compute on.
import { readFileSync } from 'node:fs'
import { availableParallelism, cpus, totalmem } from 'node:os'
import { HoneError } from '../../error.ts'

/** Seconds of a core that were spent since some moment: by everything on the machine, and by this process. */
export interface CpuUse {
  machine: number
  own: number
}

/** Cores that others may keep busy beside the threads: no machine is ever quite still. */
const ROOM = 0.3
/** Seconds of the first look and of every later one, and of quiet after which nobody else is thought to compute. */
const [FIRST, LOOK, QUIET] = [0.25, 1, 5]

/**
 * Tells, as often as it is asked, whether others kept more cores busy than the threads leave them. It is quick to see a crowd
 * and slow to believe that it is gone, since every change costs compiling the graphs anew.
 */
export function crowdWatch(
  { threads, cores }: { threads: number; cores: number },
  { now, use }: { now(): number; use(): CpuUse } = { now: seconds, use: cpuUse },
): () => boolean {
  let [began, last] = [now(), use()]
  let [look, quiet, crowded] = [FIRST, 0, false]
  return () => {
    const seconds = now() - began
    if (seconds < look) return crowded
    const next = use()
    const others = (next.machine - last.machine - (next.own - last.own)) / seconds
    ;[began, last, look] = [began + seconds, next, LOOK]
    quiet = others > cores - threads + ROOM ? 0 : quiet + seconds
    crowded = quiet === 0 || (crowded && quiet < QUIET)
    return crowded
  }
}

/** Cores that this process may use: those that it may run on, or the share of them that its control group allows. */
export function coresAllowed(limit: string = controlGroupLimit()): number {
  const [quota = 0, period = 1] = limit.split(' ').map(Number)
  const all = availableParallelism()
  return quota > 0 ? Math.max(1, Math.min(all, Math.ceil(quota / period))) : all
}

/** Bytes of memory that this process may use: the machine's, or what its control group allows. */
export const memoryAllowed = (): number => Math.min(totalmem(), process.constrainedMemory() || Infinity)

/** Threads where no setting says how many: `HONE_THREADS`, else all cores that this process may use. @throws HoneError where that is no such number. */
export function usualThreads(wanted = process.env['HONE_THREADS']): number {
  if (!wanted || wanted === 'null') return coresAllowed()
  if (/^[1-9]\d*$/.test(wanted)) return Number(wanted)
  throw new HoneError(`HONE_THREADS must be a whole number of at least 1: current value is ${JSON.stringify(wanted)}`, {
    hint: 'leave it out to use all cores',
  })
}

/** `cpu.max` of the control group, microseconds of a period; "max" where there is no limit (control groups version 2). */
function controlGroupLimit(): string {
  try {
    return readFileSync('/sys/fs/cgroup/cpu.max', 'utf8')
  } catch {
    return 'max'
  }
}

const seconds = (): number => performance.now() / 1000

function cpuUse(): CpuUse {
  const machine = cpus().reduce((sum, { times: { user, nice, sys, irq } }) => sum + user + nice + sys + irq, 0)
  const { user, system } = process.cpuUsage()
  return { machine: machine / 1000, own: (user + system) / 1e6 }
}
