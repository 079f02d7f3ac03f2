// A conversation: what was said so far, answers to what a person says, and the calls made on the way.
import type { Message } from '../../dialogue/row.ts'
import { argumentsText } from '../../dialogue/call/write.ts'
import type { Runner } from '../../env/runner.ts'
import { toolbox } from '../../env/toolbox.ts'
import { HoneError } from '../../error.ts'
import { log, say as speak } from '../../out.ts'
import { paint } from '../../shell/colour.ts'
import type { Served } from '../../serve/served.ts'
import type { Piece } from '../../serve/turn.ts'
import { answer, messageOf } from './answer.ts'

export interface Conversing {
  system?: string | undefined
  temperature: number
  seed: number
  maxNewTokens?: number | undefined
  /** Answers to one line at most. */
  maxTurns: number
}

export interface Conversation {
  /** Answers a line. What the signal stops stays as it was said; calls that it stops leave no trace of the line. */
  hear(line: string, signal: AbortSignal): Promise<void>
  /** Begins anew. */
  clear(): void
}

export function converse(served: Served, runners: readonly Runner[], options: Conversing): Conversation {
  const tools = runners.map(({ tool }) => tool)
  const box = toolbox(runners)
  const beginning: Message[] = options.system === undefined ? [] : [{ role: 'system', content: options.system }]
  let messages = beginning
  let index = 0

  async function hear(line: string, signal: AbortSignal): Promise<void> {
    const before = messages
    const stopped = new Promise<undefined>((resolve) => signal.addEventListener('abort', () => resolve(undefined)))
    messages = [...messages, { role: 'user', content: line }]
    try {
      for (let turn = 0; turn < options.maxTurns; turn++) {
        const show = display()
        const said = await answer(
          served,
          { messages, tools },
          { ...options, index: index++, signal, onPiece: show.piece },
        )
        show.end()
        messages = [...messages, messageOf(said)]
        if (said.calls.length === 0) return
        // One after the other: a person may have to answer.
        for (const call of said.calls) {
          log(`→ ${call.name} ${argumentsText(call)}`)
          const result = await Promise.race([box.step({ text: said.content, calls: [call], fault: null }), stopped])
          if (!result || signal.aborted) return void (messages = before)
          for (const { content } of result.messages) log(`← ${content}`)
          messages = [...messages, ...result.messages.map((each) => ({ ...each, name: call.name }))]
        }
      }
      log(`stopped after ${options.maxTurns} answers; --max-turns allows more`)
    } catch (error) {
      if (!(error instanceof HoneError)) throw error
      messages = before
      log(`error: ${error.message}${error.hint === undefined ? '' : `; ${error.hint}`}`)
    }
  }
  return { hear, clear: () => void (messages = beginning) }
}

/** What is said goes to standard output, what is thought to standard error, dim. */
function display() {
  let thinking = false
  let spoken = false
  return {
    piece({ reasoning, content }: Piece) {
      if (reasoning !== '') speak(2, paint('dim', reasoning, process.stderr))
      thinking ||= reasoning !== ''
      if (content === '') return
      if (thinking) speak(2, '\n')
      thinking = false
      speak(1, content)
      spoken = true
    },
    end() {
      if (thinking) speak(2, '\n')
      if (spoken) speak(1, '\n')
    },
  }
}
