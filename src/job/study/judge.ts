// What a model of a study is worth: its greedy answers to the held-out rows, as a run judges them, kept by what decides them.
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import * as v from 'valibot'
import { openDevice } from '../../gpu/device/open.ts'
import { openModel } from '../../gpu/policy/model.ts'
import { answer, metricsOf } from '../../rl/heldout.ts'
import { openJudge } from '../../rl/judge.ts'
import { SftRecipe } from '../../rl/recipe.ts'
import { clearStatus, status } from '../../out.ts'
import { writeFileAtomic } from '../../text/jsonl.ts'
import { modelFolder } from '../model-folder.ts'
import { endingOf, openLanguage, promptLimit } from '../open.ts'
import { readAnswers } from '../train/prepare.ts'
import type { Study } from './file.ts'
import { keyOf } from './key.ts'
import { settingsOf } from './settings.ts'

const Score = v.object({
  /** Percent of the rows that are right, and its interval of 95 %. */
  value: v.number(),
  low: v.number(),
  high: v.number(),
  /** Of each row, in order. */
  right: v.array(v.picklist([0, 1])),
})
export type Score = v.InferOutput<typeof Score>

/** The score of the model in `model`, a folder or a finished run. @throws HoneError */
export async function scoreOf(study: Study, model: string, directory: string): Promise<Score> {
  const { data, reward, rows = null } = study.evaluate
  const held = { data, evalData: data, evalReward: reward, evalRows: rows }
  const stage = { kind: 'sft', settings: held }
  const recipe = v.parse(SftRecipe, settingsOf(study, stage, { model, output: '', seed: 0 }).value)
  const path = join(directory, 'scores', `${keyOf(recipe)}.json`)
  const kept = existsSync(path) ? v.safeParse(Score, JSON.parse(readFileSync(path, 'utf8'))) : undefined
  if (kept?.success) return kept.output
  const language = await openLanguage(recipe)
  const judge = openJudge(recipe.evalReward, recipe.rewardMode, language.tokenizer)
  try {
    const limit = promptLimit(null, recipe.maxCompletionLength, language)
    const { heldOut, evalJudge, evalReader } = await readAnswers(recipe, judge, language, { ...language, limit })
    const device = await openDevice(recipe.device, { threads: recipe.threads ?? undefined })
    const folder = modelFolder(recipe.model)
    const policy = openModel(device, folder.model, { adapter: folder.adapter })
    const answers = await answer(heldOut, {
      policy,
      judge: evalJudge,
      reader: evalReader,
      sampling: { temperature: 0, maxNewTokens: recipe.maxCompletionLength, ...endingOf(language.tokenizer) },
      step: 0,
      onProgress: (done, total) => status(`evaluation ${done}/${total}`),
    })
    policy.free()
    const percent = (name: string) => 100 * metricsOf(answers, heldOut)[name]!
    const score: Score = {
      value: percent('exact_match'),
      low: percent('exact_match/low'),
      high: percent('exact_match/high'),
      right: answers.map(({ exact }) => (exact ? 1 : 0)),
    }
    writeFileAtomic(path, `${JSON.stringify(score)}\n`)
    return score
  } finally {
    clearStatus()
    judge.close()
  }
}
