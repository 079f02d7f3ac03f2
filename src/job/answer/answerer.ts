// What asking is: questions, and someone who answers them, a local model or an endpoint, with what was answered before.
import type { Call } from '../../dialogue/call/format.ts'
import type { FormatName } from '../../dialogue/call.ts'
import type { Tokenizer } from '../../dialogue/chat.ts'
import type { Asked, PromptForm } from '../../dialogue/prompt/form.ts'
import type { HoneError } from '../../error.ts'
import type { Completion } from '../../gpu/policy/session.ts'

/** How answers are sampled. */
export interface Sampled {
  /** 0 takes the most likely token. */
  temperature: number
  maxNewTokens: number
  seed: number
  /** Texts at which a local model stops. */
  stop?: readonly string[]
}

export const sampledBy = ({ temperature, maxNewTokens, seed }: Sampled): Sampled => ({
  temperature,
  maxNewTokens,
  seed,
})

export interface Question {
  asked: Asked
  /** Asked before as often: samples of one question differ in their seed. */
  sample: number
  /** Names the question and the sample among all: a local model draws by (seed, ...key). */
  key: readonly number[]
}

export interface Reply {
  text: string
  /** Calls that a server parsed; absent where it was asked for text alone. */
  calls?: Call[]
  /** Of a local model. */
  completion?: Completion
}

export interface Failure {
  failure: HoneError
  /** It was not asked at all: its prompt leaves no room for a single token. */
  noRoom: boolean
  /** The endpoint refused this one. */
  refused?: boolean
}

export type Answered = Reply | Failure

export interface Answerer {
  /** For people. */
  source: string
  /** The call format in which it is asked to answer. */
  format: FormatName
  /** In whose words it is asked; absent where a server reads the calls. */
  words?: { form: PromptForm; tokenizer?: Tokenizer | undefined }
  sampled: Sampled
  /** Tokens that a prompt and its answer may have together, and what a prompt leaves of them, where that is known. */
  positions?: number
  roomFor?(asked: Asked): number
  /** What it is shown for a question, as text; on that day where one is given. */
  show(asked: Asked, date?: Date): string
  /** All that an answer depends on, as text: answers of an earlier run are found by it. */
  identify(question: Question): string
  /** Answers in the order of the questions. */
  answer(questions: Iterable<Question>): AsyncIterable<Answered>
}

/** In the order of the questions: what is known of some at once, and what `ask` says of the others as it reads them. */
export async function* interleave<Asking, Answer>(
  questions: Iterable<Asking>,
  known: (question: Asking) => Answer | undefined,
  ask: (others: Iterable<Asking>) => AsyncIterable<Answer>,
): AsyncGenerator<{ question: Asking; answer: Answer; asked: boolean }> {
  const waiting: { question: Asking; answer: Answer | undefined }[] = []
  function* others() {
    for (const question of questions) {
      const answer = known(question)
      waiting.push({ question, answer })
      if (answer === undefined) yield question
    }
  }
  function* answered() {
    for (let first = waiting[0]; first?.answer !== undefined; first = waiting[0]) {
      waiting.shift()
      yield { question: first.question, answer: first.answer, asked: false }
    }
  }
  for await (const answer of ask(others())) {
    yield* answered()
    yield { question: waiting.shift()!.question, answer, asked: true }
  }
  yield* answered()
}

/** Answers given before, by question. */
export interface Memory<Asking, Answer> {
  find(question: Asking): Answer | undefined
  add(question: Asking, answer: Answer): void
}

/** Answers in the order of the questions: those that are remembered, and the others as `ask` gives them. */
export async function* remembering<Asking, Answer>(
  questions: Iterable<Asking>,
  memory: Memory<Asking, Answer>,
  ask: (missing: Iterable<Asking>) => AsyncIterable<Answer>,
): AsyncGenerator<Answer> {
  for await (const { question, answer, asked } of interleave(questions, memory.find, ask)) {
    if (asked) memory.add(question, answer)
    yield answer
  }
}

/** The answerer with a memory for the texts of its replies; failures are asked again. */
export function withMemory(answerer: Answerer, texts: Memory<string, string>): Answerer {
  const memory: Memory<Question, Answered> = {
    find(question) {
      const text = texts.find(answerer.identify(question))
      return text === undefined ? undefined : { text }
    },
    add(question, answered) {
      if ('text' in answered) texts.add(answerer.identify(question), answered.text)
    },
  }
  return { ...answerer, answer: (questions) => remembering(questions, memory, answerer.answer) }
}

/** The answer to one question. */
export async function askOne(answerer: Answerer, question: Question): Promise<Answered> {
  for await (const answered of answerer.answer([question])) return answered
  throw new Error('there was no answer')
}
