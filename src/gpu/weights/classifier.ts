// A language model's folder as one of a scalar head: what transformers has to read in its files to come to the same score.
//
// transformers scores a text at its last token that is not the padding. Where texts are padded with what also ends them, the
// score would be that of another token: such a folder is given another padding.
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import * as v from 'valibot'
import { endings, families, type ModelConfig } from './family.ts'
import { readJson } from './folder.ts'

const Ids = v.nullish(v.union([v.number(), v.array(v.number())]))
const Config = v.looseObject({
  architectures: v.optional(v.array(v.string()), []),
  eos_token_id: Ids,
  pad_token_id: v.nullish(v.number()),
  unk_token_id: v.nullish(v.number()),
  bos_token_id: v.nullish(v.number()),
})
const Generation = v.looseObject({ eos_token_id: Ids })
const Text = v.union([v.string(), v.looseObject({ content: v.string() })])
const TokenizerConfig = v.looseObject({ pad_token: v.nullish(Text) })
const Tokenizer = v.looseObject({
  added_tokens: v.optional(v.array(v.looseObject({ id: v.number(), content: v.string() })), []),
})

/** The files of `from` that read otherwise in a folder with the head of `config`, by name. None where the folder has that head. */
export function classifierFiles(from: string, config: ModelConfig): Record<string, unknown> {
  const said = v.parse(Config, readJson(join(from, 'config.json')))
  const wanted = Object.keys(endings).find(
    (name) => endings[name]!.head === config.head && endings[name]!.scoreBias === config.scoreBias,
  )
  const architecture = `${families[config.family]!.line}${wanted}`
  if (config.head === 'language' || said.architectures.includes(architecture)) return {}
  const tokenizer = optional(TokenizerConfig, from, 'tokenizer_config.json')
  const tokens = optional(Tokenizer, from, 'tokenizer.json')?.added_tokens ?? []
  const generation = optional(Generation, from, 'generation_config.json')
  const ends = [said.eos_token_id, generation?.eos_token_id].flatMap((ids) => ids ?? [])
  const textOf = (token: v.InferOutput<typeof Text> | null | undefined) =>
    typeof token === 'string' ? token : token?.content
  const own = tokens.find(({ content }) => content === textOf(tokenizer?.pad_token))?.id
  const pad = [own, said.pad_token_id, said.unk_token_id, said.bos_token_id].find(
    (id) => typeof id === 'number' && !ends.includes(id),
  )
  const text = tokens.find(({ id }) => id === pad)?.content
  return {
    'config.json': {
      ...said,
      architectures: [architecture],
      num_labels: 1,
      id2label: { '0': 'LABEL_0' },
      label2id: { LABEL_0: 0 },
      pad_token_id: pad ?? null,
    },
    ...(tokenizer &&
      text !== undefined &&
      pad !== own && { 'tokenizer_config.json': { ...tokenizer, pad_token: text } }),
  }
}

function optional<S extends v.GenericSchema>(schema: S, ...path: string[]): v.InferOutput<S> | undefined {
  const at = join(...path)
  if (!existsSync(at)) return undefined
  const parsed = v.safeParse(schema, readJson(at))
  return parsed.success ? parsed.output : undefined
}
