// Asking the rows of a benchmark: which rows, in which prompt form, of a model or an endpoint.
import type { AskFlags, Sampled, Question, Asking } from './answerer.ts'
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import type { Response } from '../../eval/benchmark.ts'
import { findDecoder } from '../../eval/bfcl/decode.ts'
import { HoneError } from '../../error.ts'
import { numberFlag } from '../../shell/flags.ts'
import { status } from '../../out.ts'
import { readRecord, type RunRecord } from '../../rundir/run.ts'
import { askEndpoint } from './ask-endpoint.ts'
import { itemSets, readItems } from './ask-items.ts'
import { askModel } from './ask-model.ts'
import { EXAMPLE, hash, protocolOf, warnOfOtherPrompt } from '../protocol.ts'
import { openSaved, unsaved } from './saved.ts'

/** BFCL's decoder for what a prompt form asks for. */
const MODES: Record<string, string> = { bfcl: 'text', native: 'qwen_fc' }

/** @throws HoneError for flags that do not go together, a model or data that cannot be read. */
export async function ask(flags: AskFlags, readerOf: (mode: string) => string): Promise<Asking> {
  const set = itemSets[flags.bench]
  if (!set) throw new HoneError(`Cannot ask the rows of ${flags.bench}`)
  const sampled: Sampled = {
    temperature: numberFlag(flags.temperature, '--temperature', { min: 0 }) ?? 0,
    maxNewTokens: numberFlag(flags['max-new-tokens'], '--max-new-tokens', { min: 1, integer: true }) ?? 1024,
    seed: numberFlag(flags.seed, '--seed', { min: 0, integer: true }) ?? 0,
  }
  const samples = numberFlag(flags.samples, '--samples', { min: 1, integer: true }) ?? 1
  const limit = numberFlag(flags.limit, '--limit', { min: 1, integer: true })
  const items = await readItems(set, flags.data, { only: flags.only, limit })
  const form =
    flags.prompt ??
    trainedForm(flags) ??
    set.forms[flags.endpoint === undefined || flags.completions !== undefined ? 'text' : 'chat']
  const mode = flags.mode ?? MODES[form] ?? 'tool-n1'
  if (flags.bench === 'bfcl') findDecoder(mode)
  const answerer =
    flags.model === undefined
      ? await askEndpoint(flags, form, mode, sampled)
      : await askModel(flags, flags.model, form, mode, sampled)
  const prompt = answerer.show({ record: {}, asked: EXAMPLE })
  warnOfOtherPrompt(trainedRun(flags.model)?.protocol?.['prompt'], prompt)
  const protocol = protocolOf({ benchmark: flags.bench, reader: readerOf(mode), prompt, sampling: sampled })
  const questions = items.flatMap((item) => Array.from({ length: samples }, (_, sample) => ({ ...item, sample })))
  const saved = flags.save === undefined ? unsaved : await openSaved(flags.save, protocol)

  async function* responses(): AsyncGenerator<Response> {
    const label = ({ record, sample }: Question) => ({ ...record, ...(samples > 1 && { sample }) })
    const promptOf = (question: Question) => hash(answerer.show(question))
    const missing = questions.filter((question) => !saved.find(label(question), promptOf(question)))
    const answers = answerer.answer(missing)[Symbol.asyncIterator]()
    for (const [index, question] of questions.entries()) {
      let record = saved.find(label(question), promptOf(question))
      if (!record) {
        const { value, done } = await answers.next()
        if (done) throw new HoneError('The answers ended before the questions')
        record = { ...label(question), ...value }
        saved.add(record, promptOf(question))
      }
      status(`asked ${index + 1}/${questions.length}`)
      yield { record, at: `${flags.data}: ${String(record['id'])}` }
    }
  }
  return { source: answerer.source, protocol, responses: responses() }
}

/** Hone rows are put to a run in the form in which it was trained; a benchmark keeps its own. */
function trainedForm({ bench, model }: AskFlags): string | undefined {
  const prompt = bench === 'rows' ? trainedRun(model)?.settings['prompt'] : undefined
  return typeof prompt === 'string' ? prompt : undefined
}

/** The record of the run that `model` names, where it is one. */
function trainedRun(model: string | undefined): RunRecord | undefined {
  return model !== undefined && existsSync(join(model, 'run.json')) ? readRecord(model) : undefined
}
