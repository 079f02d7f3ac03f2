// The README.md of a trained model: what it was made from, how, and how well it did.
import { basename } from 'node:path'
import { markdownTable } from '../shell/table.ts'
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
  const evals = events.flatMap((event) => (event.type === 'eval' ? [event] : []))
  const [before, after] = [evals[0], evals.at(-1)]
  if (!before || !after) return []
  const names = Object.keys(after.figures).filter((name) => `${name}/low` in after.figures)
  const share = ({ figures }: typeof after, name: string) => {
    const [value, low, high] = [name, `${name}/low`, `${name}/high`].map((key) =>
      (100 * (figures[key] ?? NaN)).toFixed(1),
    )
    return `${value} (${low} to ${high})`
  }
  const rows = names.map((name) => [name, share(before, name), share(after, name)])
  return [
    '## Held-out rows',
    '',
    ...markdownTable(['% (95 % interval)', `after step ${before.step}`, `after step ${after.step}`], rows),
    '',
  ]
}
