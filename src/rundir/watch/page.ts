// The page of a run as one HTML text with everything inside: nothing is fetched from a network.
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { basename, join, resolve } from 'node:path'
import * as v from 'valibot'
import uplotStyle from 'uplot/dist/uPlot.min.css' with { type: 'text' }
import uplotScript from 'uplot/dist/uPlot.iife.min.js' with { type: 'text' }
import type { RunEvent } from '../event.ts'
import { EVENTS, readEvents, readRecord, stepFile } from '../run.ts'
import template from './page.html' with { type: 'text' }

/** The page; `live` ones ask the server for events and rollouts, others hold the rollouts of the last step. */
export function pageOf(directory: string, { live }: { live: boolean }): string {
  const record = readRecord(directory)
  const events = eventsOf(directory)
  const last = lastStep(directory)
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
  const path = join(directory, EVENTS)
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
  const path = join(directory, 'rollouts', stepFile(step))
  if (!existsSync(path)) return []
  return readFileSync(path, 'utf8')
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => v.parse(Shown, JSON.parse(line)))
}

function lastStep(directory: string): number | undefined {
  const folder = join(directory, 'rollouts')
  const steps = existsSync(folder)
    ? readdirSync(folder).flatMap((name) => /^step-(\d+)\.jsonl$/.exec(name)?.[1] ?? [])
    : []
  return steps.length === 0 ? undefined : Math.max(...steps.map(Number))
}
