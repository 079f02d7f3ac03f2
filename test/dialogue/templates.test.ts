// Chat templates over all rows of published data give what transformers gives, letter for letter.
import { expect, setDefaultTimeout, test } from 'bun:test'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import * as v from 'valibot'
import { loadTokenizer, type ChatMessage } from '../../src/dialogue/chat.ts'
import { HoneError } from '../../src/error.ts'
import { scratch } from '../scratch.ts'
import { sharedPath } from '../shared.ts'
import { writeTinyTokenizer } from '../tiny-tokenizer.ts'
import { templateRows, type TemplateRow } from './template-rows.ts'

setDefaultTimeout(300_000)
const fixtures = join(import.meta.dir, '..', '..', 'fixtures')
const data = sharedPath('data')
/** By template and data file, what transformers makes of it; see test/bench/template_goldens.py. */
const golden = v.parse(
  v.object({
    renderings: v.record(v.string(), v.object({ rendered: v.number(), refused: v.number(), sha256: v.string() })),
  }),
  JSON.parse(readFileSync(join(fixtures, 'golden', 'templates.json'), 'utf8')),
).renderings
const REFUSED = 'Cannot render the messages: the chat template says: '
let rows: { file: string; rows: TemplateRow[] }[] | undefined

test.skipIf(!data).each(['smollm2.jinja', 'qwen2.5.jinja', 'qwen3.jinja', 'llama3.1.jinja'])(
  '%s renders every row as transformers does',
  async (name) => {
    const tokenizer = await loadTokenizer(
      writeTinyTokenizer(scratch(), {
        'chat_template.jinja': readFileSync(join(fixtures, 'templates', name), 'utf8'),
        'tokenizer_config.json': { bos_token: '<|begin|>', eos_token: '<|end|>' },
      }),
    )
    const date = new Date(2026, 2, 5, 9, 7, 3)
    const found: Record<string, { rendered: number; refused: number; sha256: string }> = {}
    for (const { file, rows: all } of (rows ??= [...templateRows(data!)])) {
      const hash = new Bun.CryptoHasher('sha256')
      const counts = { rendered: 0, refused: 0 }
      for (const { messages, tools, generate } of all) {
        const variables = { enable_thinking: false }
        const options = { date, variables, addGenerationPrompt: generate, ...(tools && { tools }) }
        try {
          // A row that was read has a role and a text in each message.
          hash.update(tokenizer.template(messages as unknown as ChatMessage[], options))
          counts.rendered++
        } catch (error) {
          if (!(error instanceof HoneError) || !error.message.startsWith(REFUSED)) throw error
          hash.update(`refused: ${error.message.slice(REFUSED.length)}`)
          counts.refused++
        }
        hash.update('\0')
      }
      found[`${name} ${file}`] = { ...counts, sha256: hash.digest('hex') }
    }
    const expected = Object.entries(golden).filter(([key]) => key.startsWith(`${name} `))
    expect(expected.length).toBeGreaterThan(40)
    expect(found).toEqual(Object.fromEntries(expected))
  },
)
