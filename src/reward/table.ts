// The table of rewards: a family is one row, its variants are columns of its own file.
import { scoreAlphaMaze } from './qa/alphamaze.ts'
import { scoreArpo } from './qa/arpo.ts'
import { scoreCountdown } from './qa/countdown.ts'
import { isFormatName, type FormatName } from '../dialogue/call.ts'
import { bfclScorer } from './bfcl-ast.ts'
import { CALL_PARTS, callPartScorer, formatScorer, PARSER_VARIANTS, type CallPart } from './calls.ts'
import type { Mode, Sample, Verdict } from './reward.ts'
import { scoreLength, scoreOverlong, scoreRepetition } from './shape.ts'
import { scoreExact, scoreF1 } from './qa/text-answer.ts'
import { scoreToolN1Strict } from './tool-n1/tool-n1-strict.ts'
import { FORMAT_ONLY, VARIANTS } from './tool-n1/tool-n1-variants.ts'
import { toolN1 } from './tool-n1/tool-n1.ts'
import { parseMode, SWITCHES } from './toolrl/toolrl-modes.ts'
import { scoreToolRl } from './toolrl/toolrl.ts'

type Score = (sample: Sample) => Verdict

/** Of a family whose variants are call formats. */
const formatNamed = (variant: string): FormatName | undefined => (isFormatName(variant) ? variant : undefined)

export interface Family {
  what: string
  /** Variant → what it rewards; the first one is meant where none is named. */
  variants: Record<string, { what: string }>
  /** The call format that a variant reads; undefined where it reads no calls. */
  format(variant: string): FormatName | undefined
  /** The scoring function of a variant, which never throws; undefined where there is no such variant. */
  scorer(variant: string, mode: Mode): Score | undefined
}

export const families: Record<string, Family> = {
  'tool-n1': {
    what: 'Tool-N1: think tags, one list of calls, exact match',
    variants: VARIANTS,
    format: () => 'tool-n1',
    scorer(name, mode) {
      const variant = Object.hasOwn(VARIANTS, name) ? VARIANTS[name] : undefined
      if (!variant) return undefined
      return mode === 'strict' ? (sample) => scoreToolN1Strict(sample, variant) : toolN1(variant)
    },
  },
  toolrl: {
    what: 'ToolRL: format, and partial credit for names, parameters and values',
    variants: { default: { what: 'format 0 to 1, correctness -3 to 3' }, ...SWITCHES },
    format: () => 'toolrl',
    scorer(name, mode) {
      const parsed = parseMode(name)
      if (!parsed) return undefined
      const { switches, step } = parsed
      return (sample) => scoreToolRl(step === undefined ? sample : { ...sample, step }, switches, mode)
    },
  },
  arpo: unvaried('ARPO: tagged layout, F1 of the boxed answer, 0.1 for using both tools', scoreArpo),
  'tool-star': unvaried("Tool-Star's question answering: the same rules as arpo", scoreArpo),
  alphamaze: unvaried('AlphaMaze: tags, moves alone, the exact path', scoreAlphaMaze),
  countdown: unvaried(
    'Countdown: 1 for an equation of the given numbers, each once, that makes the target, 0.1 for another answer',
    scoreCountdown,
  ),
  format: {
    what: '1 for a reply in the right format, whatever it calls',
    variants: {
      loose: { what: "Tool-N1's code: think tags anywhere, well-formed calls in the last block" },
      strict: { what: "Tool-N1's paper: thinking, then one block, nothing else" },
      ...PARSER_VARIANTS,
    },
    format: (name) => (isFormatName(name) ? name : 'tool-n1'),
    scorer(name) {
      if (name === 'loose') return toolN1(FORMAT_ONLY)
      if (name === 'strict') return (sample) => scoreToolN1Strict(sample, FORMAT_ONLY)
      return isFormatName(name) ? formatScorer(name) : undefined
    },
  },
  ...Object.fromEntries(Object.entries(CALL_PARTS).map(([name, part]) => [name, callFamily(name, part)])),
  'bfcl-ast': {
    what: "BFCL's AST check, against possible answers or the calls of a hone row",
    variants: PARSER_VARIANTS,
    format: formatNamed,
    scorer: (parser) => (isFormatName(parser) ? bfclScorer(parser) : undefined),
  },
  exact: unvaried('1 where the final text answer is a right one', scoreExact),
  f1: unvaried('word F1 of the final text answer', scoreF1),
  length: sized(
    'words of thinking wanted, such as 512w',
    /^(\d+)w$/,
    '512w',
    ([wanted = 1]) =>
      (sample) =>
        scoreLength(sample, wanted),
  ),
  repetition: sized(
    'minus the share of repeated n-grams of words, such as 3-grams',
    /^(\d+)-grams?$/,
    '3-grams',
    ([n = 3]) =>
      (sample) =>
        scoreRepetition(sample, n),
  ),
  'soft-overlong': sized(
    '0 down to -1 over the last CACHE of MAX tokens, such as 16384-4096',
    /^(\d+)-(\d+)$/,
    '16384-4096',
    ([maximum = 0, cache = 0]) =>
      (sample) =>
        scoreOverlong(sample, maximum, cache),
  ),
}

function unvaried(what: string, score: (sample: Sample, mode: Mode) => Verdict): Family {
  return {
    what,
    variants: {},
    format: () => undefined,
    scorer: (variant, mode) => (variant === '' ? (sample) => score(sample, mode) : undefined),
  }
}

function callFamily(name: string, part: CallPart): Family {
  return {
    what: part.what,
    variants: PARSER_VARIANTS,
    format: formatNamed,
    scorer: (parser) => (isFormatName(parser) ? callPartScorer(name, part, parser) : undefined),
  }
}

/** A family whose variant carries positive whole numbers. */
function sized(what: string, pattern: RegExp, usual: string, make: (sizes: number[]) => Score): Family {
  return {
    what,
    variants: { [usual]: { what } },
    format: () => undefined,
    scorer(variant) {
      const sizes = pattern.exec(variant)?.slice(1).map(Number)
      return sizes?.every((size) => size > 0) ? make(sizes) : undefined
    },
  }
}
