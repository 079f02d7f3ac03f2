// hone init reward: a reward of one's own, in TypeScript or Python, and the rows that test it.
import { jsonLines, type Starter } from './starter.ts'

export const rewardStarter: Starter = {
  what: 'a reward of your own, with rows that test it',
  files: ({ python }) => ({
    ...(python ? { 'reward.py': PYTHON } : { 'reward.ts': TYPESCRIPT, 'hone.d.ts': DECLARATIONS }),
    'reward-test.jsonl': jsonLines(TESTS),
  }),
  next: (at, { python }) => {
    const reward = python ? ['--reward-cmd', `python3 ${at('reward.py')}`] : ['--reward', at('reward.ts')]
    return [
      [['score', at('reward-test.jsonl'), ...reward, '--check'], 'run its test'],
      [['lint', ...reward], 'attack it with completions that look right and are wrong'],
      ...(python ? [] : [[['train', 'CONFIG', ...reward], 'train with it'] as const]),
    ]
  },
}

const TYPESCRIPT = `// A reward of your own. Its test:  hone score reward-test.jsonl --reward ./reward.ts --check
// It runs in a process of its own with a time limit; a throw, a time-out or a score that is no number is a fault that is counted.
import { readCalls, sameCalls, type Call } from 'hone'

/** A row of your file with the completion to be judged. Other columns of the row are here too. */
export interface Row {
  completion: string
  /** The expected calls, where the row has them. */
  answer?: Call[]
  /** The expected answer as text, where the row has it. */
  ground_truth?: string
  /** Training step, from 0. */
  step?: number
  [column: string]: unknown
}

/** A plain number will do. A score of null says that the reward does not apply to the row. */
export type Score = number | { score: number | null; parts?: Record<string, number>; reasons?: string[] }

/** One thought, and one block of calls. */
const FORM = /^\\s*<think>([^]*?)<\\/think>\\s*<tool_call>([^]*)<\\/tool_call>\\s*$/

/** The calls of a completion. Throws where it is not one thought and one block of calls. */
function callsIn(completion: string): Call[] {
  const [, thought = '', calls = ''] = FORM.exec(completion) ?? []
  const tags = /<think>|<tool_call>/
  if (thought.trim() === '' || tags.test(thought) || tags.test(calls)) throw new Error('not one thought and one block of calls')
  return readCalls(calls)
}

/** 1 for a thought and exactly the expected calls, 0.2 for other calls in the right form, 0 for anything else. */
export default function reward({ completion, answer = [] }: Row): Score {
  try {
    const right = sameCalls(callsIn(completion), answer) ? 1 : 0
    return { score: 0.2 + 0.8 * right, parts: { format: 1, right }, reasons: right ? [] : ['other calls than expected'] }
  } catch (error) {
    return { score: 0, parts: { format: 0, right: 0 }, reasons: [error instanceof Error ? error.message : String(error)] }
  }
}
`

const DECLARATIONS = `// What hone offers to rewards and environments, for your editor; hone itself brings it.
declare module 'hone' {
  export interface Call {
    name: string
    arguments: Record<string, unknown>
  }

  /** What a completion holds, read as \`hone parse --parser FORMAT\` reads it (tool-n1 unless given). */
  export function parse(
    completion: string,
    format?: string,
  ): { think: string | null; calls: Call[]; rest: string; fault: string | null }

  /** The calls of a JSON list that is the whole of a text. Throws for anything else, and for a key that stands twice. */
  export function readCalls(text: string): Call[]

  /** The same calls with the same arguments, in any order; numbers as they were written: 5 is not 5.0. */
  export function sameCalls(given: readonly Call[], expected: readonly Call[]): boolean
}
`

const PYTHON = `# A reward of your own. Its test:  hone score reward-test.jsonl --reward-cmd 'python3 reward.py' --check
# A line of JSON in (a row with its completion), a line of JSON out. Python's standard library is all it needs.
import json
import re
import sys

FORM = re.compile(r"\\s*<think>(.*?)</think>\\s*<tool_call>(.*)</tool_call>\\s*", re.DOTALL)


def refuse(name):
    raise ValueError(f"{name} is no JSON")


def without_repeats(pairs):
    if len(dict(pairs)) < len(pairs):
        raise ValueError("a key stands twice")
    return dict(pairs)


def spelled(call):
    """A call as text: keys in order, and 5 is neither 5.0 nor true."""
    if not isinstance(call, dict) or not isinstance(call.get("arguments"), dict):
        raise ValueError("not a call")
    return json.dumps({"name": call["name"], "arguments": call["arguments"]}, sort_keys=True)


def calls_in(completion):
    """The calls of a completion, spelled; ValueError where it is not one thought and one block of calls."""
    found = FORM.fullmatch(completion)
    if found is None or not found[1].strip() or "<think>" in found[1] or "<tool_call>" in found[1] + found[2]:
        raise ValueError("not one thought and one block of calls")
    calls = json.loads(found[2], object_pairs_hook=without_repeats, parse_constant=refuse)
    if not isinstance(calls, list):
        raise ValueError("not a list of calls")
    return sorted(spelled(call) for call in calls)


def reward(row):
    """1 for a thought and exactly the expected calls, 0.2 for other calls in the right form, 0 for anything else."""
    try:
        calls = calls_in(row["completion"])
    except (ValueError, KeyError, TypeError, RecursionError) as error:
        return {"score": 0, "parts": {"format": 0, "right": 0}, "reasons": [str(error)]}
    right = 1 if calls == sorted(spelled(call) for call in row.get("answer", [])) else 0
    reasons = [] if right else ["other calls than expected"]
    return {"score": 0.2 + 0.8 * right, "parts": {"format": 1, "right": right}, "reasons": reasons}


for line in sys.stdin:
    print(json.dumps(reward(json.loads(line))), flush=True)
`

const WEATHER = { name: 'get_weather', arguments: { city: 'Oslo', days: 3 } }
const TIME = { name: 'get_time', arguments: { zone: 'Europe/Oslo' } }
const said = (body: string) => `<think>The weather is asked for.</think>\n<tool_call>${body}</tool_call>`
const calling = (...calls: object[]) => said(JSON.stringify(calls))

/** Rows whose column expected_score says what the reward should give. */
const TESTS = [
  { id: 'right', completion: calling(WEATHER), answer: [WEATHER], expected_score: 1 },
  { id: 'another-order', completion: calling(TIME, WEATHER), answer: [WEATHER, TIME], expected_score: 1 },
  { id: 'no-tool-fits', completion: calling(), answer: [], expected_score: 1 },
  {
    id: 'wrong-argument',
    completion: calling({ name: 'get_weather', arguments: { city: 'Oslo', days: 4 } }),
    answer: [WEATHER],
    expected_score: 0.2,
  },
  {
    id: 'number-as-text',
    completion: calling({ name: 'get_weather', arguments: { city: 'Oslo', days: '3' } }),
    answer: [WEATHER],
    expected_score: 0.2,
  },
  { id: 'a-call-too-many', completion: calling(WEATHER, TIME), answer: [WEATHER], expected_score: 0.2 },
  {
    id: 'no-thought',
    completion: `<tool_call>${JSON.stringify([WEATHER])}</tool_call>`,
    answer: [WEATHER],
    expected_score: 0,
  },
  { id: 'prose', completion: 'It is warm in Oslo.', answer: [WEATHER], expected_score: 0 },
  {
    id: 'cut-short',
    completion: said('[{"name": "get_wea').replace('</tool_call>', ''),
    answer: [WEATHER],
    expected_score: 0,
  },
]
