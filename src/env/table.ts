// The table of environments that hone brings.
import { finalAnswer } from '../reward/qa/arpo.ts'
import { scoreExact } from '../reward/qa/text-answer.ts'
import type { Json, JsonObject } from '../text/json.ts'
import { codeTool } from './code/interpreter.ts'
import { maze, moveTool } from './maze.ts'
import type { EnvironmentRow } from './row.ts'
import type { Ending } from './toolbox.ts'
import { calculator } from './tools/calculator.ts'
import { requireDocuments, searchTool } from './tools/search.ts'

export const environments = {
  tools: {
    what: 'calls go to the tools of the settings (tools, mcp); the reward judges the last turn',
    tools: (given) => given.map(({ tool }) => tool),
    begin: (_, { runners, episode }) => episode(runners),
  },
  calculator: {
    what: 'a calculator, beside the tools of the settings; where the row has a ground_truth, the last turn is judged by it',
    tools: (given) => [calculator.tool, ...given.map(({ tool }) => tool)],
    begin: (row, { runners, episode }) => episode([calculator, ...runners], answered(row)),
  },
  code: {
    what: 'a Python interpreter (tool code_interpreter, settings codeEngine, codeState), beside the tools of the settings; the last turn is judged by ground_truth',
    tools: (given) => [codeTool, ...given.map(({ tool }) => tool)],
    begin: (row, { runners, code, episode }) => episode([code(), ...runners], answered(row)),
  },
  search: {
    what: 'search over the documents of the row and a code interpreter, beside the tools of the settings; the last turn is judged by ground_truth',
    tools: (given) => [searchTool, codeTool, ...given.map(({ tool }) => tool)],
    check: requireDocuments,
    begin: (row, { runners, search, code, episode }) =>
      episode([search(row['documents']!), code(), ...runners], answered(row)),
  },
  kb: {
    what: 'search over the documents of the row (column documents: texts, or {title, text}), by BM25; the last turn is judged by ground_truth',
    tools: (given) => [searchTool, ...given.map(({ tool }) => tool)],
    check: requireDocuments,
    begin: (row, { runners, search, episode }) => episode([search(row['documents']!), ...runners], answered(row)),
  },
  qa: {
    what: 'the last turn is judged by the ground_truth of the row: a text, or a list of right ones',
    tools: (given) => given.map(({ tool }) => tool),
    begin: (row, { runners, episode }) => episode(runners, answered(row)),
  },
  maze: {
    what: 'a maze drawn as text (column maze: lines of # walls, . ways, S start, G goal): move until the goal, which is worth 1',
    tools: () => [moveTool],
    check: (row) => void maze(row),
    begin: (row) => maze(row),
  },
} satisfies Record<string, EnvironmentRow>

/** 1 where the final answer is one of those that are right; left to the reward where the row names none. */
function answered(row: JsonObject): Ending {
  const truth = row['ground_truth']
  const right = (Array.isArray(truth) ? truth : [truth]).filter(isText)
  if (right.length === 0) return () => undefined
  return (completion) => Math.max(...right.map((each) => judged(completion, each)))
}

/** Numbers are compared as such: to `exact`, which strips punctuation, -5 is 5 and 0.5 is 05. */
function judged(completion: string, truth: string): number {
  const [answer, wanted] = [finalAnswer(completion), truth].map(numberIn)
  if (answer === undefined || wanted === undefined) return scoreExact({ completion, truth }).score
  return Number(answer === wanted)
}

const numberIn = (text: string): number | undefined =>
  /^\s*[-+]?(?:\d+\.?\d*|\.\d+)\s*$/.test(text) ? Number(text) : undefined

const isText = (value: Json | undefined): value is string => typeof value === 'string'
