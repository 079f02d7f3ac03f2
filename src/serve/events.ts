// A response of server-sent events, which ends where its reader goes.
import { errorBody, Refusal } from './refusal.ts'

/** Sends one event: a value as JSON, or a text as it is. */
export type Send = (event: object | string) => void

/** What `work` sends, in order; then [DONE]. A refusal on the way is the last event. `onGone` is called where the reader goes. */
export function eventStream(work: (send: Send) => Promise<void>, onGone: () => void): Response {
  const encoder = new TextEncoder()
  let open = true
  const body = new ReadableStream<Uint8Array>({
    async start(controller) {
      const send: Send = (event) => {
        if (open)
          controller.enqueue(encoder.encode(`data: ${typeof event === 'string' ? event : JSON.stringify(event)}\n\n`))
      }
      try {
        await work(send)
        send('[DONE]')
      } catch (error) {
        send(errorBody(error instanceof Refusal ? error : new Refusal(500, 'The answer could not be finished')))
      }
      if (open) controller.close()
      open = false
    },
    cancel() {
      open = false
      onGone()
    },
  })
  return new Response(body, {
    headers: { 'content-type': 'text/event-stream; charset=utf-8', 'cache-control': 'no-cache' },
  })
}
