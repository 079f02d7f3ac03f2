// What a benchmark is to the rest of hone: rows to ask, a judge of responses, and scores with what has to be said about them.
import type { Call } from '../dialogue/call/format.ts'
import type { FormatName } from '../dialogue/call.ts'
import type { Answered, Asked } from '../dialogue/prompt/form.ts'
import type { Json, JsonObject } from '../text/json.ts'

/** One judged response; what the benchmark's own checker says, under its own names. */
export type Judgement = JsonObject & { error_type: string | null; fault: string | null }

/** A response as it comes from a file, an endpoint or a model. */
export interface Response {
  record: JsonObject
  /** `file:line`, for messages. */
  at: string
}

/** A judged response with what reports need to know of it. */
export interface Judged {
  id: string
  category: string
  /** 1 where right; some benchmarks grade in between. */
  score: number
  judgement: Judgement
  /** What was judged, for examples in reports. */
  response: Json
}

/** A row to be asked. */
export interface Item {
  /** Fields by which the judge finds the row again: every response to it carries them. */
  record: JsonObject
  asked: Asked
  /** What is right, where the row says so in calls. */
  right?: Pick<Answered, 'answer' | 'meta'>
}

/** How responses are to be judged. */
export interface JudgeOptions {
  /** ACEBench: version of its checker. */
  checker: string
  /** Parser of hone rows; undefined for that of the format in which they were asked. */
  parser?: string | undefined
}

export interface Benchmark {
  what: string
  /** Prompt forms in which it is asked: of a model that continues text, and of a chat endpoint. */
  forms: { text: string; chat: string }
  /** It has no form of its own: a run is asked in the form in which it was trained. */
  asTrained?: true
  /** Names that --only may choose from; empty where there are none. */
  categories: readonly string[]
  /** Rows of one category ('' where there are none). @throws HoneError where the data is absent or malformed. */
  items(data: string, category: string): AsyncIterable<Item>
  /** Name of what reads a reply in that call format; each response carries it. */
  mode(format: FormatName): string
  /** What decides how responses are read, of which `mode` is one part: part of the protocol. @throws HoneError for what does not exist. */
  reader(mode: string, options: JudgeOptions): string
  /** Calls that a server parsed, as a response for the judge. */
  parsed(calls: readonly Call[]): JsonObject
  /** No call at all is a response too; elsewhere the text beside them is judged then. */
  parsesNone?: true
  /** Load the data and give the judge. @throws HoneError where the data is absent or malformed. */
  open(data: string, options: JudgeOptions): Promise<OpenBenchmark>
  /** Files for the benchmark's own program, by the flag --write-NAME. */
  results?: {
    what: string
    /** Write responses to a folder; the commands that go on from there. */
    write(folder: string, records: readonly JsonObject[]): string[]
  }
}

export interface OpenBenchmark {
  /** @throws HoneError at the response's place where it names no row of the benchmark. */
  judge(response: Response): Judged | Promise<Judged>
  /** Scores over judged responses, in the order in which they are shown. */
  scores(judged: readonly Judged[]): NamedScore[]
  /** What a reader has to know: rows of the benchmark that are wrong themselves, and how many of these it concerns. */
  notes(judged: readonly Judged[]): string[]
  /** Published results, with these responses as the last row. */
  published?(judged: readonly Judged[]): PublishedTable
}

/** A score with the rule that made it. */
export interface NamedScore {
  name: string
  /** In [0, 1]; null where rows that it needs are missing. */
  value: number | null
  low?: number
  high?: number
  what: string
}

export interface PublishedTable {
  source: string
  note: string
  columns: readonly string[]
  rows: readonly { name: string; values: readonly (number | null)[] }[]
}
