// The flags of hone eval; benchmarks name themselves and the files they write.
import * as v from 'valibot'
import { callFormats } from '../../dialogue/call.ts'
import { checkers } from '../../eval/acebench/judge.ts'
import type { Benchmark } from '../../eval/benchmark.ts'
import { benchmarks } from '../../eval/benchmarks.ts'
import { decoders } from '../../eval/bfcl/decode.ts'
import { onDevice } from '../../gpu/device/spec.ts'
import { count, file, folder, named, names, nonEmpty, otherwise, say, text } from '../../text/setting.ts'
import { episodeFlags } from '../episodes.ts'
import { constrain, endpointFlags, formName, parserName, rewardName, sampling } from '../flags.ts'
import { bars } from './bars.ts'

/** A flag for each benchmark that writes files for its own program. */
const writers: Record<`write-${string}`, v.GenericSchema<string | undefined>> = Object.fromEntries(
  Object.entries<Benchmark>(benchmarks).flatMap(([name, { results }]) =>
    results ? [[`write-${name}`, say(v.optional(folder()), results.what)] as const] : [],
  ),
)

/** Longest answer unless given; half the positions where the model has few. */
export const LONGEST = 1024

export const EvalFlags = v.object({
  bench: say(names(benchmarks), 'benchmark'),
  data: say(text('PATH'), 'folder of the benchmark, or file of hone rows'),
  responses: say(v.optional(file()), 'judge the responses in this file'),
  model: say(v.optional(folder()), 'ask the model in this folder, or of this run'),
  ...endpointFlags,
  completions: say(v.optional(folder()), 'send the endpoint raw prompts, rendered with the tokenizer in this folder'),
  adapter: say(v.optional(folder()), 'PEFT adapter folder'),
  base: say(v.optional(folder()), 'where the model lies now that a run with an adapter began with'),
  prompt: say(otherwise(formName(), 'depends on the benchmark'), 'prompt form'),
  mode: say(
    otherwise(named({ ...decoders, ...callFormats }), 'depends on the prompt form'),
    'BFCL decoder of the responses',
  ),
  parser: say(otherwise(parserName(), 'that of the prompt form'), 'format of the calls in hone rows'),
  constrain,
  reward: say(v.optional(rewardName()), 'judge hone rows by a reward in place of their calls: 1 or more is right'),
  thinkBudget: say(
    v.optional(v.array(count()), []),
    'ask hone rows once for each of these numbers of tokens: a thought that is longer is ended there, and the answer follows',
  ),
  thinkEnd: say(v.optional(nonEmpty(), '\n</think>\n'), 'what ends a thought at its budget'),
  checker: say(v.optional(names(checkers), 'v2510'), "version of ACEBench's checker"),
  samples: say(v.optional(count(), 1), 'responses per row'),
  maxNewTokens: say(otherwise(count(), `at most ${LONGEST}`), 'longest answer, in tokens'),
  ...sampling(0),
  only: say(otherwise(text('NAMES'), 'all'), 'categories to ask, between commas'),
  limit: say(otherwise(count(), 'all'), 'rows to ask per category'),
  save: say(v.optional(file()), 'keep responses here as they come; a later run goes on from it'),
  ...onDevice(),
  format: say(
    v.optional(v.picklist(['text', 'ndjson', 'json']), 'text'),
    'stdout: the table, a row per response, or the summary',
  ),
  json: say(v.optional(file()), 'write the summary as JSON'),
  report: say(v.optional(file()), 'write an HTML page'),
  ...writers,
  min: say(v.optional(bars()), 'exit 1 below this share: 0.8, or NAME=0.8, several between commas'),
  ...episodeFlags,
})
export type EvalFlags = v.InferOutput<typeof EvalFlags>
