// Result files as the package bfcl-eval lays them out, so that its own evaluation can be run on the same responses.
import { mkdirSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { dumpJson, type Json, type JsonObject } from '../../json.ts'
import { writeFileAtomic } from '../../jsonl.ts'
import { categories, isCategory } from './categories.ts'

/** Names under which bfcl-eval knows a handler that decodes responses of a mode. */
export const HANDLERS: Record<string, string> = {
  text: 'google/gemma-3-1b-it',
  qwen_fc: 'Qwen/Qwen3-0.6B-FC',
  xlam: 'Salesforce/xLAM-2-1b-fc-r',
}

/** Write DIR/<model>/<group>/BFCL_v4_<category>_result.json per mode; returns the commands that evaluate them, for people. */
export function writeBfclResults(folder: string, records: readonly JsonObject[]): string[] {
  const files = new Map<string, string[]>()
  const models = new Map<string, Set<string>>()
  for (const { id = null, category, mode = 'text', response = null } of records) {
    const name = String(category)
    const model = HANDLERS[String(mode)]
    if (!isCategory(name) || !model) continue
    const group = categories[name].live ? 'live' : 'non_live'
    const path = join(folder, model.replaceAll('/', '_'), group, `BFCL_v4_${name}_result.json`)
    files.set(path, [...(files.get(path) ?? []), line(id, response)])
    models.set(model, (models.get(model) ?? new Set()).add(name))
  }
  for (const [path, lines] of files) {
    mkdirSync(dirname(path), { recursive: true })
    writeFileAtomic(path, `${lines.join('\n')}\n`)
  }
  return [...models].map(
    ([model, names]) =>
      `bfcl evaluate --model ${model} --test-category ${[...names].join(',')} --result-dir ${folder} --partial-eval`,
  )
}

function line(id: Json, response: Json): string {
  return dumpJson(
    { id, result: response, input_token_count: 0, output_token_count: 0, latency: 0 },
    { ensureAscii: false },
  )
}
