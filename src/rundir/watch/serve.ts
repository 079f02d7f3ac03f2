// The live page of runs: a server for this machine alone, which follows what the runs leave.
import type { RunEvent } from '../event.ts'
import { follower, progressOf } from './follow.ts'
import { cardOf, groupsOf } from './groups.ts'
import type { Lens } from './lens.ts'
import { pageOf, viewOf } from './page.ts'
import { detailOf, type Place, rolloutsOf } from './rollouts.ts'
import { type Change, folders } from './view.ts'
import type { Watched } from './watched.ts'

/** Milliseconds between two looks at the events. */
const LOOK = 500

export interface Served {
  /** Looks anew at what is watched: runs of a study come to it. */
  watched: () => Watched
  port: number
  /** Of the run in a directory. */
  lensOf: (directory: string) => Promise<Lens>
}

/** Serve the page on 127.0.0.1; port 0 takes any free one. The caller stops it. */
export function servePage({ watched, port, lensOf }: Served) {
  return Bun.serve({
    hostname: '127.0.0.1',
    port,
    idleTimeout: 0,
    development: false,
    async fetch(request, server) {
      const { pathname, hostname } = URL.parse(request.url) ?? { pathname: '', hostname: '' }
      // A page of another origin that has its name point here must not read the run.
      if (hostname !== '127.0.0.1' && hostname !== 'localhost') return new Response('wrong host', { status: 403 })
      const stream = (source: ReadableStream) => {
        server.timeout(request, 0)
        return new Response(source, { headers: { 'content-type': 'text/event-stream' } })
      }
      if (pathname === '/')
        return new Response(pageOf(viewOf(watched(), true)), {
          headers: { 'content-type': 'text/html; charset=utf-8' },
        })
      if (pathname === '/events') return stream(eventsOf(watched().runs[0]?.directory, request.signal))
      if (pathname === '/changes') return stream(changesOf(watched, request.signal))
      const found = await answer(pathname, watched().runs, lensOf)
      return found === undefined ? new Response('not found', { status: 404 }) : Response.json(found)
    },
  })
}

/** `/rollouts/STEP[/INDEX]` of the first run; of any, `/groups|cards|tokens/RUN/FOLDER/STEP[/INDEX[/COUNT]]`. */
async function answer(path: string, runs: Watched['runs'], lensOf: Served['lensOf']): Promise<unknown> {
  const [, what = '', ...rest] = path.split('/')
  const short = what === 'rollouts'
  const [run, folder, ...numbers] = short ? ['0', 'rollouts', ...rest] : rest
  const directory = runs[Number(run)]?.directory
  const known = folders.find((each) => each === folder)
  if (!directory || !known || !numbers.every((each) => /^\d{1,9}$/.test(each))) return undefined
  const [step, index, count] = numbers.map(Number)
  if (step === undefined) return undefined
  const place: Place = { directory, folder: known, step }
  if (short) return index === undefined ? rolloutsOf(directory, step) : detailOf(place, index, await lensOf(directory))
  if (what === 'groups') return groupsOf(place)
  if (index === undefined) return undefined
  if (what === 'tokens') return detailOf(place, index, await lensOf(directory))
  if (what !== 'cards') return undefined
  const marks = Array.from({ length: Math.min(count ?? 1, MOST) }, (_, i) => ({ index: index + i }))
  return cardOf(place, marks, await lensOf(directory))
}

/** Completions of one card. */
const MOST = 4096

const encoder = new TextEncoder()

/** All events of a run as server-sent ones, numbered, then those that come, until the reader goes. */
function eventsOf(directory: string | undefined, gone: AbortSignal): ReadableStream<Uint8Array> {
  const look = directory === undefined ? () => undefined : follower(directory)
  const message = (event: RunEvent, id: number) => encoder.encode(`id: ${id}\ndata: ${JSON.stringify(event)}\n\n`)
  return repeated(gone, (send) => {
    const news = look()
    news?.events.forEach((event, i) => send(message(event, news.from + i)))
  })
}

/** Changes of all runs; `{}` where the runs themselves are others now, and the page is to be asked for anew. */
function changesOf(watched: () => Watched, gone: AbortSignal): ReadableStream<Uint8Array> {
  const { runs, study } = watched()
  const all = runs.map(({ directory }) => ({
    directory,
    look: follower(directory),
    events: [] as RunEvent[],
    last: '',
  }))
  const before = JSON.stringify([runs, study])
  return repeated(gone, (send) => {
    const say = (change: Change | object) => send(encoder.encode(`data: ${JSON.stringify(change)}\n\n`))
    if (study && JSON.stringify([watched().runs, watched().study]) !== before) return say({})
    all.forEach((each, run) => {
      const news = each.look()
      if (news) each.events = [...each.events.slice(0, news.from), ...news.events]
      const progress = progressOf(each.directory, each.events)
      const now = JSON.stringify(progress)
      if (!news && now === each.last) return
      each.last = now
      say({ run, from: news?.from ?? each.events.length, events: news?.events ?? [], ...progress })
    })
  })
}

/** A stream into which `look` sends something now and every so often. */
function repeated(gone: AbortSignal, look: (send: (bytes: Uint8Array) => void) => void): ReadableStream<Uint8Array> {
  let timer: Timer
  return new ReadableStream({
    start(controller) {
      const again = () => look((bytes) => controller.enqueue(bytes))
      again()
      timer = setInterval(again, LOOK)
      gone.addEventListener('abort', () => clearInterval(timer))
    },
    cancel: () => clearInterval(timer),
  })
}
