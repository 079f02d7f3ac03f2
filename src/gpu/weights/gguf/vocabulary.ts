// A tokenizer as a GGUF file carries it: byte-level BPE, with the name that llama.cpp has for how it splits a text first.
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import * as v from 'valibot'
import { HoneError } from '../../../error.ts'
import { readJson } from '../folder.ts'
import type { GgufValue } from './container.ts'

const Added = v.looseObject({ id: v.number(), content: v.string(), special: v.optional(v.boolean(), false) })
const Step = v.looseObject({
  type: v.string(),
  individual_digits: v.optional(v.boolean()),
  use_regex: v.optional(v.boolean(), true),
  pattern: v.optional(v.looseObject({ Regex: v.optional(v.string()) })),
})
const TokenizerJson = v.looseObject({
  added_tokens: v.optional(v.array(Added), []),
  pre_tokenizer: v.nullish(v.looseObject({ ...Step.entries, pretokenizers: v.optional(v.array(Step)) })),
  post_processor: v.optional(v.unknown()),
  model: v.looseObject({
    type: v.optional(v.string(), 'BPE'),
    vocab: v.record(v.string(), v.number()),
    merges: v.optional(v.array(v.union([v.string(), v.tuple([v.string(), v.string()])])), []),
    byte_fallback: v.optional(v.boolean(), false),
  }),
})
const Token = v.nullish(v.union([v.string(), v.looseObject({ content: v.string() })]))
const TokenizerConfig = v.looseObject({
  add_bos_token: v.nullish(v.boolean()),
  bos_token: Token,
  eos_token: Token,
  pad_token: Token,
  unk_token: Token,
  chat_template: v.optional(v.unknown()),
})

/** Words and what else stands together, numbers by `digits` at a time: the split of GPT-4, as Qwen and Llama 3 have it. */
const words = (digits: string) =>
  `(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\\r\\n\\p{L}\\p{N}]?\\p{L}+|${digits}| ?[^\\s\\p{L}\\p{N}]+[\\r\\n]*|\\s*[\\r\\n]+|\\s+(?!\\S)|\\s+`

/** llama.cpp's names for splits (`tokenizer.ggml.pre`), by the steps of tokenizer.json that come to the same. */
const splits: Record<string, string> = {
  [`Split ${words('\\p{N}')}, ByteLevel`]: 'qwen2',
  [`Split ${words('\\p{N}{1,3}')}, ByteLevel`]: 'llama-bpe',
  'Digits, ByteLevel with words': 'smollm',
  'ByteLevel with words': 'gpt-2',
}

/** llama_token_type */
const [NORMAL, CONTROL, OWN, UNUSED] = [1, 3, 4, 5]

/** The metadata of the tokenizer in `folder`, for a model with so many embeddings. @throws HoneError for one that llama.cpp cannot run. */
export function vocabularyOf(folder: string, size: number): Record<string, GgufValue> {
  const at = join(folder, 'tokenizer.json')
  const parsed = v.safeParse(TokenizerJson, readJson(at))
  const refuse = (why: string) =>
    new HoneError(`Cannot write the tokenizer as GGUF: ${why}`, {
      at,
      hint: "export a model folder, and give it to llama.cpp's own convert_hf_to_gguf.py",
    })
  if (!parsed.success) throw refuse('it is none of the kinds that hone can write')
  const { added_tokens: added, pre_tokenizer: first, post_processor: post, model } = parsed.output
  if (model.type !== 'BPE' || model.byte_fallback) throw refuse('it is no byte-level BPE')
  const steps = (first?.pretokenizers ?? (first ? [first] : [])).map(nameOf).join(', ')
  const pre = splits[steps]
  if (pre === undefined) throw refuse(`llama.cpp has no name for the way it splits texts (${steps || 'not at all'})`)

  const tokens = Array.from({ length: size }, (_, id) => `[PAD${id}]`)
  const types = new Array<number>(size).fill(UNUSED)
  const put = (text: string, id: number, type: number) => {
    if (id >= size) throw refuse(`token ${id} has no row among the model's ${size} embeddings`)
    tokens[id] = text
    types[id] = type
  }
  for (const [text, id] of Object.entries(model.vocab)) put(text, id, NORMAL)
  for (const { id, content, special } of added) put(content, id, special ? CONTROL : OWN)

  const path = join(folder, 'tokenizer_config.json')
  const config = v.parse(TokenizerConfig, existsSync(path) ? readJson(path) : {})
  const idOf = (token: v.InferOutput<typeof Token>) => {
    const text = typeof token === 'string' ? token : token?.content
    return text === undefined ? undefined : (added.find(({ content }) => content === text)?.id ?? model.vocab[text])
  }
  const special = Object.entries({
    bos: config.bos_token,
    eos: config.eos_token,
    padding: config.pad_token,
    unknown: config.unk_token,
  }).flatMap(([name, token]): [string, GgufValue][] => {
    const id = idOf(token)
    return id === undefined ? [] : [[`tokenizer.ggml.${name}_token_id`, { u32: id }]]
  })
  const template = templateOf(folder, config.chat_template)
  return {
    'tokenizer.ggml.model': { text: 'gpt2' },
    'tokenizer.ggml.pre': { text: pre },
    'tokenizer.ggml.tokens': { texts: tokens },
    'tokenizer.ggml.token_type': { i32s: types },
    'tokenizer.ggml.merges': { texts: model.merges.map((each) => (typeof each === 'string' ? each : each.join(' '))) },
    ...Object.fromEntries(special),
    'tokenizer.ggml.add_bos_token': { bool: config.add_bos_token ?? beginsWithSpecial(post) },
    ...(template !== undefined && { 'tokenizer.chat_template': { text: template } }),
  }
}

function nameOf({ type, pattern, use_regex, individual_digits }: v.InferOutput<typeof Step>): string {
  if (type === 'Split') return `Split ${pattern?.Regex ?? ''}`
  if (type === 'Digits') return individual_digits ? 'Digits' : 'Digits together'
  return type === 'ByteLevel' && use_regex ? 'ByteLevel with words' : type
}

/** Whether the post-processor, or one of several, puts a special token before a text. */
function beginsWithSpecial(post: unknown): boolean {
  const Template = v.looseObject({
    single: v.tupleWithRest([v.looseObject({ SpecialToken: v.unknown() })], v.unknown()),
  })
  const Sequence = v.looseObject({ processors: v.array(v.unknown()) })
  if (v.is(Sequence, post)) return post.processors.some(beginsWithSpecial)
  return v.is(Template, post) && post.single[0].SpecialToken !== undefined
}

function templateOf(folder: string, inConfig: unknown): string | undefined {
  const path = join(folder, 'chat_template.jinja')
  if (existsSync(path)) return readFileSync(path, 'utf8')
  return typeof inConfig === 'string' ? inConfig : undefined
}
