// The README.md of a trained model: what it was made from, how, and how well it did.
import { basename } from 'node:path'
import { markdownTable } from '../shell/table.ts'
import { changesOf, type Share } from './change.ts'
import type { RunEvent } from './event.ts'
import type { Run } from './run.ts'

export interface CardOptions {
  run: Pick<Run, 'directory' | 'record'>
  events: readonly RunEvent[]
  what: 'model' | 'adapter'
  /** The loss in symbols. */
  formula: readonly string[]
}

/** A model card in Markdown, with the front matter that the Hugging Face hub reads. */
export function cardOf({ run, events, what, formula }: CardOptions): string {
  const { command, version, settings, origins, commandLine, sources = {} } = run.record
  const base = String(settings['model'])
  const said = Object.entries(origins).filter(([, origin]) => origin !== 'default')
  const steps = events.flatMap((event) => (event.type === 'step' ? [event] : []))
  return [
    '---',
    `base_model: ${JSON.stringify(base)}`,
    `library_name: ${what === 'adapter' ? 'peft' : 'transformers'}`,
    'tags: [tool-calling, hone]',
    '---',
    '',
    `# ${basename(run.directory)}`,
    '',
    `Made from \`${base}\` by ${steps.at(-1)?.step ?? 0} steps of \`hone ${command}\` ${version}.`,
    '',
    ...formula.map((line) => `    ${line}`),
    '',
    ...evaluationTable(events),
    ...(commandLine === undefined ? [] : ['## Made with', '', `    ${commandLine}`, '']),
    ...(Object.keys(sources).length === 0 ? [] : [...markdownTable(['file', 'SHA-256'], Object.entries(sources)), '']),
    '## Settings',
    '',
    ...markdownTable(
      ['setting', 'value', 'from'],
      said.map(([key, origin]) => [key, JSON.stringify(settings[key]), origin]),
    ),
    '',
  ].join('\n')
}

/** Shares with their intervals, of the first evaluation and of the last. */
function evaluationTable(events: readonly RunEvent[]): string[] {
  const changes = changesOf(events.flatMap((event) => (event.type === 'eval' ? [event] : [])))
  if (changes.length === 0) return []
  const percent = (part: number) => (100 * part).toFixed(1)
  const share = ({ value, low, high }: Share) => `${percent(value)} (${percent(low)} to ${percent(high)})`
  const rows = changes.map(({ name, before, after }) => [
    name,
    share(before),
    share(after),
    `${before.step}, ${after.step}`,
  ])
  return ['## Held-out rows', '', ...markdownTable(['% (95 % interval)', 'first', 'last', 'after step'], rows), '']
}
