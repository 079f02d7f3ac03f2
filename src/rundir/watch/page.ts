// The page of a run as one HTML text with everything inside: nothing is fetched from a network.
import { existsSync } from 'node:fs'
import { basename, resolve } from 'node:path'
import uplotStyle from 'uplot/dist/uPlot.min.css' with { type: 'text' }
import uplotScript from 'uplot/dist/uPlot.iife.min.js' with { type: 'text' }
import type { RunEvent } from '../event.ts'
import { pathsOf, stepsIn } from '../paths.ts'
import { readEvents, readRecord } from '../run.ts'
import { detailOf, rolloutsOf, type Spell } from './rollouts.ts'
import template from './page.html' with { type: 'text' }

/** The page; `live` ones ask the server for events and rollouts, others hold the rollouts of the last step. */
export function pageOf(directory: string, { live, spell }: { live: boolean; spell?: Spell }): string {
  const record = readRecord(directory)
  const events = eventsOf(directory)
  const last = stepsIn(pathsOf(directory).rollouts).at(-1)
  const rollouts = live || last === undefined ? {} : { [last]: wholeStep(directory, last, spell) }
  const run = { name: basename(resolve(directory)), record, events, rollouts, live }
  const parts: Record<string, string> = {
    'UPLOT-CSS': uplotStyle,
    'UPLOT-JS': uplotScript,
    // A text that closes the script element would end the data early.
    RUN: JSON.stringify(run).replaceAll('<', '\\u003c'),
  }
  return String(template).replace(/\/\*(UPLOT-CSS|UPLOT-JS|RUN)\*\//g, (_, part: string) => parts[part]!)
}

/** Completions with what opens beneath them. */
function wholeStep(directory: string, step: number, spell: Spell) {
  return rolloutsOf(directory, step).map((shown, index) => ({
    ...shown,
    detail: detailOf(directory, step, index, spell),
  }))
}

export function eventsOf(directory: string): RunEvent[] {
  const path = pathsOf(directory).events
  return existsSync(path) ? readEvents(path) : []
}
