// From the text of --reward to a reward: family[:variant][@step][:weight], several joined by commas.
import { HoneError, lookup, unknownName } from '../error.ts'
import { faulty, type Mode, type Reward, type Sample, type Verdict } from './reward.ts'
import { families } from './table.ts'

/** One reward of a combination, as it was asked for. */
export interface Term {
  family: string
  variant: string
  /** Fixed training step; undefined takes the sample's. */
  step: number | undefined
  /** undefined for a reward that stands alone, whose score is taken as it is. */
  weight: number | undefined
}

export interface ResolveOptions {
  mode?: Mode
}

/**
 * The reward `spec` names, for one completion at a time. Scores never throw; a reward that cannot judge gives 0 and a fault.
 * @throws HoneError for a name, variant, step or weight that does not exist, with the nearest one.
 */
export function resolveReward(spec: string, { mode = 'compat' }: ResolveOptions = {}): Reward {
  const terms = parseSpec(spec)
  const rewards = terms.map((term) => ({ term, reward: single(term, mode) }))
  const [only] = rewards
  if (rewards.length === 1 && only?.term.weight === undefined) return only!.reward
  const format = rewards.find(({ reward }) => reward.format !== undefined)?.reward.format
  return { name: spec, what: 'weighted sum', format, score: (sample) => combine(rewards, sample) }
}

/** What each reward of a combination weighs, by its name among the parts; none where the text names no combination of the table's. */
export function rewardWeights(spec: string): Record<string, number> {
  const parts = spec.split(',')
  if (parts.length === 1) return {}
  return Object.fromEntries(
    parseSpec(spec).map(({ family, variant, weight = 1 }) => [
      variant === '' ? family : `${family}:${variant}`,
      weight,
    ]),
  )
}

/** The terms of a reward's text, checked against the table. */
function parseSpec(spec: string): Term[] {
  return spec.split(',').map((part) => parseTerm(part.trim()))
}

function parseTerm(text: string): Term {
  const [head = '', ...rest] = text.split(':')
  const last = rest.at(-1)
  const weight = last !== undefined && last !== '' && Number.isFinite(Number(last)) ? Number(rest.pop()) : undefined
  const [path = '', stepText] = [head, ...rest].join(':').split('@')
  const [name = '', ...variantParts] = path.split(':')
  const family = lookup(families, 'reward', name)
  const names = Object.keys(family.variants)
  const variant = variantParts.join(':') || (names[0] ?? '')
  if (!family.scorer(variant, 'compat')) throw unknownName(`variant of ${name}`, variant, names)
  const step = stepText === undefined ? undefined : Number(stepText)
  if (step !== undefined && (!Number.isInteger(step) || step < 0)) {
    throw new HoneError(`Cannot read the step in the reward "${text}"`, {
      hint: 'write @ and a whole number, such as @30',
    })
  }
  return { family: name, variant, step, weight }
}

function single({ family, variant, step }: Term, mode: Mode): Reward {
  const { what, variants, format, scorer } = families[family]!
  const score = scorer(variant, mode)!
  return {
    name: variant === '' ? family : `${family}:${variant}`,
    what: variants[variant]?.what ?? what,
    format: format(variant),
    score(sample) {
      try {
        return score(step === undefined ? sample : { ...sample, step })
      } catch (error) {
        return faulty(error)
      }
    },
  }
}

/** The weighted sum of the rewards that apply to the sample; a fault in one is a fault of the whole. */
function combine(rewards: { term: Term; reward: Reward }[], sample: Sample): Verdict {
  let score = 0
  const parts: Record<string, number | null> = {}
  const reasons: string[] = []
  for (const { term, reward } of rewards) {
    const verdict = reward.score(sample)
    if (verdict.fault !== null) return { score: 0, parts: null, fault: verdict.fault, reasons: verdict.reasons }
    score += (term.weight ?? 1) * verdict.score
    parts[reward.name] = verdict.notApplicable ? null : verdict.score
    for (const reason of verdict.reasons) reasons.push(`${reward.name}: ${reason}`)
  }
  return { score, parts, fault: null, reasons }
}
