// Answers under way: whoever goes away frees what was taken for them within a token.
import { expect, test } from 'bun:test'
import type { Completion, Session, Slot, SlotRequest } from '../../src/gpu/policy/session.ts'
import { write, type Order } from '../../src/serve/writing.ts'

const tokenizer = {
  decode: (ids: readonly number[]) => String.fromCharCode(...ids),
} as unknown as Parameters<typeof write>[0]['tokenizer']
const order: Order = {
  prompt: [1],
  samples: 2,
  key: [0],
  stops: ['x'],
  alternatives: 0,
  sampling: { temperature: 0, maxNewTokens: 100, eosIds: [0] },
}

/** A session that writes when told to. */
function byHand() {
  const slots: { request: SlotRequest; end: (completion: Completion) => void; released: boolean }[] = []
  const submit = (request: SlotRequest): Slot => {
    const { promise, resolve, reject } = Promise.withResolvers<Completion>()
    promise.catch(() => {})
    const slot = { request, end: resolve, released: false }
    slots.push(slot)
    return {
      ids: request.ids,
      completion: promise,
      release() {
        slot.released = true
        reject(new Error('released'))
      },
    } as unknown as Slot
  }
  return { slots, session: { budget: 1, submit, close() {} } as Session }
}

const completion = (text: string, finish: Completion['finish'] = 'stop'): Completion => {
  const ids = [...text].map((letter) => letter.charCodeAt(0))
  return { ids, logprobs: new Float32Array(ids.length), finish }
}

test('every answer is drawn by a key of its own, and is the text before a stop text', async () => {
  const { session, slots } = byHand()
  const heard: [number, string][] = []
  const written = write({ session, tokenizer }, order, new AbortController().signal, (i, text) => heard.push([i, text]))
  expect(slots.map(({ request }) => request.key)).toEqual([
    [0, 0],
    [0, 1],
  ])
  for (const [i, text] of ['abx', 'cd'].entries()) {
    const { ids } = completion(text)
    const { sampling, onToken } = slots[i]!.request
    const stops = ids.map((id, t) => {
      onToken!(id, -t, () => [])
      return sampling.stop!(ids.slice(0, t + 1))
    })
    expect(stops).toEqual([...text].map((letter) => letter === 'x'))
  }
  slots[0]!.end(completion('abx'))
  slots[1]!.end(completion('cd', 'length'))
  expect((await written).map(({ text, finish }) => [text, finish])).toEqual([
    ['ab', 'stop'],
    ['cd', 'length'],
  ])
  expect(heard.filter(([, text]) => text !== '')).toEqual([
    [0, 'a'],
    [0, 'b'],
    [1, 'c'],
    [1, 'd'],
  ])
})

test('an abort releases every slot at once, and gives its reason', async () => {
  const { session, slots } = byHand()
  const abort = new AbortController()
  const written = write({ session, tokenizer }, order, abort.signal)
  const reason = new Error('gone')
  abort.abort(reason)
  expect(slots.map(({ released }) => released)).toEqual([true, true])
  expect(await written.catch((error: unknown) => error)).toBe(reason)
})

test('what was aborted before takes no slot', async () => {
  const { session, slots } = byHand()
  expect(await write({ session, tokenizer }, order, AbortSignal.abort(new Error('gone'))).catch(String)).toBe(
    'Error: gone',
  )
  expect(slots).toEqual([])
})
