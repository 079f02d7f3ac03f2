// ToolRL's reward (qiancheng0/ToolRL, reward_score/rlla.py): format, correctness of the calls, and length of the thinking.
import { isObject, parseJson, type Json } from '../../text/json.ts'
import { count, strip, words } from '../../text/python/text.ts'
import { callFormats } from '../../dialogue/call.ts'
import { faulty, Raised, type Mode, type Sample, type Verdict } from '../reward.ts'
import { bestPairing, correctness, greedyPairing } from './toolrl-match.ts'
import { correctnessRange, formatRange, wantedWords, type Range, type Switches } from './toolrl-modes.ts'

const MARKERS = {
  llama: ['<|start_header_id|>assistant<|end_header_id|>', '<|eot_id|>'],
  qwen: ['<|im_start|>assistant', '<|im_end|>'],
} as const

/**
 * compat: the published value for every input. strict: as the paper puts it, calls pair up in the best way (not in order), and a call
 * where none is right earns the minimum instead of nothing.
 */
export function scoreToolRl(
  { completion, truth, step = 0, model = 'qwen' }: Sample,
  switches: Switches,
  mode: Mode,
): Verdict {
  try {
    const gold = typeof truth === 'string' ? truth : goldText(truth)
    const reply = replyOf(completion, model)
    const reasons: string[] = []
    const format = scoreFormat(reply, gold, formatRange(switches, step), reasons)
    const correct = scoreCorrectness(reply, gold, correctnessRange(switches, step), switches, mode, reasons)
    const length = switches.withlength ? scoreLength(reply, wantedWords(switches, step)) : 0
    return { score: format + correct + length, parts: { format, correctness: correct, length }, fault: null, reasons }
  } catch (error) {
    return faulty(error)
  }
}

/** Calls as the tagged text the published code takes. */
function goldText(calls: readonly Json[]): string {
  const expected = calls.map((call) => {
    if (!isObject(call)) throw new Raised('TypeError', 'an expected call must be an object')
    return { name: String(call['name'] ?? null), arguments: call['arguments'] ?? null }
  })
  const text = expected.length === 0 ? '<response> </response>' : ''
  return callFormats.toolrl.write({ think: ' ', text, calls: expected })
}

function replyOf(completion: string, model: string): string {
  const family = model.includes('llama') ? 'llama' : model.includes('qwen') ? 'qwen' : undefined
  if (!family) throw new Raised('NotImplementedError', `no chat markers are known for the model ${model}`)
  const [begin, end] = MARKERS[family]
  const at = completion.lastIndexOf(begin)
  const text = at < 0 ? completion : completion.slice(at + begin.length)
  const stop = text.indexOf(end)
  return strip(stop < 0 ? text : text.slice(0, stop))
}

/** The layouts by what the gold text holds: the separators in their order, and tags that must occur exactly once. */
function scoreFormat(reply: string, gold: string, { min, max }: Range, reasons: string[]): number {
  const respond = gold.includes('<response>')
  const call = gold.includes('<tool_call>')
  const pieces = call
    ? ['</think>\n<tool_call>\n', respond ? '\n</tool_call>\n<response>' : '\n</tool_call>']
    : [respond ? '</think>\n<response>' : '</think>']
  if (respond) pieces.push('</response>')
  const once = [...(call ? ['<tool_call>', '</tool_call>'] : []), ...(respond ? ['<response>', '</response>'] : [])]
  if (inOrder(reply, pieces) && once.every((tag) => count(reply, tag) === 1)) return max
  reasons.push(
    `format: not <think> … </think>${call ? ' <tool_call> … </tool_call>' : ''}${respond ? ' <response> … </response>' : ''}, each once, on lines of their own`,
  )
  return min
}

/** True where the text begins with <think>, holds the pieces one after another, and ends with the last one. */
function inOrder(text: string, pieces: string[]): boolean {
  if (!text.startsWith('<think>')) return false
  let at = '<think>'.length
  for (const piece of pieces.slice(0, -1)) {
    const found = text.indexOf(piece, at)
    if (found < 0) return false
    at = found + piece.length
  }
  const last = pieces.at(-1) ?? ''
  return text.endsWith(last) && text.length - last.length >= at
}

function scoreCorrectness(
  reply: string,
  gold: string,
  range: Range,
  switches: Switches,
  mode: Mode,
  reasons: string[],
): number {
  if (!gold.includes('<tool_call>')) {
    if (mode === 'compat' || !reply.includes('<tool_call>')) return 0
    reasons.push('correctness: a call where none is right')
    return range.min
  }
  const expected = readLines(gold)
  try {
    if (!reply.includes('<tool_call>') || !reply.includes('</tool_call>'))
      throw new Raised('AssertionError', 'no <tool_call> block')
    const given = readLines(reply)
    const value = correctness(expected, given, range, switches, mode === 'strict' ? bestPairing : greedyPairing)
    if (value < range.max)
      reasons.push(`correctness: ${given.length} calls agree in part with the ${expected.length} expected`)
    return value
  } catch (error) {
    reasons.push(`correctness: ${error instanceof Error ? error.message : String(error)}`)
    return range.min
  }
}

/** One JSON value a line of the first block. @throws JsonError */
function readLines(text: string): Json[] {
  const block = between(text, '<tool_call>', '</tool_call>')
  return strip(block).split('\n').map(parseJson)
}

/** Text after the first `open`, up to the next `close` or the end; where another `open` comes first, up to that. */
function between(text: string, open: string, close: string): string {
  const start = text.indexOf(open) + open.length
  const ends = [text.indexOf(open, start), text.indexOf(close, start)].filter((at) => at >= 0)
  return text.slice(start, Math.min(...ends, text.length))
}

/** Share of the words aimed at in the last thinking, in hundredths, at most 1. */
function scoreLength(reply: string, wanted: number): number {
  if (!reply.includes('<think>') || !reply.includes('</think>')) return 0
  const begin = reply.lastIndexOf('<think>') + '<think>'.length
  const end = reply.indexOf('</think>', begin)
  return Math.min(roundToHundredths(words(reply.slice(begin, end < 0 ? undefined : end)).length / wanted), 1)
}

/** Python's round(x, 2) for x >= 0: the nearest hundredth, an exact half to the even one. */
function roundToHundredths(x: number): number {
  const isHalf = Number.isInteger(x * 8) && !Number.isInteger(x * 4)
  if (!isHalf) return Number(x.toFixed(2))
  const below = Math.floor(x * 100)
  return (below % 2 === 0 ? below : below + 1) / 100
}
