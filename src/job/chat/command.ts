// hone chat at work: a conversation at the terminal, or a line a turn in a pipe.
import * as v from 'valibot'
import { openMcp } from '../../env/mcp.ts'
import { EXIT } from '../../error.ts'
import { onDevice } from '../../gpu/device/spec.ts'
import { log } from '../../out.ts'
import { argument, count, file, folder, otherwise, positive, say, text } from '../../text/setting.ts'
import { LONGEST } from '../answer/model.ts'
import { formName, parserName, sampling } from '../flags.ts'
import { openServed } from '../serve/open.ts'
import { converse } from './converse.ts'
import { openLines } from './lines.ts'
import { readTools } from './tools.ts'

export const ChatFlags = v.object({
  model: argument(folder(), 'folder of a model, or of a finished run'),
  adapter: say(v.optional(folder()), 'PEFT adapter folder'),
  base: say(v.optional(folder()), 'where the model lies now that a run with an adapter began with'),
  tools: say(v.optional(file()), 'JSON list of tools; one with a command or url answers by itself'),
  mcp: say(v.optional(file()), 'file of MCP servers ({"mcpServers": {…}}) whose tools are offered'),
  toolTimeout: say(v.optional(positive(), 60), 'seconds for an answer of a tool'),
  system: say(v.optional(text('TEXT')), 'what stands before the conversation'),
  ...sampling(0.7),
  maxNewTokens: say(otherwise(count(), `at most ${LONGEST}`), 'longest answer, in tokens'),
  maxTurns: say(v.optional(count(), 8), 'answers to one line at most, where tools are called'),
  prompt: say(v.optional(formName(), 'native'), 'prompt form of messages'),
  parser: say(otherwise(parserName(), 'that of the prompt form'), 'format of the calls'),
  ...onDevice(),
})

type Flags = v.InferOutput<typeof ChatFlags>

/** Until /exit or the end of the lines. @throws HoneError for a model or tools that cannot be used. */
export async function chatCommand(flags: Flags): Promise<number> {
  let stop = new AbortController()
  let answering = false
  let interrupted = false
  const lines = openLines(() => {
    if (answering) return stop.abort()
    interrupted = true
    lines.close()
  })
  // Nobody answers who has stopped it: the conversation has gone on without.
  const ask = async (name: string) => (await lines.next(`result of ${name}: `, stop.signal)) ?? ''
  const servers = flags.mcp === undefined ? undefined : await openMcp(flags.mcp, flags.toolTimeout)
  try {
    const own = flags.tools === undefined ? [] : readTools(flags.tools, flags.toolTimeout, ask)
    const { first } = await openServed({ ...flags, adapters: [], own: flags.adapter })
    log(`${first.name}; Ctrl-C stops an answer, /clear begins anew, /exit ends`)
    const conversation = converse(first, [...own, ...(servers?.runners ?? [])], flags)
    for (
      let line = await lines.next('> ');
      line !== undefined && line.trim() !== '/exit';
      line = await lines.next('> ')
    ) {
      if (line.trim() === '/clear') conversation.clear()
      if (['', '/clear'].includes(line.trim())) continue
      stop = new AbortController()
      answering = true
      await conversation.hear(line, stop.signal)
      answering = false
    }
  } finally {
    lines.close()
    servers?.close()
  }
  return interrupted ? EXIT.interrupted : EXIT.ok
}
