// A run as it goes on: its events as they come, and where it stands.
import { readFileSync, statSync } from 'node:fs'
import { isLocked } from '../lock.ts'
import { pathsOf, stepsIn } from '../paths.ts'
import { eventIn } from '../run.ts'
import type { RunEvent } from '../event.ts'
import type { Progress } from './view.ts'

/** Events from the `from`th on are these: those that came, or those that took the place of others when a run was resumed. */
export interface News {
  from: number
  events: RunEvent[]
}

/** Each call gives what is new since the last one, undefined where nothing is. */
export function follower(directory: string): () => News | undefined {
  const path = pathsOf(directory).events
  let stamp = ''
  /** Lines with their events; some hold none. */
  let seen: { line: string; event: RunEvent | undefined }[] = []
  return () => {
    const { mtimeMs, size, ino } = statSync(path, { throwIfNoEntry: false }) ?? {}
    const now = `${mtimeMs} ${size} ${ino}`
    if (size === undefined || now === stamp) return undefined
    stamp = now
    const lines = readFileSync(path, 'utf8').split('\n')
    // Behind the last line break stands nothing, or what is being written.
    lines.pop()
    let same = 0
    while (same < seen.length && same < lines.length && seen[same]!.line === lines[same]) same++
    if (same === seen.length && same === lines.length) return undefined
    const fresh = lines.slice(same).map((line) => ({ line, event: eventIn(line) }))
    seen = [...seen.slice(0, same), ...fresh]
    return {
      from: seen.slice(0, same).filter(({ event }) => event).length,
      events: fresh.flatMap(({ event }) => event ?? []),
    }
  }
}

/** Where the run stands. */
export function progressOf(directory: string, events: readonly RunEvent[]): Progress {
  const paths = pathsOf(directory)
  const turn = events.findLast(({ type }) => type === 'end' || type === 'start')
  const working = () => isLocked(paths.lock)
  const state = turn?.type === 'end' ? turn.reason : working() ? 'running' : events.length === 0 ? 'empty' : 'stopped'
  return { state, kept: { rollouts: stepsIn(paths.rollouts), evals: stepsIn(paths.evals) } }
}
