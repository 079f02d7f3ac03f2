// Result files as the package bfcl-eval lays them out, so that its own evaluation can be run on the same responses.
import { mkdirSync } from 'node:fs'
import { dirname, join, resolve } from 'node:path'
import { dumpJson, isObject, type Json, type JsonObject } from '../../text/json.ts'
import { writeFileAtomic } from '../../text/jsonl.ts'
import { categories, isCategory } from './categories.ts'

interface Handler {
  /** A model of bfcl-eval whose handler decodes responses of the mode. */
  model: string
  /** How that handler wants them spelt, where not as they are. */
  spell?: (response: Json) => Json
}

const HANDLERS: Record<string, Handler> = {
  text: { model: 'google/gemma-3-1b-it' },
  qwen_fc: { model: 'Qwen/Qwen3-0.6B-FC' },
  xlam: { model: 'Salesforce/xLAM-2-1b-fc-r' },
  'tool-calls': { model: 'gpt-5-nano-2025-08-07-FC', spell: argumentsAsText },
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
    const handler = HANDLERS[String(mode)]
    if (!isCategory(name) || !handler) continue
    const { model, spell } = handler
    const group = categories[name].live ? 'live' : 'non_live'
    const path = join(folder, model.replaceAll('/', '_'), group, `BFCL_v4_${name}_result.json`)
    files.set(path, [...(files.get(path) ?? []), line(id, spell ? spell(response) : response)])
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

/** The command of bfcl-eval for what was written to `folder`. */
export function evaluateCommand(folder: string, { model, categories }: Written): string {
  return `bfcl evaluate --model ${model} --test-category ${categories.join(',')} --result-dir ${resolve(folder)} --partial-eval`
}

function line(id: Json, response: Json): string {
  return dumpJson(
    { id, result: response, input_token_count: 0, output_token_count: 0, latency: 0 },
    { ensureAscii: false },
  )
}

/** Handlers of an interface keep the arguments as the text in which they came. */
function argumentsAsText(response: Json): Json {
  if (!Array.isArray(response)) return response
  return response.map((call) =>
    isObject(call) ? Object.fromEntries(Object.entries(call).map(([name, values]) => [name, dumpJson(values)])) : call,
  )
}
