// hone chat at work: a conversation at the terminal, or a line a turn in a pipe.
import { styleText } from 'node:util'
import * as v from 'valibot'
import type { Message } from '../../dialogue/row.ts'
import { EXIT, HoneError } from '../../error.ts'
import { deviceSetting } from '../../gpu/device/spec.ts'
import { log, say as speak } from '../../out.ts'
import { argumentsText } from '../../dialogue/call/write.ts'
import type { Served } from '../../serve/served.ts'
import type { Piece } from '../../serve/turn.ts'
import { argument, count, file, folder, otherwise, say, text } from '../../text/setting.ts'
import { LONGEST } from '../answer/model.ts'
import { formName, parserName, sampling } from '../flags.ts'
import { openServed } from '../serve/open.ts'
import { answer, messageOf } from './answer.ts'
import { openLines } from './lines.ts'
import { readTools, type ToolBox } from './tools.ts'

export const ChatFlags = v.object({
  model: argument(folder(), 'folder of a model, or of a finished run'),
  adapter: say(v.optional(folder()), 'PEFT adapter folder'),
  base: say(v.optional(folder()), 'where the model lies now that a run with an adapter began with'),
  tools: say(v.optional(file()), 'JSON list of tools; one with a command or url answers by itself'),
  system: say(v.optional(text('TEXT')), 'what stands before the conversation'),
  ...sampling(0.7),
  maxNewTokens: say(otherwise(count(), `at most ${LONGEST}`), 'longest answer, in tokens'),
  maxTurns: say(v.optional(count(), 8), 'answers to one line at most, where tools are called'),
  prompt: say(v.optional(formName(), 'native'), 'prompt form of messages'),
  parser: say(otherwise(parserName(), 'that of the prompt form'), 'format of the calls'),
  device: deviceSetting('auto'),
})

type Flags = v.InferOutput<typeof ChatFlags>

/** Until /exit or the end of the lines. @throws HoneError for a model or tools that cannot be used. */
export async function chatCommand(flags: Flags): Promise<number> {
  const box: ToolBox = flags.tools === undefined ? { tools: [], run: () => undefined } : readTools(flags.tools)
  const { first: served } = await openServed({ ...flags, adapters: [], own: flags.adapter })
  log(`${served.name}; Ctrl-C stops an answer, /clear begins anew, /exit ends`)
  let stop: AbortController | undefined
  let interrupted = false
  const lines = openLines(() => {
    if (stop) return stop.abort()
    interrupted = true
    lines.close()
  })
  const conversation = converse(served, box, flags)
  for (
    let line = await lines.next('> ');
    line !== undefined && line.trim() !== '/exit';
    line = await lines.next('> ')
  ) {
    if (line.trim() === '') continue
    if (line.trim() === '/clear') {
      conversation.clear()
      continue
    }
    stop = new AbortController()
    await conversation.hear(line, stop.signal, (prompt, signal) => lines.next(prompt, signal))
    stop = undefined
  }
  lines.close()
  return interrupted ? EXIT.interrupted : EXIT.ok
}

/** `ask` has a person give the result of a tool. */
type Ask = (prompt: string, signal: AbortSignal) => Promise<string | undefined>

function converse(served: Served, { tools, run }: ToolBox, flags: Flags) {
  const beginning: Message[] = flags.system === undefined ? [] : [{ role: 'system', content: flags.system }]
  let messages = beginning
  let index = 0

  async function hear(line: string, signal: AbortSignal, ask: Ask): Promise<void> {
    const before = messages
    messages = [...messages, { role: 'user', content: line }]
    try {
      for (let turn = 0; turn < flags.maxTurns; turn++) {
        const show = display()
        const said = await answer(
          served,
          { messages, tools },
          { ...flags, index: index++, signal, onPiece: show.piece },
        )
        show.end()
        messages = [...messages, messageOf(said)]
        if (said.calls.length === 0) return
        for (const call of said.calls) {
          log(`→ ${call.name} ${argumentsText(call)}`)
          const result = await (run(call, signal) ?? ask(`result of ${call.name}: `, signal))
          if (result === undefined || signal.aborted) return void (messages = before)
          log(`← ${result}`)
          messages = [...messages, { role: 'tool', content: result, name: call.name }]
        }
      }
      log(`stopped after ${flags.maxTurns} answers; --max-turns allows more`)
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
      if (reasoning !== '') speak(2, styleText('dim', reasoning, { stream: process.stderr }))
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
