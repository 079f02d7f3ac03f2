// The flags of `hone prep` checked and handed to prepare(); its files opened, committed together or discarded.
import { HoneError, lookup } from '../error.ts'
import { numberFlag } from '../shell/flags.ts'
import { openWriter } from '../text/jsonl.ts'
import { log } from '../out.ts'
import { loadTokenizer } from '../dialogue/chat.ts'
import type { PromptForm } from '../dialogue/prompt/form.ts'
import { promptForm, promptIds } from '../dialogue/prompt.ts'
import type { HoneRow } from '../dialogue/row.ts'
import type { Format } from '../data/formats/format.ts'
import { formats } from '../data/formats.ts'
import { prepare, type PrepOptions, type PrepSinks } from '../data/prep.ts'
import { sources } from '../data/sources.ts'
import { summaryLines } from '../data/summary.ts'

export interface PrepFlags {
  _: string[]
  from?: string | undefined
  output: string
  format?: string | undefined
  reject?: string | undefined
  compat?: string | undefined
  keepNoCall?: boolean | undefined
  keepAbsentTools?: boolean | undefined
  dedupe?: boolean | undefined
  irrelevance?: string | undefined
  mask?: string | undefined
  validation?: string | undefined
  validationRatio?: string | undefined
  maxTokens?: string | undefined
  tokenizer?: string | undefined
  prompt?: string | undefined
  seed?: string | undefined
}

/** @throws HoneError for wrong flags and for data that yields nothing; nothing half-written remains. */
export async function prepCommand(flags: PrepFlags): Promise<void> {
  const form = flags.prompt === undefined ? undefined : promptForm(flags.prompt)
  const options = { ...readOptions(flags), fits: await lengthLimit(flags, form) }
  const format = lookup<Format>(formats, 'format', flags.format ?? 'hone')
  const sinks: PrepSinks = {
    output: format.open(flags.output, { form, split: 'train' }),
    validation: flags.validation === undefined ? undefined : format.open(flags.validation, { form, split: 'test' }),
    reject: flags.reject === undefined ? undefined : openWriter(flags.reject),
  }
  try {
    const summary = await prepare(flags._, options, sinks)
    sinks.output.commit()
    sinks.validation?.commit()
    for (const line of summaryLines(summary)) log(line)
  } finally {
    // What was left out says why nothing survived, so it is kept even then.
    sinks.reject?.commit()
    sinks.output.discard()
    sinks.validation?.discard()
  }
}

function readOptions(flags: PrepFlags): PrepOptions {
  if (flags._.length === 0)
    throw new HoneError('No input file was given', { hint: 'usage: hone prep FILES… -o OUT.jsonl' })
  const ratio = (text: string | undefined, flag: string) => numberFlag(text, flag, { min: 0, max: 1 })
  if (flags.validationRatio !== undefined && flags.validation === undefined) {
    throw new HoneError('--validation-ratio needs --validation FILE')
  }
  return {
    from: flags.from ?? 'auto',
    compat: checkedCompat(flags),
    keepNoCall: flags.keepNoCall ?? false,
    keepAbsentTools: flags.keepAbsentTools ?? false,
    dedupe: flags.dedupe ?? false,
    irrelevance: ratio(flags.irrelevance, '--irrelevance') ?? 0,
    mask: ratio(flags.mask, '--mask') ?? 0,
    validationRatio: ratio(flags.validationRatio, '--validation-ratio') ?? 0.1,
    seed: numberFlag(flags.seed, '--seed', { min: 0, integer: true }) ?? 0,
  }
}

/** Says of a row whether its prompt, rendered by the form, has at most --max-tokens tokens. @throws HoneError where one flag lacks the other. */
async function lengthLimit({ maxTokens, tokenizer: dir }: PrepFlags, form: PromptForm = promptForm('tool-n1')) {
  const limit = numberFlag(maxTokens, '--max-tokens', { min: 1, integer: true })
  if (limit === undefined && dir === undefined) return undefined
  if (limit === undefined || dir === undefined)
    throw new HoneError('--max-tokens N and --tokenizer DIR belong together')
  const tokenizer = await loadTokenizer(dir)
  return (row: HoneRow) => promptIds(form, row, tokenizer).length <= limit
}

function checkedCompat({ compat, from }: PrepFlags): string | undefined {
  if (compat === undefined) return undefined
  const able = Object.entries(sources).filter(([, source]) => source.compat && Object.hasOwn(source.compat, compat))
  const names = able.map(([name]) => name)
  if (from !== undefined && names.includes(from)) return compat
  const known = Object.entries(sources).flatMap(([name, source]) =>
    Object.keys(source.compat ?? {}).map((each) => `--from ${name} --compat ${each}`),
  )
  throw new HoneError(
    `--compat ${compat} is not known for ${from === undefined ? 'a source that is not named' : from}`,
    { hint: `known: ${known.join(', ')}` },
  )
}
