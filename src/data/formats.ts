// The table of output formats: what each is for and how its file is written.
import type { RowWriter, Format } from './formats/format.ts'
import { HoneError } from '../error.ts'
import { openWriter } from '../text/jsonl.ts'
import { promptForm } from '../dialogue/prompt.ts'
import { rowText, type HoneRow } from '../dialogue/row.ts'
import { alpacaRow } from './formats/alpaca.ts'
import { openaiRow } from './formats/openai.ts'
import { sharegptRow } from './formats/sharegpt.ts'
import { trlRow } from './formats/trl.ts'
import { openVerl } from './formats/verl.ts'

export const formats = {
  hone: { what: 'hone rows, one a line', container: 'lines', open: (path) => lines(path, rowText) },
  verl: {
    what: "verl's parquet for RL: prompt, reward_model.ground_truth, extra_info, as Tool-N1 trains on",
    container: 'parquet',
    open: (path, { form = promptForm('tool-n1'), split }) => openVerl(path, form, split),
  },
  alpaca: {
    what: 'LLaMA-Factory alpaca rows for fine-tuning: system, instruction, history, output',
    container: 'lines',
    open: (path, { form = promptForm('sft-reason') }) => lines(path, (row) => alpacaRow(row, form)),
  },
  sharegpt: {
    what: "LLaMA-Factory ShareGPT rows with function calls; LLaMA-Factory's template renders the tools",
    container: 'lines',
    open: (path) => lines(path, sharegptRow),
  },
  openai: {
    what: 'OpenAI fine-tuning rows: messages, tools',
    container: 'lines',
    open: (path) => lines(path, openaiRow),
  },
  trl: {
    what: 'TRL conversational rows: prompt, completion, tools, answer as JSON text',
    container: 'lines',
    open: (path, { form }) => lines(path, (row) => trlRow(row, form)),
  },
} satisfies Record<string, Format>

/** A line per row. */
function lines(path: string, text: (row: HoneRow) => string): RowWriter {
  const writer = openWriter(path)
  return { ...writer, write: (row) => writer.write(text(row)) }
}

/** What the ends of names promise; others promise nothing. */
const ENDS: Record<string, string> = {
  '.jsonl': 'lines',
  '.ndjson': 'lines',
  '.json': 'lines',
  '.parquet': 'parquet',
  '.gz': 'compressed',
  '.zst': 'compressed',
}

/** @throws HoneError where the name of a file promises another content than the format writes. */
export function requireEnd(path: string, { container }: Format): void {
  const end = Object.keys(ENDS).find((end) => path.endsWith(end))
  if (end === undefined || ENDS[end] === container) return
  throw new HoneError(
    `Cannot write "${path}": this format writes ${container === 'lines' ? 'lines of JSON' : 'parquet'}`,
    {
      hint: `name it ${path.slice(0, -end.length).replace(/\.jsonl$/, '')}${container === 'lines' ? '.jsonl' : '.parquet'}${end === '.parquet' ? ', or give --format verl, which is parquet' : ''}`,
    },
  )
}
