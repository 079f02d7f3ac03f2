// Holding the turns of a model to the tools of its rows: a grammar for every row, kept while it is likely to be needed again.
import type { CallFormat } from './call/format.ts'
import type { Tokenizer } from './chat.ts'
import { constrainer, type Constraint } from './constrain.ts'
import type { Constrained, FrameOptions, Notice } from './grammar/frame.ts'
import { openedThought } from './prompt.ts'
import type { PromptForm } from './prompt/form.ts'
import type { Tool } from './row.ts'

/** What holds a turn after a prompt, which is given in ids or as what it ends with. */
export type Hold = (asked: { tools: readonly Tool[] }, prompt: readonly number[]) => Constraint

export interface HoldOptions {
  tokenizer: Tokenizer
  form: PromptForm
  format: CallFormat
  what: Constrained
  /** Ids that the model has. */
  vocabulary: number
  /** Told once of everything that schemas ask and no grammar sees to. */
  onNotice?: (notice: Notice) => void
}

/** Rows of which the grammar is kept. */
const KEPT = 64
/** Enough for a tag that is spelt byte by byte, and white space after it. */
const OPENED_TOKENS = 16

/** @throws HoneError for a format or a tokenizer that cannot be held. */
export function holdOf({ tokenizer, form, format, what, vocabulary, onNotice }: HoldOptions): Hold {
  const constrain = constrainer(tokenizer, vocabulary)
  const first = thinks(form)
  const kept = new Map<readonly Tool[], Map<FrameOptions['thought'], Constraint>>()
  const told = new Set<string>()
  constrain.calls(format, [], { what, thought: 'perhaps' })

  function make(tools: readonly Tool[], thought: FrameOptions['thought']): Constraint {
    const constraint = constrain.calls(format, tools, { what, thought })
    for (const notice of constraint.notices) {
      const key = JSON.stringify(notice)
      if (!told.has(key)) onNotice?.(notice)
      told.add(key)
    }
    return constraint
  }

  return ({ tools }, prompt) => {
    const opened = openedThought(tokenizer.decode(prompt.slice(-OPENED_TOKENS))) !== ''
    const thought = opened ? 'opened' : first ? 'first' : 'perhaps'
    const made = kept.get(tools) ?? new Map<FrameOptions['thought'], Constraint>()
    const constraint = made.get(thought) ?? make(tools, thought)
    made.set(thought, constraint)
    // The one asked for last goes last.
    kept.delete(tools)
    kept.set(tools, made)
    if (kept.size > KEPT) kept.delete(kept.keys().next().value!)
    return constraint
  }
}

/** What is not seen to, for people. */
export const unkept = ({ tool, path, keyword }: Notice): string =>
  `the grammar does not see to '${keyword}' of ${tool}${path === '' ? '' : ` at ${path}`}`

/** True where right answers of the form begin with a thought. */
export function thinks(form: PromptForm): boolean {
  const target = form.target({ messages: [], tools: [], answer: [], meta: {} })
  return typeof target === 'string' && target.startsWith('<think>')
}
