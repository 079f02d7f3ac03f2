// One answer of a conversation: written piece by piece, until it ends or is stopped.
import { openedThought, promptText } from '../../dialogue/prompt.ts'
import type { Asked } from '../../dialogue/prompt/form.ts'
import type { Message } from '../../dialogue/row.ts'
import { HoneError } from '../../error.ts'
import { Refusal } from '../../serve/refusal.ts'
import { orderOf, type Served } from '../../serve/served.ts'
import { readTurn, type Piece, type Said } from '../../serve/turn.ts'
import { write } from '../../serve/writing.ts'
import { isObject } from '../../text/json.ts'

export interface Speaking {
  temperature: number
  seed: number
  maxNewTokens?: number | undefined
  /** Which answer of the conversation it is: each is drawn by numbers of its own. */
  index: number
  signal: AbortSignal
  onPiece(piece: Piece): void
}

/** What was said, up to where the signal stopped it. @throws HoneError where the conversation has no room in the context. */
export async function answer(
  served: Served,
  asked: Asked,
  { temperature, seed, maxNewTokens, index, signal, onPiece }: Speaking,
): Promise<Said> {
  const text = promptText(served.form, asked, served.tokenizer)
  const turn = readTurn({
    format: served.format,
    opened: openedThought(text),
    mostCalls: asked.tools.length > 0 ? Infinity : 0,
  })
  const end = (): Said => {
    const { piece, said } = turn.end()
    onPiece(piece)
    return said
  }
  try {
    const order = orderOf(served, {
      prompt: served.tokenizer.encode(text),
      param: 'messages',
      law: { temperature },
      maxTokens: maxNewTokens,
      samples: 1,
      stops: [],
      alternatives: 0,
      seed,
      index,
    })
    await write(served, order, signal, (_, more) => onPiece(turn.push(more)))
    return end()
  } catch (error) {
    // The calls of an answer that was stopped are not made.
    if (signal.aborted) return { ...end(), calls: [] }
    if (error instanceof Refusal) throw new HoneError(error.message, { hint: '/clear begins anew' })
    throw error
  }
}

/** What was said, as the next answer is shown it. */
export function messageOf({ reasoning, content, calls }: Said): Message {
  const tool_calls = calls.map((call) => ({ ...call, arguments: isObject(call.arguments) ? call.arguments : {} }))
  return {
    role: 'assistant',
    content,
    ...(reasoning !== '' && { reasoning_content: reasoning }),
    ...(tool_calls.length > 0 && { tool_calls }),
  }
}
