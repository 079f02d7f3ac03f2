// What a benchmark is to the rest of hone: rows to ask, a judge of responses, and scores with what has to be said about them.
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

export interface Benchmark {
  what: string
  /** Load the data and give the judge. @throws HoneError where the data is absent or malformed. */
  open(data: string, options: JudgeOptions): Promise<OpenBenchmark>
}

export interface JudgeOptions {
  /** ACEBench: version of its checker. */
  checker: string
  /** Parser of hone rows. */
  parser: string
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
