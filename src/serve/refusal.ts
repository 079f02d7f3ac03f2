// What a request is refused with: a status, and an error in OpenAI's shape.

export interface RefusalDetail {
  /** The field that is wrong. */
  param?: string | undefined
  /** For programs. */
  code?: string | undefined
  /** Seconds after which it may be tried again. */
  retryAfter?: number
}

/** An answer that a client gets instead of what it asked for. */
export class Refusal extends Error {
  readonly status: number
  readonly detail: RefusalDetail

  constructor(status: number, message: string, detail: RefusalDetail = {}) {
    super(message)
    this.name = 'Refusal'
    this.status = status
    this.detail = detail
  }
}

/** Names of OpenAI's for a status; others are faults of the request or of the server. */
const TYPES: Record<number, string> = {
  401: 'authentication_error',
  403: 'permission_error',
  404: 'not_found_error',
  429: 'rate_limit_error',
  504: 'timeout_error',
}

/** The body of a refusal, which is also what a stream that breaks off says last. */
export function errorBody({ status, message, detail: { param, code } }: Refusal) {
  const type = TYPES[status] ?? (status < 500 ? 'invalid_request_error' : 'server_error')
  return { error: { message, type, param: param ?? null, code: code ?? null } }
}

export function refusalResponse(refusal: Refusal): Response {
  const { retryAfter } = refusal.detail
  return Response.json(errorBody(refusal), {
    status: refusal.status,
    headers: retryAfter === undefined ? {} : { 'retry-after': String(retryAfter) },
  })
}
