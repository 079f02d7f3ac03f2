// hone infer: rows in; text, calls, ids and log-probs out.
import { defineCommand } from 'citty'
import { numberFlag } from '../shell/flags.ts'
import { dumpJson } from '../text/json.ts'
import { data } from '../out.ts'
import { infer } from '../job/infer.ts'
import { openModelAnswerer } from '../job/answer/model.ts'

export default defineCommand({
  meta: { description: 'complete rows: text, calls, ids and log-probs' },
  args: {
    model: { type: 'positional', description: 'folder of a model, or of a finished run', required: true },
    adapter: { type: 'string', valueHint: 'DIR', description: 'PEFT adapter folder' },
    input: { type: 'string', valueHint: 'FILE', description: 'rows of messages, prompt or input_ids [default: -]' },
    'max-new-tokens': { type: 'string', valueHint: 'N', description: 'longest completion [default: at most 512]' },
    temperature: { type: 'string', valueHint: 'T', description: '0 takes the most likely token [default: 0]' },
    seed: { type: 'string', valueHint: 'N', description: 'of sampling [default: 0]' },
    prompt: { type: 'string', valueHint: 'FORM', description: 'prompt form of messages [default: native]' },
    parser: { type: 'string', valueHint: 'NAME', description: 'format of the calls [default: tool-n1]' },
    device: { type: 'string', valueHint: 'DEVICE', description: 'cpu, cuda, cuda:N or auto [default: auto]' },
    format: { type: 'enum', options: ['ndjson'], description: 'format of the output' },
  },
  async run({ args }) {
    const temperature = numberFlag(args.temperature, '--temperature', { min: 0 }) ?? 0
    const longest = numberFlag(args['max-new-tokens'], '--max-new-tokens', { min: 1, integer: true })
    const seed = numberFlag(args.seed, '--seed', { min: 0, integer: true }) ?? 0
    const model = await openModelAnswerer(
      { path: args.model, adapter: args.adapter, device: args.device, prompt: args.prompt ?? 'native' },
      ({ positions }) => ({ temperature, maxNewTokens: longest ?? Math.min(512, positions >> 1), seed }),
    )
    for await (const answer of infer(args.input ?? '-', model, args.parser ?? 'tool-n1'))
      data(dumpJson({ ...answer }, { ensureAscii: false }))
  },
})
