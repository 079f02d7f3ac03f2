// Scores over judged responses to hone rows; with several responses a row also what k samples are worth.
import { isObject, type Json } from '../../text/json.ts'
import type { Judged, NamedScore } from '../benchmark.ts'
import { hammerScores, type HammerCounts } from '../hammer.ts'
import { bestAtK, bootstrap, majorityAtK, mean, passAtK, wilson } from '../statistics.ts'

const PARTS = ['count', 'names', 'parameters', 'values'] as const

export function scores(judged: readonly Judged[]): NamedScore[] {
  if (judged.length === 0) return []
  const samples = [...Map.groupBy(judged, ({ id }) => id).values()]
  return [
    exact(judged, samples),
    ...parts(samples),
    ...(samples.some((list) => list.length > 1) ? sampled(samples) : []),
    ...hammer(judged),
    ...refusal(judged),
  ]
}

/** Of responses that something else than calls makes right: their share, and with several a row what k samples are worth. */
export function rightScores(judged: readonly Judged[], what: string): NamedScore[] {
  if (judged.length === 0) return []
  const samples = [...Map.groupBy(judged, ({ id }) => id).values()]
  const several = samples.length < judged.length
  return [
    { ...share(judged, samples, what), name: 'right' },
    ...(several ? sizes(samples).flatMap((k) => rightOf(k, samples)) : []),
  ]
}

const exact = (judged: readonly Judged[], samples: readonly Judged[][]): NamedScore =>
  share(judged, samples, 'share of responses with exactly the expected calls')

function share(judged: readonly Judged[], samples: readonly Judged[][], what: string): NamedScore {
  if (samples.length === judged.length) {
    const { estimate, low, high } = wilson(judged.filter(({ score }) => score === 1).length, judged.length)
    return { name: 'exact match', value: estimate, low, high, what: `${what}; Wilson’s interval` }
  }
  return {
    name: 'exact match',
    ...interval(samples.map((list) => mean(list.map(({ score }) => score)))),
    what: `${what}; bootstrap over rows`,
  }
}

function parts(samples: readonly Judged[][]): NamedScore[] {
  const what = {
    count: 'number of calls is right',
    names: 'F1 of tool names',
    parameters: 'F1 of parameter names',
    values: 'F1 of parameter values',
  }
  return PARTS.map((part) => ({
    name: `part: ${part}`,
    ...interval(samples.map((list) => mean(list.map((item) => partOf(item, part))))),
    what: `${what[part]}; bootstrap over rows`,
  }))
}

/** k = 1, 2, 4 … up to the fewest samples that a row has. */
function sizes(samples: readonly Judged[][]): number[] {
  const fewest = Math.min(...samples.map((list) => list.length))
  return [...new Set([...Array.from({ length: Math.floor(Math.log2(fewest)) + 1 }, (_, i) => 2 ** i), fewest])]
}

const rightOf = (k: number, samples: readonly Judged[][]): NamedScore[] => [
  {
    name: `mean@${k}`,
    ...interval(samples.map((list) => mean(list.slice(0, k).map(({ score }) => score)))),
    what: `mean of the first ${k} samples`,
  },
  {
    name: `pass@${k}`,
    ...interval(samples.map((list) => passAtK(list.length, list.filter(({ score }) => score === 1).length, k))),
    what: `chance that one of ${k} samples is exactly right (unbiased estimate)`,
  },
]

function sampled(samples: readonly Judged[][]): NamedScore[] {
  const graded = (list: readonly Judged[]) => list.map((item) => mean(PARTS.map((part) => partOf(item, part))))
  return sizes(samples).flatMap((k) => [
    ...rightOf(k, samples),
    {
      name: `best@${k}`,
      ...interval(samples.map((list) => bestAtK(graded(list), k))),
      what: `expected best of ${k} samples by the mean of the parts`,
    },
    {
      name: `maj@${k}`,
      ...interval(
        samples.map((list) =>
          majorityAtK(
            list.map((item) => ({ answer: String(item.judgement['answer_key']), score: item.score })),
            k,
          ),
        ),
      ),
      what: `exact match of the most frequent answer of ${k} samples`,
    },
  ])
}

/** Hammer's F1 of names and of parameters, over all responses. */
function hammer(judged: readonly Judged[]): NamedScore[] {
  const { names, parameters } = hammerScores(judged.map(({ judgement }) => countsOf(judgement['hammer'])))
  const what = 'micro F1 as Hammer computes it: values as text, expected calls not used up'
  return [
    { name: 'Hammer names', value: names?.f1 ?? 0, what },
    { name: 'Hammer parameters', value: parameters?.f1 ?? 0, what },
  ]
}

/** Calls where none is expected and none where one is: the two ways to be badly calibrated. */
function refusal(judged: readonly Judged[]): NamedScore[] {
  const refuses = (item: Judged) => item.judgement['calls'] === 0 && item.judgement.fault === null
  const without = judged.filter(({ judgement }) => judgement['expects_call'] === false)
  const withCall = judged.filter(({ judgement }) => judgement['expects_call'] === true)
  if (without.length === 0) return []
  const refusing = (list: readonly Judged[], name: string, what: string): NamedScore => {
    const { estimate, low, high } = wilson(list.filter(refuses).length, list.length)
    return { name, value: list.length > 0 ? estimate : null, low, high, what }
  }
  const refused = judged.filter(refuses)
  return [
    refusing(without, 'refusal: right', 'share of rows without a fitting tool that are answered without a call'),
    refusing(withCall, 'refusal: wrong', 'share of rows with a fitting tool that are answered without a call'),
    {
      name: 'refusal: precision',
      value:
        refused.length > 0
          ? refused.filter(({ judgement }) => judgement['expects_call'] === false).length / refused.length
          : null,
      what: 'share of answers without a call that are right to make none',
    },
  ]
}

function countsOf(value: Json | undefined): HammerCounts {
  const count = (key: string) => (isObject(value) ? Number(value[key]) : 0)
  return {
    rightNames: count('rightNames'),
    givenNames: count('givenNames'),
    wantedNames: count('wantedNames'),
    rightParameters: count('rightParameters'),
    givenParameters: count('givenParameters'),
    wantedParameters: count('wantedParameters'),
  }
}

function interval(values: readonly number[]): { value: number; low: number; high: number } {
  const { estimate, low, high } = bootstrap(values)
  return { value: estimate, low, high }
}

function partOf({ judgement }: Judged, part: (typeof PARTS)[number]): number {
  const graded = judgement['parts']
  const value = isObject(graded) ? graded[part] : 0
  return typeof value === 'number' ? value : 0
}
