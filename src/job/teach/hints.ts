// Hints that are put into a reply in its model's own words, and where: START's library (arXiv 2503.04625) and Tool-Star's two
// classes (arXiv 2505.16410) as data; their wording is ours, theirs is not published.

interface Place {
  what: string
  /** Where a reply is cut: so many characters of it stay, and what follows is the hint. Undefined where it has no such place. */
  find(text: string): number | undefined
  /** Of a token that lies across the place, nothing stays; elsewhere it stays whole. */
  before?: boolean
}

const THOUGHT_END = '</think>'
const thoughtOf = (text: string): string => text.split(THOUGHT_END, 1)[0]!

export const places = {
  pause: {
    what: 'after the first Wait or Alternatively of the thought',
    find: (text) => {
      const found = /\b(?:Wait|Alternatively)\b[,.:]?/.exec(thoughtOf(text))
      return found ? found.index + found[0].length : undefined
    },
  },
  middle: {
    what: 'at the first white space or line after the middle of the thought',
    find: (text) => {
      const thought = thoughtOf(text)
      const half = thought.length >> 1
      const at = thought.slice(half).search(/\s|;/)
      return at < 0 ? undefined : half + at + 1
    },
  },
  answer: {
    what: 'before the thought ends and the answer begins',
    find: (text) => (text.includes(THOUGHT_END) ? thoughtOf(text).length : undefined),
    before: true,
  },
  end: { what: 'at the end of the reply, before what ends the turn', find: (text) => text.length },
} satisfies Record<string, Place>
export type PlaceName = keyof typeof places

/** A row of the table, whatever it has. */
export const placeOf = (name: PlaceName): Place => places[name]

export interface Hint {
  name: string
  at: PlaceName
  text: string
}

const library = {
  calculation: {
    at: 'pause',
    text: ' this needs careful calculation: I can call a tool for it instead of doing it by head.\n',
  },
  reflection: { at: 'end', text: '\nWait, let me check this once more, with a tool where one can tell.\n' },
  logic: { at: 'pause', text: ' let me verify every step of this with a tool.\n' },
  alternative: { at: 'pause', text: ' let me try another way, and call a tool for it.\n' },
  debug: { at: 'end', text: '\nWait, let me run this on an example before I answer.\n' },
  verification: { at: 'middle', text: '\nI should verify what I have so far with a tool.\n' },
  'answer-reflection': {
    at: 'end',
    text: '\nBefore I am done, let me see whether that answer is right, with a tool.\n',
  },
  'before-answer': { at: 'answer', text: '\nI am not certain of this. A tool on offer can tell.\n' },
} satisfies Record<string, Omit<Hint, 'name'>>

export const hints: Record<string, Omit<Hint, 'name'>> = library

/** Whether what was said of hints is a file of them, and no names of the library. */
export const isHintFile = (said: string): boolean => /\.jsonl?$/.test(said)
