// The variants of Tool-N1's reward: what a reply can come to, and the points each variant gives for it.
import type { Verdict } from '../reward.ts'

/**
 * What was read as calls: no block at all; no JSON in it; left unjudged because thinking is missing; no list of calls; other
 * calls; calls of the right names; the right calls.
 */
export type Reading = 'absent' | 'unreadable' | 'unjudged' | 'misshapen' | 'other' | 'names' | 'calls'

export interface Outcome {
  /** The reply has think tags. */
  think: boolean
  reading: Reading
}

export interface Variant {
  what: string
  marker: string
  /** Without think tags the published code returns before it looks at the calls. */
  thinkFirst: boolean
  /** llama: no block at all counts as an empty list of calls, and text inside JSON text must be JSON. */
  llama: boolean
  points(outcome: Outcome): number
}

const QWEN = { marker: '<|im_start|>assistant', thinkFirst: false, llama: false }

const REASONS: Record<Reading, string | undefined> = {
  absent: 'no <tool_call> block',
  unreadable: 'the last <tool_call> block holds no JSON',
  unjudged: undefined,
  misshapen: 'not a list of objects with "name" and "arguments"',
  other: 'wrong names or number of calls',
  names: 'right names, wrong arguments',
  calls: undefined,
}

const binary = ({ think, reading }: Outcome): number => (think && reading === 'calls' ? 1 : 0)
const isFormed = (reading: Reading): boolean => reading === 'other' || reading === 'names' || reading === 'calls'

/** prompt_type of the published code → rule. v0 is the paper's binary reward. */
export const VARIANTS: Record<string, Variant> = {
  v0: { ...QWEN, what: 'binary: think tags, format and exact calls', thinkFirst: true, points: binary },
  llama: {
    what: 'binary with Llama 3 markers; no block is right when no call is',
    marker: '<|start_header_id|>assistant<|end_header_id|>',
    thinkFirst: true,
    llama: true,
    points: binary,
  },
  lexico: {
    ...QWEN,
    what: 'right calls first, then thinking: 1.2, 1, 0, -0.2',
    points({ think, reading }) {
      if (reading === 'absent' || reading === 'unreadable') return 0
      return reading === 'calls' ? (think ? 1.2 : 1) : think ? -0.2 : 0
    },
  },
  'wo-reason': {
    ...QWEN,
    what: 'binary without the think tags',
    points: ({ reading }) => (reading === 'calls' ? 1 : 0),
  },
  'partial-reason': {
    ...QWEN,
    what: '0.2 for thinking, 0.8 for right calls',
    points: ({ think, reading }) => (think ? 0.2 : 0) + (reading === 'calls' ? 0.8 : 0),
  },
  'partial-reason-funcname': {
    ...QWEN,
    what: 'partial-reason and 0.2 for right names alone',
    points: ({ think, reading }) => (think ? 0.2 : 0) + (reading === 'calls' ? 0.8 : reading === 'names' ? 0.2 : 0),
  },
}

/** Points for the reply's form alone: think tags and well-formed calls. */
export const FORMAT_ONLY: Variant = {
  ...QWEN,
  what: 'think tags and well-formed calls',
  points: ({ think, reading }) => (think && isFormed(reading) ? 1 : 0),
}

/** The variant's verdict for each reading, without and with think tags. */
export type Verdicts = Record<Reading, readonly [silent: Verdict, thinking: Verdict]>

/** All verdicts of a variant: so few that each is made once. */
export function verdictsOf(variant: Variant): Verdicts {
  const both = (reading: Reading) =>
    [false, true].map((think) => usual(variant, { think, reading })) as [Verdict, Verdict]
  return {
    absent: both('absent'),
    unreadable: both('unreadable'),
    unjudged: both('unjudged'),
    misshapen: both('misshapen'),
    other: both('other'),
    names: both('names'),
    calls: both('calls'),
  }
}

function usual(variant: Variant, outcome: Outcome): Verdict {
  const reason = REASONS[outcome.reading]
  return makeVerdict(variant.points(outcome), outcome, [
    ...(outcome.think ? [] : ['no <think> and </think>']),
    ...(reason === undefined ? [] : [reason]),
  ])
}

/** A verdict with the parts think, format, names and calls, each 0 or 1. */
export function makeVerdict(score: number, { think, reading }: Outcome, reasons: readonly string[]): Verdict {
  return {
    score,
    parts: {
      think: think ? 1 : 0,
      format: isFormed(reading) ? 1 : 0,
      names: reading === 'names' || reading === 'calls' ? 1 : 0,
      calls: reading === 'calls' ? 1 : 0,
    },
    fault: null,
    reasons,
  }
}
