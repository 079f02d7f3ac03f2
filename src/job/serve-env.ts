// hone serve-env at work: an environment of the user's own as a program that speaks lines of JSON.
import * as v from 'valibot'
import { HoneError } from '../error.ts'
import { data, flush } from '../out.ts'
import { loadDefault } from '../reward/load.ts'
import { isObject, plainJson, type Json } from '../text/json.ts'
import { readRecords } from '../text/jsonl.ts'
import { argument, file } from '../text/setting.ts'

export const ServeEnvFlags = v.object({ file: argument(file(), 'a .ts file whose default export is an environment') })

const callable = v.custom<(...given: unknown[]) => unknown>((value) => typeof value === 'function', 'a function')
const Environment = v.object({ reset: callable })
const Episode = v.looseObject({ step: callable, close: v.optional(callable) })
const Request = v.object({ op: v.picklist(['reset', 'step', 'close']), id: v.string() })

/**
 * Answers each line of stdin; episodes run side by side. What the file prints goes to stderr.
 * @throws HoneError for a file that is no environment.
 */
export async function serveEnvCommand({ file }: v.InferOutput<typeof ServeEnvFlags>): Promise<void> {
  console.log = console.info = console.debug = console.error
  const environment = await load(file)
  const episodes = new Map<string, v.InferOutput<typeof Episode>>()
  for await (const { value, line } of readRecords('-')) {
    const asked = v.safeParse(Request, value)
    if (!asked.success) throw new HoneError('Cannot answer a request: it has no op and id', { at: `-:${line}` })
    const { op, id } = asked.output
    void answer(op, id, value).then(
      (said) => op !== 'close' && say({ id, ...said }),
      (error: unknown) => say({ id, error: error instanceof Error ? error.message : String(error) }),
    )
  }

  async function answer(op: string, id: string, value: Json): Promise<object> {
    const request = isObject(value) ? value : {}
    if (op === 'reset') {
      const { step, close, ...said } = v.parse(Episode, await environment.reset(plainJson(request['row'] ?? {})))
      episodes.set(id, { step, ...(close && { close }) })
      return said
    }
    const episode = episodes.get(id)
    if (!episode) throw new Error('there is no such episode')
    if (op === 'step')
      return Object(await episode.step({ text: request['text'], calls: plainJson(request['calls'] ?? []) }))
    episodes.delete(id)
    await episode.close?.()
    return {}
  }
}

const START = '`hone init env` writes one to start from'

async function load(path: string): Promise<v.InferOutput<typeof Environment>> {
  const read = v.safeParse(Environment, await loadDefault(path, 'environment', START))
  if (read.success) return read.output
  throw new HoneError('Cannot load the environment: its default export has no function reset', {
    at: path,
    hint: START,
  })
}

/** Someone waits for every line. */
function say(reply: object): void {
  data(JSON.stringify(reply))
  flush()
}
