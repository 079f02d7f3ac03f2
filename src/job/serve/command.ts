// hone serve at work: a model, and adapters upon it, for clients of OpenAI's interface.
import * as v from 'valibot'
import { onDevice } from '../../gpu/device/spec.ts'
import { HoneError } from '../../error.ts'
import { complain, log } from '../../out.ts'
import { modelsOf } from '../../serve/models.ts'
import { openServer } from '../../serve/server.ts'
import { argument, count, folder, otherwise, port, positive, say, several, text, toggle } from '../../text/setting.ts'
import { LONGEST } from '../answer/model.ts'
import { constrain, formName, parserName } from '../flags.ts'
import { openServed } from './open.ts'
import { keptIn } from './record.ts'

export const ServeFlags = v.object({
  model: argument(folder(), 'folder of a model, or of a finished run'),
  adapter: say(several(text('NAME=DIR'), 'NAME=DIR'), 'PEFT adapter served under a name; may be given several times'),
  runtimeAdapters: say(toggle(), 'take adapters while it serves: POST /v1/load_lora_adapter, /v1/unload_lora_adapter'),
  base: say(v.optional(folder()), 'where the model lies now that a run with an adapter began with'),
  name: say(otherwise(text('NAME'), "the folder's"), 'name under which the model is served'),
  host: say(v.optional(text('HOST'), '127.0.0.1'), 'address to listen on'),
  port: say(v.optional(port(), 8000), 'port to listen on; 0 takes any'),
  token: say(otherwise(text('TEXT'), 'HONE_TOKEN'), 'bearer token to demand; needed beyond this machine'),
  prompt: say(v.optional(formName(), 'native'), 'prompt form of messages'),
  parser: say(otherwise(parserName(), 'that of the prompt form'), 'format of the calls'),
  constrain,
  maxModelLen: say(otherwise(count(2), "the model's positions"), 'tokens of a prompt and its answer together'),
  maxNewTokens: say(otherwise(count(), `at most ${LONGEST}`), 'longest answer where a request names none'),
  cacheTokens: say(
    otherwise(count(), 'at most 65536, and what 2 GiB hold'),
    'tokens of which keys and values are held: what is being said, and what was, for conversations that go on',
  ),
  maxRequests: say(v.optional(count(), 256), 'requests that are answered or wait at once; more get status 429'),
  maxBody: say(v.optional(count(), 32 * 2 ** 20), 'bytes of a request; a larger one gets status 413'),
  timeout: say(v.optional(positive(), 600), 'seconds that an answer may take'),
  record: say(
    v.optional(folder()),
    'keep what is asked and answered as rollouts: a file for every session, whose address is /sessions/NAME/v1',
  ),
  ...onDevice(),
})

/** Until SIGTERM or Ctrl-C, which let what runs finish; the second ends at once. @throws HoneError for what cannot be served. */
export async function serveCommand(flags: v.InferOutput<typeof ServeFlags>): Promise<void> {
  const { adapter: adapters, token = process.env['HONE_TOKEN'] } = flags
  const { first, others, openAdapter, weights, cache } = await openServed({ ...flags, adapters })
  if (flags.record !== undefined && (others.length > 0 || flags.runtimeAdapters))
    throw new HoneError('Cannot record adapters: sessions are of the model alone', {
      hint: 'serve one model, or leave out --record',
    })
  const models = modelsOf(first, others)
  const sessions = flags.record === undefined ? undefined : keptIn(flags.record, first)
  const server = openServer(models, {
    ...flags,
    token,
    ...(sessions && { sessions }),
    openAdapter: flags.runtimeAdapters ? openAdapter : undefined,
  })
  complain(`listening on ${server.url}`)
  const names = models.all().map(({ name }) => name)
  const [own, held] = [weights, cache].map((bytes) => `${Math.ceil(bytes / 2 ** 20)} MiB`)
  const size = `${own} of weights and up to ${held} of what is said${names.length > 1 ? ' each' : ''}`
  log(`serving ${names.join(', ')} with ${size}; Ctrl-C ends it when all is answered`)
  await new Promise<void>((resolve) => process.once('SIGINT', resolve).once('SIGTERM', resolve))
  const { running } = server.metrics
  if (running > 0)
    log(`${running} ${running === 1 ? 'request is' : 'requests are'} being answered; once more ends at once`)
  const atOnce = new Promise<void>((resolve) => process.once('SIGINT', resolve).once('SIGTERM', resolve))
  await Promise.race([server.drain(), atOnce])
  await server.stop()
}
