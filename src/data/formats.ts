// The table of output formats: what each is for and how its file is written.
import type { RowWriter, Format } from './formats/format.ts'
import { openWriter } from '../text/jsonl.ts'
import { promptForm } from '../dialogue/prompt.ts'
import { rowText, type HoneRow } from '../dialogue/row.ts'
import { alpacaRow } from './formats/alpaca.ts'
import { openaiRow } from './formats/openai.ts'
import { sharegptRow } from './formats/sharegpt.ts'
import { trlRow } from './formats/trl.ts'
import { openVerl } from './formats/verl.ts'

export const formats = {
  hone: { what: 'hone rows, one a line', open: (path) => lines(path, rowText) },
  verl: {
    what: "verl's parquet for RL: prompt, reward_model.ground_truth, extra_info, as Tool-N1 trains on",
    open: (path, { form = promptForm('tool-n1'), split }) => openVerl(path, form, split),
  },
  alpaca: {
    what: 'LLaMA-Factory alpaca rows for fine-tuning: system, instruction, history, output',
    open: (path, { form = promptForm('sft-reason') }) => lines(path, (row) => alpacaRow(row, form)),
  },
  sharegpt: {
    what: "LLaMA-Factory ShareGPT rows with function calls; LLaMA-Factory's template renders the tools",
    open: (path) => lines(path, sharegptRow),
  },
  openai: { what: 'OpenAI fine-tuning rows: messages, tools', open: (path) => lines(path, openaiRow) },
  trl: {
    what: 'TRL conversational rows: prompt, completion, tools, answer as JSON text',
    open: (path, { form }) => lines(path, (row) => trlRow(row, form)),
  },
} satisfies Record<string, Format>

/** A line per row. */
function lines(path: string, text: (row: HoneRow) => string): RowWriter {
  const writer = openWriter(path)
  return { ...writer, write: (row) => writer.write(text(row)) }
}
