// Answers of a local model: prompts in the form asked for, completed in batches.
import { type DeviceSpec, openDevice } from '../../gpu/device/open.ts'
import { generate } from '../../gpu/policy/generate.ts'
import { openModel } from '../../gpu/policy/model.ts'
import type { JsonObject } from '../../text/json.ts'
import { notice } from '../../shell/notice.ts'
import { promptIds } from '../../dialogue/prompt.ts'
import type { Answerer, AskFlags, Question, Sampled } from './answerer.ts'
import { modelFolder } from '../model-folder.ts'
import { textOf } from '../../rl/judge.ts'
import { endingOf, openLanguage } from '../open.ts'
import { KEY } from '../../rl/order.ts'

/** @throws HoneError for a folder or device that hone cannot run. */
export async function askModel(
  flags: AskFlags,
  path: string,
  prompt: string,
  mode: string,
  sampled: Sampled,
): Promise<Answerer> {
  const { model, adapter } = modelFolder(path, flags.adapter)
  const { tokenizer, form, positions } = await openLanguage({ model, prompt })
  const policy = openModel(await openDevice((flags.device ?? 'auto') as DeviceSpec), model, { adapter })
  const { temperature, maxNewTokens, seed } = sampled
  const sampling = { temperature, maxNewTokens, ...endingOf(tokenizer) }

  async function* answer(questions: readonly Question[]): AsyncGenerator<JsonObject> {
    const requests = questions.map(({ asked, sample, record }) => ({
      prompt: promptIds(form, asked, tokenizer),
      samples: 1,
      key: [seed, KEY.sample, sample, Number(Bun.hash.xxHash32(JSON.stringify(record)))],
    }))
    // A prompt that leaves no room for an answer is answered with nothing.
    const fits = ({ prompt }: { prompt: readonly number[] }) => prompt.length + maxNewTokens <= positions
    const written = generate(policy, requests.filter(fits), sampling)
    for (const request of requests) {
      const next = fits(request) ? await written.next() : undefined
      yield { mode, response: next?.done === false ? textOf(next.value.completions[0]!, tokenizer) : '' }
    }
    const tooLong = requests.filter((request) => !fits(request)).length
    if (tooLong > 0)
      notice.warn(
        `${tooLong} prompts and ${maxNewTokens} tokens for the answer are longer than the model's ${positions} positions; they count as answered with nothing`,
      )
  }
  return { source: path, show: ({ asked }) => form.prompt(asked, tokenizer), answer }
}
