// An address to serve on: this machine alone unless told, a bearer token beyond it.
import { timingSafeEqual } from 'node:crypto'
import { HoneError } from '../error.ts'

export interface Address {
  host: string
  /** 0 takes any. */
  port: number
  /** Demanded as a bearer token; must be given where `host` is beyond loopback. */
  token: string | undefined
}

export interface Handler {
  /** Answers a request that may ask. */
  answer(request: Request, pathname: string): Response | Promise<Response>
  /** What a request gets that may not. */
  refuse(status: number, message: string): Response
  /** Bytes of the largest body; a larger one is answered with 413 and nothing more. */
  largestBody: number
}

export interface Listening {
  url: string
  /** Takes no more connections; resolves when all are over, or at once where they are to be cut. */
  stop(cut: boolean): Promise<void>
}

const LOOPBACK = new Set(['127.0.0.1', 'localhost', '::1'])

/** Seconds after which a connection that says nothing is closed. */
const IDLE = 120

/** Addresses, and names that are always this machine's. */
const OWN = /^(\[.*\]|[\d.]+|(.+\.)?localhost)$/

/** Serves until stopped; /health needs no token. @throws HoneError for an open address without a token, or one in use. */
export function listen({ host, port, token }: Address, { answer, refuse, largestBody }: Handler): Listening {
  if (!LOOPBACK.has(host) && !token) {
    throw new HoneError(`Cannot serve on ${host} without a token: anyone on the network could ask`, {
      hint: 'set HONE_TOKEN or --token, or serve on 127.0.0.1',
    })
  }
  let server
  try {
    server = Bun.serve({
      hostname: host,
      port,
      maxRequestBodySize: largestBody,
      idleTimeout: IDLE,
      development: false,
      fetch(request, server) {
        // An answer may take long to begin; whoever gives it decides for how long.
        server.timeout(request, 0)
        const { pathname, hostname } = URL.parse(request.url) ?? {}
        if (pathname === undefined || hostname === undefined) return refuse(400, 'the Host header is malformed')
        // A page of another origin that has its name point here must not ask for its reader.
        if (!token && !OWN.test(hostname))
          return refuse(403, `the name ${hostname} is not this machine's; set a token to use it`)
        if (
          pathname !== '/health' &&
          token &&
          !sameToken(request.headers.get('authorization') ?? '', `Bearer ${token}`)
        )
          return refuse(401, 'a bearer token is needed')
        return answer(request, pathname)
      },
    })
  } catch (cause) {
    throw new HoneError(`Cannot serve on ${host}:${port}: ${cause instanceof Error ? cause.message : String(cause)}`, {
      cause,
    })
  }
  return { url: server.url.href.replace(/\/$/, ''), stop: (cut) => server.stop(cut) }
}

function sameToken(given: string, wanted: string): boolean {
  const [a, b] = [Buffer.from(given), Buffer.from(wanted)]
  return a.length === b.length && timingSafeEqual(a, b)
}
