// The body of a request: bounded text, an object of JSON.
import { isObject, JsonError, parseJson, type JsonObject } from '../text/json.ts'
import { Refusal } from './refusal.ts'

/** @throws Refusal for a body above so many bytes, before more of it is read, and for one that is no object of JSON. */
export const bodyOf = async (request: Request, most: number): Promise<JsonObject> =>
  readObject(await textOf(request, most))

/** A field that holds a name, where it is given. @throws Refusal */
export function nameIn(body: JsonObject, param: string): string | undefined {
  const name = body[param] ?? undefined
  if (name !== undefined && typeof name !== 'string') throw new Refusal(400, `${param} must be text`, { param })
  return name
}

async function textOf(request: Request, most: number): Promise<string> {
  const tooLarge = new Refusal(413, `The body is larger than ${most} bytes`, { code: 'body_too_large' })
  if (Number(request.headers.get('content-length') ?? 0) > most) throw tooLarge
  const parts: Uint8Array[] = []
  let length = 0
  for await (const part of request.body ?? []) {
    length += part.length
    if (length > most) throw tooLarge
    parts.push(part)
  }
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
