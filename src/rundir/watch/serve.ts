// The live page of a run: a server for this machine alone, which follows the run's events.
import type { RunEvent } from '../event.ts'
import { eventsOf, pageOf } from './page.ts'
import { detailOf, rolloutsOf, type Spell } from './rollouts.ts'

/** Milliseconds between two looks at the events. */
const LOOK = 500

/** Serve the page of the run in `directory` on 127.0.0.1; port 0 takes any free one. The caller stops it. */
export function servePage(directory: string, port: number, spell?: Spell) {
  return Bun.serve({
    hostname: '127.0.0.1',
    port,
    idleTimeout: 0,
    development: false,
    fetch(request, server) {
      const { pathname, hostname } = URL.parse(request.url) ?? { pathname: '', hostname: '' }
      // A page of another origin that has its name point here must not read the run.
      if (hostname !== '127.0.0.1' && hostname !== 'localhost') return new Response('wrong host', { status: 403 })
      const [, step, index] = /^\/rollouts\/(\d{1,9})(?:\/(\d{1,9}))?$/.exec(pathname) ?? []
      if (pathname === '/')
        return new Response(pageOf(directory, { live: true }), {
          headers: { 'content-type': 'text/html; charset=utf-8' },
        })
      if (pathname === '/events') {
        server.timeout(request, 0)
        return new Response(follow(directory, request.signal), { headers: { 'content-type': 'text/event-stream' } })
      }
      const found =
        index === undefined
          ? step && rolloutsOf(directory, Number(step))
          : detailOf(directory, Number(step), Number(index), spell)
      return found ? Response.json(found) : new Response('not found', { status: 404 })
    },
  })
}

/** All events as server-sent ones, numbered, then those that come, until the reader goes. */
function follow(directory: string, gone: AbortSignal): ReadableStream<Uint8Array> {
  const encoder = new TextEncoder()
  const message = (event: RunEvent, id: number) => encoder.encode(`id: ${id}\ndata: ${JSON.stringify(event)}\n\n`)
  let timer: Timer
  return new ReadableStream({
    start(controller) {
      let sent = 0
      const look = () => {
        const events = eventsOf(directory)
        // A resumed run takes back events after its checkpoint: the page is told from there on.
        if (events.length < sent) sent = events.length
        for (; sent < events.length; sent++) controller.enqueue(message(events[sent]!, sent))
      }
      look()
      timer = setInterval(look, LOOK)
      gone.addEventListener('abort', () => clearInterval(timer))
    },
    cancel: () => clearInterval(timer),
  })
}
