// The flags of hone eval; benchmarks name themselves and the files they write.
import type { ArgsDef } from 'citty'
import { benchmarks } from '../../eval/benchmarks.ts'

interface Writer {
  type: 'string'
  valueHint: string
  description: string
}
const writers: Record<`write-${string}`, Writer> = Object.fromEntries(
  Object.entries(benchmarks).flatMap(([name, { results }]) =>
    results ? [[`write-${name}`, { type: 'string', valueHint: 'DIR', description: results.what }] as const] : [],
  ),
)

export const evalFlags = {
  bench: { type: 'enum', options: Object.keys(benchmarks), description: 'benchmark', required: true },
  data: {
    type: 'string',
    valueHint: 'PATH',
    description: 'folder of the benchmark, or file of hone rows',
    required: true,
  },
  responses: { type: 'string', valueHint: 'FILE', description: 'judge the responses in this file' },
  model: { type: 'string', valueHint: 'DIR', description: 'ask the model in this folder, or of this run' },
  endpoint: {
    type: 'string',
    valueHint: 'URL',
    description: 'ask an OpenAI-compatible endpoint (key from OPENAI_API_KEY)',
  },
  'api-model': { type: 'string', valueHint: 'NAME', description: 'name of the model at the endpoint' },
  completions: {
    type: 'string',
    valueHint: 'DIR',
    description: 'send the endpoint raw prompts, rendered with the tokenizer in this folder',
  },
  concurrency: { type: 'string', valueHint: 'N', description: 'requests under way at once [default: 8]' },
  adapter: { type: 'string', valueHint: 'DIR', description: 'PEFT adapter folder' },
  prompt: { type: 'string', valueHint: 'FORM', description: 'prompt form [default: depends on the benchmark]' },
  mode: {
    type: 'string',
    valueHint: 'NAME',
    description: 'BFCL decoder of the responses [default: depends on the prompt form]',
  },
  parser: { type: 'string', valueHint: 'NAME', description: 'format of the calls in hone rows [default: tool-n1]' },
  checker: { type: 'string', valueHint: 'NAME', description: "version of ACEBench's checker [default: v2510]" },
  samples: { type: 'string', valueHint: 'K', description: 'responses per row [default: 1]' },
  temperature: { type: 'string', valueHint: 'T', description: '0 takes the most likely token [default: 0]' },
  'max-new-tokens': { type: 'string', valueHint: 'N', description: 'longest response [default: 1024]' },
  seed: { type: 'string', valueHint: 'N', description: 'of sampling [default: 0]' },
  only: { type: 'string', valueHint: 'NAMES', description: 'categories to ask, between commas [default: all]' },
  limit: { type: 'string', valueHint: 'N', description: 'rows to ask per category [default: all]' },
  save: {
    type: 'string',
    valueHint: 'FILE',
    description: 'keep responses here as they come; a later run goes on from it',
  },
  device: { type: 'string', valueHint: 'DEVICE', description: 'cpu, cuda, cuda:N or auto [default: auto]' },
  format: {
    type: 'enum',
    options: ['text', 'ndjson', 'json'],
    description: 'stdout: the table, a row per response, or the summary [default: text]',
  },
  json: { type: 'string', valueHint: 'FILE', description: 'write the summary as JSON' },
  report: { type: 'string', valueHint: 'FILE', description: 'write an HTML page' },
  ...writers,
  min: {
    type: 'string',
    valueHint: 'BARS',
    description: 'exit 1 below this share: 0.8, or NAME=0.8, several between commas',
  },
} as const satisfies ArgsDef
