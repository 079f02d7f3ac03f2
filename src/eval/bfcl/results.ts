// Result files as the package bfcl-eval lays them out, so that its own evaluation can be run on the same responses.
import { mkdirSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { dumpJson, type Json, type JsonObject } from '../../json.ts'
import { writeFileAtomic } from '../../jsonl.ts'
import { categories, isCategory } from './categories.ts'

/** Names under which bfcl-eval knows a handler that decodes responses of a mode. */
const HANDLERS: Record<string, string> = {
  text: 'google/gemma-3-1b-it',
  qwen_fc: 'Qwen/Qwen3-0.6B-FC',
  xlam: 'Salesforce/xLAM-2-1b-fc-r',
}

/** What was written for one mode, and under which model's name bfcl-eval evaluates it. */
export interface Written {
  mode: string
  model: string
  categories: string[]
}

/** Write DIR/<model>/<group>/BFCL_v4_<category>_result.json per mode. Modes that no handler of bfcl-eval decodes are left out. */
export function writeBfclResults(folder: string, records: readonly JsonObject[]): Written[] {
  const files = new Map<string, string[]>()
  const written = new Map<string, Written>()
  for (const { id = null, category, mode = 'text', response = null } of records) {
    const name = String(category)
    const model = HANDLERS[String(mode)]
    if (!isCategory(name) || !model) continue
    const group = categories[name].live ? 'live' : 'non_live'
    const path = join(folder, model.replaceAll('/', '_'), group, `BFCL_v4_${name}_result.json`)
    files.set(path, [...(files.get(path) ?? []), line(id, response)])
    const entry = written.get(model) ?? { mode: String(mode), model, categories: [] }
    if (!entry.categories.includes(name)) entry.categories.push(name)
    written.set(model, entry)
  }
  for (const [path, lines] of files) {
    mkdirSync(dirname(path), { recursive: true })
    writeFileAtomic(path, `${lines.join('\n')}\n`)
  }
  return [...written.values()]
}

function line(id: Json, response: Json): string {
  return dumpJson(
    { id, result: response, input_token_count: 0, output_token_count: 0, latency: 0 },
    { ensureAscii: false },
  )
}
