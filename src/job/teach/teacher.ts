// Someone to ask for answers to rows: an OpenAI-compatible endpoint or a local model, paced, with a memory.
import { chat, inOrder, type Endpoint } from '../../dialogue/endpoint.ts'
import { renderedBy } from '../../data/formats/rendered.ts'
import { HoneError } from '../../error.ts'
import { type DeviceSpec, openDevice } from '../../gpu/device/open.ts'
import { generate } from '../../gpu/policy/generate.ts'
import { openModel } from '../../gpu/policy/model.ts'
import { dumpJson } from '../../text/json.ts'
import { promptForm, promptIds } from '../../dialogue/prompt.ts'
import { keyOf } from '../../rng.ts'
import type { HoneRow } from '../../dialogue/row.ts'
import type { Answers } from './answers.ts'
import { modelFolder } from '../model-folder.ts'
import { textOf } from '../../rl/judge.ts'
import { endingOf, openLanguage } from '../open.ts'

export interface Question {
  row: HoneRow
  /** 0, 1, …: samples of a row differ in their seed. */
  sample: number
}

/** A text, or why there is none. */
export type Answered = { text: string } | { failure: string }

export interface Teacher {
  name: string
  ask(question: Question): Promise<Answered>
  /** Answers in the order of the questions. */
  askAll(questions: readonly Question[]): AsyncIterable<Answered>
}

export interface TeacherOptions {
  prompt: string
  temperature: number
  maxNewTokens: number
  seed: number
  /** Requests under way at once, and started a minute at most. */
  concurrency: number
  perMinute: number
  answers: Answers
}

/** A teacher behind an endpoint; failures are answers too, so that one bad row does not end the work. */
export function endpointTeacher(endpoint: Endpoint, options: TeacherOptions): Teacher {
  const form = promptForm(options.prompt)
  const { temperature, maxNewTokens, seed, concurrency, answers } = options
  const pace = paceOf(options.perMinute)
  let answered = 0
  let failed = 0
  const ask = async ({ row, sample }: Question): Promise<Answered> => {
    const messages = renderedBy(form, row).messages.map(({ role, content }) => ({ role, content }))
    const sampling = { temperature, maxTokens: maxNewTokens, ...(temperature > 0 && { seed: seed + sample }) }
    const question = dumpJson({ model: endpoint.model, messages, sampling: { ...sampling }, sample })
    const known = answers.find(question)
    if (known !== undefined) return { text: known }
    await pace()
    try {
      const { content, reasoning } = await chat(endpoint, messages, [], sampling)
      const text =
        reasoning === null || content.includes('<think>') ? content : `<think>${reasoning}</think>\n${content}`
      answers.add(question, text)
      answered++
      return { text }
    } catch (error) {
      if (!(error instanceof HoneError)) throw error
      // An endpoint that never answers is a wrong address or key, and no row will fare better.
      if (answered === 0 && ++failed >= 3) throw error
      return { failure: error.message }
    }
  }
  return {
    name: `${endpoint.model} at ${endpoint.url}`,
    ask,
    askAll: (questions) => inOrder(questions, concurrency, ask),
  }
}

/** A local model as teacher. @throws HoneError for a folder or device that hone cannot run. */
export async function modelTeacher(path: string, device: DeviceSpec, options: TeacherOptions): Promise<Teacher> {
  const { model, adapter } = modelFolder(path)
  const { tokenizer, form, positions } = await openLanguage({ model, prompt: options.prompt })
  const policy = openModel(await openDevice(device), model, { adapter })
  const { temperature, maxNewTokens, seed, answers } = options
  const sampling = { temperature, maxNewTokens, ...endingOf(tokenizer) }
  const weights = Bun.file(`${model}/config.json`).lastModified
  async function* askAll(questions: readonly Question[]): AsyncGenerator<Answered> {
    const requests = questions.map(({ row, sample }) => {
      const prompt = promptIds(form, row, tokenizer)
      const question = JSON.stringify([model, adapter, weights, temperature, maxNewTokens, seed, sample, prompt])
      // Sample 0 of its own key: the number of the sample is part of that key.
      return { prompt, samples: 1, key: [seed, keyOf(row.id), sample], question }
    })
    const open = requests.filter(
      ({ question, prompt }) => answers.find(question) === undefined && prompt.length + maxNewTokens <= positions,
    )
    const written = generate(policy, open, sampling)
    for (const { question } of requests) {
      while (answers.find(question) === undefined) {
        const next = await written.next()
        if (next.done) break
        answers.add(next.value.request.question, textOf(next.value.completions[0]!, tokenizer))
      }
      const text = answers.find(question)
      yield text === undefined ? { failure: `the prompt leaves no room for ${maxNewTokens} tokens` } : { text }
    }
  }
  return {
    name: path,
    askAll,
    async ask(question) {
      for await (const answer of askAll([question])) return answer
      return { failure: 'no answer' }
    },
  }
}

/** Waits until the next request may start. */
function paceOf(perMinute: number): () => Promise<void> {
  const interval = 60_000 / perMinute
  let next = 0
  return async () => {
    const now = performance.now()
    const start = Math.max(now, next)
    next = start + interval
    if (start > now) await Bun.sleep(start - now)
  }
}
