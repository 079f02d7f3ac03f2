// A model small enough for tests of whole commands: MiniCall's tokenizer and task, random weights.
import { copyFileSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { datasets } from '../../fixtures/minicall/make.ts'
import { configJson, writeModel } from '../../fixtures/minicall/model.ts'
import type { HoneRow } from '../../src/dialogue/row.ts'

const fixture = join(import.meta.dir, '../../fixtures/minicall/model')

/** Write the model folder `dir`. */
export function writeTinyModel(dir: string): void {
  mkdirSync(dir)
  for (const name of ['tokenizer.json', 'tokenizer_config.json', 'chat_template.jinja'])
    copyFileSync(join(fixture, name), join(dir, name))
  const { vocab_size, eos_token_id } = JSON.parse(readFileSync(join(fixture, 'config.json'), 'utf8'))
  const small = {
    hidden_size: 16,
    num_hidden_layers: 2,
    num_attention_heads: 2,
    num_key_value_heads: 1,
    intermediate_size: 32,
  }
  writeFileSync(join(dir, 'config.json'), JSON.stringify({ ...configJson(vocab_size, eos_token_id), ...small }))
  writeModel(dir, 1)
}

/** The first rows of the task's training data. */
export function taskRows(count: number): HoneRow[] {
  return datasets(0).files['train.jsonl'](count)
}

/** Pairs of the task: the right calls, and those of the next row. */
export function taskPairs(count: number) {
  const rows = taskRows(count + 1)
  return rows.slice(0, count).map(({ id, messages, tools, answer }, i) => ({
    id,
    messages,
    tools,
    chosen: answer,
    rejected: rows[i + 1]!.answer,
  }))
}

/** Rows as the text of a JSONL file. */
export const toLines = (rows: readonly unknown[]): string => rows.map((row) => `${JSON.stringify(row)}\n`).join('')
