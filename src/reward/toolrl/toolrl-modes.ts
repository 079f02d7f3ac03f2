// ToolRL's switches: how each one bends the ranges of the reward's parts over the training steps (rlla.py's environment variables).

export interface Switches {
  correctmax1: boolean
  refined: boolean
  intermediate: boolean
  coarse: boolean
  max1step30: boolean
  schedule: boolean
  withlength: boolean
  schedulelength: boolean
}

/** Lowest and highest value of a part. */
export interface Range {
  min: number
  max: number
}

/** Switch → what it changes. A mode is `default` or several switches joined by +. */
export const SWITCHES: Record<keyof Switches, { what: string }> = {
  correctmax1: { what: 'correctness between -1 and 1' },
  refined: { what: 'names and keys all or nothing' },
  intermediate: { what: 'a call counts only when it is equal' },
  coarse: { what: 'all calls equal or nothing' },
  max1step30: { what: 'two stages: format first, correctness from step 30 on' },
  schedule: { what: 'weight moves from format to correctness over 150 steps' },
  withlength: { what: 'up to 1 more for thinking of 512 words' },
  schedulelength: { what: 'the length aimed at grows from 384 words to 640 over 105 steps' },
}

const ALIASES: Record<string, readonly (keyof Switches)[]> = {
  default: [],
  refinedreward: ['refined'],
  intermediatereward: ['intermediate'],
  coarsereward: ['coarse'],
  max1step30max3: ['max1step30'],
  'two-stage': ['max1step30'],
  schedulereward: ['schedule'],
  length: ['withlength'],
  'schedule-length': ['withlength', 'schedulelength'],
}

/** The switches a mode's text turns on, and the step it fixes (`step200`); undefined where it names none. */
export function parseMode(text: string): { switches: Switches; step: number | undefined } | undefined {
  const on = new Set<string>()
  let step: number | undefined
  for (const word of text.toLowerCase().split('+')) {
    if (/^step\d+$/.test(word)) step = Number(word.slice(4))
    else if (Object.hasOwn(ALIASES, word)) for (const name of ALIASES[word] ?? []) on.add(name)
    else if (Object.hasOwn(SWITCHES, word)) on.add(word)
    else return undefined
  }
  const is = (name: keyof Switches): boolean => on.has(name)
  return {
    step,
    switches: {
      correctmax1: is('correctmax1'),
      refined: is('refined'),
      intermediate: is('intermediate'),
      coarse: is('coarse'),
      max1step30: is('max1step30'),
      schedule: is('schedule'),
      withlength: is('withlength'),
      schedulelength: is('schedulelength'),
    },
  }
}

/** Range of the format part at a step. */
export function formatRange({ max1step30, schedule }: Switches, step: number): Range {
  let [min, max] = [0, 1]
  if (max1step30 && step >= 30) [min, max] = [min / 2, max / 2]
  if (schedule) [min, max] = [Math.min(-2 + ((2 + min) * step) / 150, -1), Math.max(2 - ((2 - max) * step) / 150, 1)]
  return { min, max }
}

/** Range of the correctness part at a step. */
export function correctnessRange({ correctmax1, max1step30, schedule }: Switches, step: number): Range {
  let [min, max] = correctmax1 ? [-1, 1] : [-3, 3]
  if (max1step30 && step < 30) [min, max] = [min / 3, max / 3]
  if (schedule) [min, max] = [Math.max(((min + 2) * step) / 150 - 2, -3), Math.min(((max - 2) * step) / 150 + 2, 3)]
  return { min, max }
}

/** Words of thinking that earn the whole length part. */
export function wantedWords({ schedulelength }: Switches, step: number): number {
  return schedulelength ? ((640 - 384) * step) / 105 + 384 : 512
}
