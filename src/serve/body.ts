// The body of a request: bounded text, an object of JSON.
import { isObject, JsonError, parseJson, type JsonObject } from '../text/json.ts'
import { Refusal } from './refusal.ts'

/** @throws Refusal for a body above so many bytes, before more of it is read, and for one that is no object of JSON; the signal's reason. */
export const bodyOf = async (request: Request, most: number, signal: AbortSignal): Promise<JsonObject> =>
  readObject(await textOf(request, most, signal))

/** A field that holds a name, where it is given. @throws Refusal */
export function nameIn(body: JsonObject, param: string): string | undefined {
  const name = body[param] ?? undefined
  if (name !== undefined && typeof name !== 'string') throw new Refusal(400, `${param} must be text`, { param })
  return name
}

async function textOf({ headers, body }: Request, most: number, signal: AbortSignal): Promise<string> {
  const tooLarge = new Refusal(413, `The body is larger than ${most} bytes`, { code: 'body_too_large' })
  if (Number(headers.get('content-length') ?? 0) > most) throw tooLarge
  const parts: Uint8Array[] = []
  let length = 0
  const reader = body?.getReader()
  // What never comes to its end is not waited for.
  const stop = () => void reader?.cancel().catch(() => {})
  signal.addEventListener('abort', stop)
  try {
    for (let part = await reader?.read(); part && !part.done; part = await reader?.read()) {
      length += part.value.length
      if (length > most) throw tooLarge
      parts.push(part.value)
    }
  } finally {
    signal.removeEventListener('abort', stop)
  }
  signal.throwIfAborted()
  return Buffer.concat(parts).toString('utf8')
}

function readObject(text: string): JsonObject {
  try {
    const body = parseJson(text)
    if (isObject(body)) return body
  } catch (error) {
    if (!(error instanceof JsonError)) throw error
    throw new Refusal(400, `The body is not JSON: ${error.message}`)
  }
  throw new Refusal(400, 'The body must be an object')
}
