// An endpoint as the flags and the environment name it, and what is said while it is slow to answer.
import { type Endpoint, RETRIES } from '../../dialogue/endpoint/post.ts'
import { HoneError } from '../../error.ts'
import { isTerminal, log, status } from '../../out.ts'
import { notice } from '../../shell/notice.ts'

export interface EndpointPlace {
  endpoint?: string | undefined
  apiModel?: string | undefined
  /** Seconds. */
  timeout?: number | undefined
  retries?: number | undefined
}

/** Where OpenAI's own clients look when they are told nothing. */
export const usualEndpoint = (): string | undefined => process.env['OPENAI_BASE_URL'] || undefined

/** Each reason to ask again is told once. @throws HoneError where the address or the name of the model is missing. */
export function connect({
  endpoint: url = usualEndpoint(),
  apiModel: model,
  timeout,
  retries,
}: EndpointPlace): Endpoint {
  if (url === undefined) throw new HoneError('Cannot ask an endpoint: --endpoint is missing', { hint: 'give its URL' })
  if (model === undefined)
    throw new HoneError('Cannot ask the endpoint: --api-model is missing', {
      hint: 'give the name under which the endpoint serves the model',
    })
  const told = new Set<string>()
  return {
    url,
    model,
    key: process.env['OPENAI_API_KEY'],
    timeout: timeout === undefined ? undefined : timeout * 1000,
    retries,
    onRetry(reason, milliseconds) {
      if (told.has(reason)) return
      told.add(reason)
      log(`${url}: ${reason}; asked again in ${milliseconds / 1000} s, ${retries ?? RETRIES} times at most`)
    },
    onAdapted: (what) => notice.warn(`${url}: ${what}`),
  }
}

/** Seconds without an answer after which a person is told: on a terminal in the status line, elsewhere in a line now and then. */
const PATIENCE = { terminal: 2, elsewhere: 30 }

/** Says that it is being waited for, as long as no answer comes: looks at the clock, in milliseconds, every so many of them. */
export function waitingFor(
  name: string,
  { now = performance.now.bind(performance), every = 1000 }: { now?: () => number; every?: number } = {},
) {
  let last = now()
  let underWay = 0
  let due = PATIENCE.elsewhere
  const tell = () => {
    const seconds = Math.round((now() - last) / 1000)
    const line = `waiting for ${name}: ${underWay} request${underWay === 1 ? '' : 's'} under way, no answer for ${seconds} s`
    if (isTerminal()) {
      if (seconds >= PATIENCE.terminal) status(line)
    } else if (seconds >= due) {
      due += PATIENCE.elsewhere
      log(line)
    }
  }
  let timer: NodeJS.Timeout | undefined
  return {
    asked() {
      if (underWay++ > 0) return
      last = now()
      timer = setInterval(tell, every)
      timer.unref()
    },
    answered() {
      if (--underWay === 0) clearInterval(timer)
      last = now()
      due = PATIENCE.elsewhere
    },
  }
}
