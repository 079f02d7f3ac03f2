// The flags of `hone prep` checked and handed to prepare(); its files opened, committed together or discarded.
import * as v from 'valibot'
import { HoneError } from '../error.ts'
import { openWriter } from '../text/jsonl.ts'
import { log } from '../out.ts'
import { loadTokenizer } from '../dialogue/chat.ts'
import { completionIds, promptForm, promptIds } from '../dialogue/prompt.ts'
import type { HoneRow } from '../dialogue/row.ts'
import type { Format } from '../data/formats/format.ts'
import { formats, requireEnd } from '../data/formats.ts'
import type { Length, Measure } from '../data/lengths.ts'
import type { Part } from '../data/mix.ts'
import { prepare, type PrepOptions, type PrepSinks } from '../data/prep.ts'
import { sources } from '../data/sources.ts'
import { type Tie, ties } from '../data/split.ts'
import { summaryLines } from '../data/summary.ts'
import { next } from '../shell/next.ts'
import { argument, count, file, folder, formed, named, names, otherwise, say, share, toggle } from '../text/setting.ts'
import { requireApart } from './apart.ts'
import { formName, output } from './flags.ts'
import { modelFolder } from './model-folder.ts'

const AUTO = 'auto'
const VALIDATION_RATIO = 0.1
/** Published scripts that some source can follow exactly. */
const compats = Object.assign({}, ...Object.values(sources).map(({ compat }) => compat))

/** `a.jsonl:2,b.jsonl:1`: files and their weights. */
const MIXTURE = /^[^,]+:\d*\.?\d+(,[^,]+:\d*\.?\d+)*$/
const isMixture = (text: unknown): text is string => typeof text === 'string' && MIXTURE.test(text)

export const PrepFlags = v.object({
  files: argument(v.optional(v.array(v.string()), []), 'input files; - is standard input'),
  mix: say(
    v.optional(formed(isMixture, { hint: 'FILE:WEIGHT,…' }, 'files with a weight each, such as a.jsonl:2,b.jsonl:1')),
    'input files of which each gives its share of the rows',
  ),
  limit: say(v.optional(count()), 'rows to write, drawn by the seed'),
  from: say(v.optional(v.picklist([AUTO, ...Object.keys(sources)]), AUTO), 'source of the rows; auto recognises it'),
  output,
  format: say(v.optional(names(formats), 'hone'), 'format of the output'),
  reject: say(v.optional(file()), 'file of what was left out, with reasons'),
  compat: say(v.optional(named(compats)), 'do exactly what a published script does'),
  keepNoCall: say(toggle(), 'keep turns without a call, with an empty answer'),
  keepAbsentTools: say(toggle(), 'keep calls of tools that are not on offer'),
  dedupe: say(toggle(), 'leave out rows equal to one before'),
  irrelevance: say(v.optional(share(), 0), 'share of rows to repeat without the tools they need'),
  mask: say(v.optional(share(), 0), 'share of rows to repeat with names masked'),
  validation: say(v.optional(file()), 'file for a share of the rows'),
  validationRatio: say(otherwise(share(), String(VALIDATION_RATIO)), 'that share'),
  split: say(
    v.optional(v.array(names<Tie>(ties)), []),
    'what rows of the two files may not have in common, beside their dialogue',
  ),
  maxTokens: say(v.optional(count()), 'leave out rows whose prompt is longer'),
  tokenizer: say(v.optional(folder()), 'model folder whose tokenizer counts the rows'),
  prompt: say(otherwise(formName(), 'that of the format'), 'prompt form that is counted and written'),
  seed: say(v.optional(count(0), 0), 'seed of every draw'),
})
export type PrepFlags = v.InferOutput<typeof PrepFlags>

/** @throws HoneError for wrong flags and for data that yields nothing; nothing half-written remains. */
export async function prepCommand(flags: PrepFlags): Promise<void> {
  const form = flags.prompt === undefined ? undefined : promptForm(flags.prompt)
  const parts = partsOf(flags)
  const files = parts.map(({ path }) => path)
  const weights = flags.mix === undefined ? undefined : parts.map(({ weight }) => weight)
  const options = { ...optionsOf(flags), weights, measure: await measureOf(flags, form) }
  const format: Format = formats[flags.format]
  for (const path of [flags.output, flags.validation]) if (path !== undefined) requireEnd(path, format)
  requireApart({ '--output': flags.output, '--reject': flags.reject, '--validation': flags.validation }, files)
  const sinks: PrepSinks = {
    output: format.open(flags.output, { form, split: 'train' }),
    validation: flags.validation === undefined ? undefined : format.open(flags.validation, { form, split: 'test' }),
    reject: flags.reject === undefined ? undefined : openWriter(flags.reject),
  }
  try {
    const summary = await prepare(files, options, sinks)
    sinks.output.commit()
    sinks.validation?.commit()
    for (const line of summaryLines(summary)) log(line)
    log(
      `wrote ${summary.written} rows to ${[flags.output, ...(flags.validation === undefined ? [] : [flags.validation])].join(' and ')}`,
    )
    if (flags.output !== '-' && flags.format === 'hone')
      next(
        [['lint', flags.output], 'check them'],
        [['train', '--model', 'DIR', '--data', flags.output, '--output', 'RUN'], 'train on them'],
      )
  } finally {
    // What was left out says why nothing survived, so it is kept even then.
    sinks.reject?.commit()
    sinks.output.discard()
    sinks.validation?.discard()
  }
}

function optionsOf(flags: PrepFlags): PrepOptions {
  const { validation, validationRatio = VALIDATION_RATIO } = flags
  if (flags.validationRatio !== undefined && validation === undefined)
    throw new HoneError('--validation-ratio needs --validation FILE')
  if (flags.split.length > 0 && validation === undefined) throw new HoneError('--split needs --validation FILE')
  return { ...flags, compat: checkedCompat(flags), validationRatio }
}

/** The input files, each with its weight. @throws HoneError where there are none, or two lists of them. */
function partsOf({ files, mix }: PrepFlags): Part[] {
  if (mix !== undefined && files.length > 0)
    throw new HoneError('--mix names the input files', { hint: `give ${files.join(', ')} a weight there too` })
  if (mix === undefined && files.length === 0)
    throw new HoneError('Cannot prepare: no input files are given', { hint: 'hone prep FILES… -o OUT.jsonl' })
  if (mix === undefined) return files.map((path) => ({ path, weight: 1 }))
  const parts = mix.split(',').map((part) => {
    const colon = part.lastIndexOf(':')
    return { path: part.slice(0, colon), weight: Number(part.slice(colon + 1)) }
  })
  const none = parts.find(({ weight }) => weight === 0)
  if (none) throw new HoneError(`Cannot mix with a weight of 0: ${none.path}`, { hint: 'leave the file out' })
  return parts
}

/** Counts the tokens of a row's prompt and right answer, as the form writes them; each row once. @throws HoneError where --tokenizer is absent. */
async function measureOf(
  { maxTokens, tokenizer: dir }: PrepFlags,
  form = promptForm('tool-n1'),
): Promise<Measure | undefined> {
  if (dir === undefined) {
    if (maxTokens !== undefined) throw new HoneError('--max-tokens N needs --tokenizer DIR')
    return undefined
  }
  const tokenizer = await loadTokenizer(modelFolder(dir).model)
  const known = new WeakMap<HoneRow, Length>()
  return (row) => {
    const length = known.get(row) ?? {
      prompt: promptIds(form, row, tokenizer).length,
      answer: completionIds(form, row, tokenizer).length,
    }
    known.set(row, length)
    return length
  }
}

function checkedCompat({ compat, from }: PrepFlags): string | undefined {
  if (compat === undefined) return undefined
  const able = Object.entries(sources).filter(([, source]) => source.compat && Object.hasOwn(source.compat, compat))
  if (able.some(([name]) => name === from)) return compat
  const known = Object.entries(sources).flatMap(([name, source]) =>
    Object.keys(source.compat ?? {}).map((each) => `--from ${name} --compat ${each}`),
  )
  throw new HoneError(`--compat ${compat} is not known for ${from === AUTO ? 'a source that is not named' : from}`, {
    hint: `known: ${known.join(', ')}`,
  })
}
