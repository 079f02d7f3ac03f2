// The flags of `hone prep` checked and handed to prepare(); its files opened, committed together or discarded.
import * as v from 'valibot'
import { HoneError } from '../error.ts'
import { openWriter } from '../text/jsonl.ts'
import { log } from '../out.ts'
import { loadTokenizer } from '../dialogue/chat.ts'
import { promptForm, promptIds } from '../dialogue/prompt.ts'
import type { HoneRow } from '../dialogue/row.ts'
import type { Format } from '../data/formats/format.ts'
import { formats, requireEnd } from '../data/formats.ts'
import { prepare, type PrepOptions, type PrepSinks } from '../data/prep.ts'
import { sources } from '../data/sources.ts'
import { keptOf, summaryLines } from '../data/summary.ts'
import { next } from '../shell/next.ts'
import { count, file, folder, inputFiles, named, names, otherwise, say, share, toggle } from '../text/setting.ts'
import { requireApart } from './apart.ts'
import { formName, output } from './flags.ts'
import { modelFolder } from './model-folder.ts'

const AUTO = 'auto'
const VALIDATION_RATIO = 0.1
/** Published scripts that some source can follow exactly. */
const compats = Object.assign({}, ...Object.values(sources).map(({ compat }) => compat))

export const PrepFlags = v.object({
  files: inputFiles(),
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
  maxTokens: say(v.optional(count()), 'leave out rows whose prompt is longer'),
  tokenizer: say(v.optional(folder()), 'model folder whose tokenizer counts'),
  prompt: say(otherwise(formName(), 'that of the format'), 'prompt form that is counted and written'),
  seed: say(v.optional(count(0), 0), 'seed of every draw'),
})
export type PrepFlags = v.InferOutput<typeof PrepFlags>

/** @throws HoneError for wrong flags and for data that yields nothing; nothing half-written remains. */
export async function prepCommand(flags: PrepFlags): Promise<void> {
  const form = flags.prompt === undefined ? undefined : promptForm(flags.prompt)
  const options = { ...optionsOf(flags), fits: await lengthLimit(flags, form) }
  const format: Format = formats[flags.format]
  for (const path of [flags.output, flags.validation]) if (path !== undefined) requireEnd(path, format)
  requireApart({ '--output': flags.output, '--reject': flags.reject, '--validation': flags.validation }, flags.files)
  const sinks: PrepSinks = {
    output: format.open(flags.output, { form, split: 'train' }),
    validation: flags.validation === undefined ? undefined : format.open(flags.validation, { form, split: 'test' }),
    reject: flags.reject === undefined ? undefined : openWriter(flags.reject),
  }
  try {
    const summary = await prepare(flags.files, options, sinks)
    sinks.output.commit()
    sinks.validation?.commit()
    for (const line of summaryLines(summary)) log(line)
    log(
      `wrote ${keptOf(summary)} rows to ${[flags.output, ...(flags.validation === undefined ? [] : [flags.validation])].join(' and ')}`,
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
  return { ...flags, compat: checkedCompat(flags), validationRatio }
}

/**
 * Says of a row whether its prompt, rendered by the form, has at most --max-tokens tokens. @throws HoneError where one
 * flag lacks the other.
 */
async function lengthLimit({ maxTokens: limit, tokenizer: dir }: PrepFlags, form = promptForm('tool-n1')) {
  if (limit === undefined && dir === undefined) return undefined
  if (limit === undefined || dir === undefined)
    throw new HoneError('--max-tokens N and --tokenizer DIR belong together')
  const tokenizer = await loadTokenizer(modelFolder(dir).model)
  return (row: HoneRow) => promptIds(form, row, tokenizer).length <= limit
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
