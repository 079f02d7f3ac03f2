// The page of a run as one HTML text with everything inside: nothing is fetched from a network.
import { existsSync, readFileSync } from 'node:fs'
import { basename, resolve } from 'node:path'
import * as v from 'valibot'
import uplotStyle from 'uplot/dist/uPlot.min.css' with { type: 'text' }
import uplotScript from 'uplot/dist/uPlot.iife.min.js' with { type: 'text' }
import type { RunEvent } from '../event.ts'
import { pathsOf, stepFile, stepsIn } from '../paths.ts'
import { readEvents, readRecord } from '../run.ts'
import template from './page.html' with { type: 'text' }

/** The page; `live` ones ask the server for events and rollouts, others hold the rollouts of the last step. */
export function pageOf(directory: string, { live }: { live: boolean }): string {
  const record = readRecord(directory)
  const events = eventsOf(directory)
  const last = stepsIn(pathsOf(directory).rollouts).at(-1)
  const rollouts = live || last === undefined ? {} : { [last]: rolloutsOf(directory, last) }
  const run = { name: basename(resolve(directory)), record, events, rollouts, live }
  const parts: Record<string, string> = {
    'UPLOT-CSS': uplotStyle,
    'UPLOT-JS': uplotScript,
    // A text that closes the script element would end the data early.
    RUN: JSON.stringify(run).replaceAll('<', '\\u003c'),
  }
  return String(template).replace(/\/\*(UPLOT-CSS|UPLOT-JS|RUN)\*\//g, (_, part: string) => parts[part]!)
}

export function eventsOf(directory: string): RunEvent[] {
  const path = pathsOf(directory).events
  return existsSync(path) ? readEvents(path) : []
}

/** What the page shows of a completion; ids and log-probs stay where they are. */
const Shown = v.object({
  id: v.string(),
  reward: v.number(),
  advantage: v.nullable(v.number()),
  output: v.string(),
  score: v.number(),
  reasons: v.array(v.string()),
})

/** Completions of a step, empty where none are kept. */
export function rolloutsOf(directory: string, step: number): v.InferOutput<typeof Shown>[] {
  const path = stepFile(pathsOf(directory).rollouts, step)
  if (!existsSync(path)) return []
  return readFileSync(path, 'utf8')
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => v.parse(Shown, JSON.parse(line)))
}
