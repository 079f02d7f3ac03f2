// What a model of a study is worth: its greedy answers to the held-out rows, as a run judges them, kept by what decides them.
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import * as v from 'valibot'
import { openDevice } from '../../gpu/device/open.ts'
import { openModel } from '../../gpu/policy/model.ts'
import { answer, metricsOf } from '../../rl/heldout.ts'
import { openJudge } from '../../rl/judge.ts'
import { hasEnvironment } from '../../rl/environment-settings.ts'
import { SftRecipe, TrainRecipe } from '../../rl/recipe.ts'
import type { Answer } from '../../rl/record.ts'
import { mean } from '../../eval/statistics.ts'
import { openStage } from '../environment.ts'
import { clearStatus, status } from '../../out.ts'
import { writeFileAtomic } from '../../text/jsonl.ts'
import { modelFolder } from '../model-folder.ts'
import { endingOf, openLanguage, promptLimit } from '../open.ts'
import { sftKind } from '../train/kinds/sft.ts'
import { trainKind } from '../train/kinds/train.ts'
import { readAnswers } from '../train/prepare.ts'
import { costsOf } from './costs.ts'
import { keyOf } from './key.ts'
import { settingsOf } from './settings.ts'
import type { Study } from './study.ts'
import { rightBy } from './ways.ts'

const Score = v.object({
  /** Percent of the rows that are right, and its interval of 95 %. */
  value: v.number(),
  low: v.number(),
  high: v.number(),
  /** Of each row, in order. */
  right: v.array(v.picklist([0, 1])),
  /** Mean over rows of what environments counted, and what the answers cost. */
  figures: v.record(v.string(), v.number()),
  /** The same percentage of each file, by its name without an ending, and of each other way to answer. */
  parts: v.record(v.string(), v.number()),
  /** Percent of the answers that ended at the limit of their length. */
  cut: v.number(),
  /** The first answers word for word. */
  answers: v.array(v.object({ id: v.string(), output: v.string(), right: v.boolean() })),
})
export type Score = v.InferOutput<typeof Score>

/** Percent of the answers to a file that are right. */
const rightIn = (answers: readonly { set: string; exact: boolean }[], name: string): number =>
  100 * mean(answers.filter(({ set }) => set === name).map(({ exact }) => Number(exact)))

/** Answers that are kept word for word. */
const SHOWN = 10

/** The score of the model in `model`, a folder or a finished run. @throws HoneError */
export async function scoreOf(study: Study, model: string, directory: string): Promise<Score> {
  const { data, reward, rows = null, ways } = study.evaluate
  const held = { data, evalData: data, evalReward: reward, evalRows: rows }
  const given = { model, output: '', seed: 0 }
  // Who answers what the model writes is a setting of training; its turns are read in the format of the reward.
  const played = v.parse(TrainRecipe, settingsOf(study, trainKind, { ...held, reward }, given).value)
  const recipe = hasEnvironment(played) ? played : v.parse(SftRecipe, settingsOf(study, sftKind, held, given).value)
  const asked = Object.keys(ways).length === 0 ? [] : [JSON.stringify(ways)]
  const path = join(directory, 'scores', `${keyOf(recipe, ...asked)}.json`)
  const kept = existsSync(path) ? v.safeParse(Score, JSON.parse(readFileSync(path, 'utf8'))) : undefined
  if (kept?.success) return kept.output
  const language = await openLanguage(recipe)
  const judge = openJudge(recipe.evalReward, recipe.rewardMode, language.tokenizer)
  const stage = hasEnvironment(played) ? await openStage(played, language) : undefined
  try {
    const limit = promptLimit(null, recipe.maxCompletionLength, language)
    const { heldOut, evalJudge, evalReader } = await readAnswers(recipe, judge, language, {
      ...language,
      stage,
      limit,
    })
    const device = await openDevice(recipe.device, { threads: recipe.threads ?? undefined, dtype: recipe.dtype })
    const folder = modelFolder(recipe.model)
    const policy = openModel(device, folder.model, { adapter: folder.adapter })
    const answers = await answer(heldOut, {
      policy,
      judge: evalJudge,
      reader: evalReader,
      sampling: {
        temperature: 0,
        maxNewTokens: recipe.maxCompletionLength,
        ...endingOf(language.tokenizer, stage && played.stop),
      },
      step: 0,
      stage,
      onProgress: (done, total) => status(`evaluation ${done}/${total}`),
    })
    policy.free()
    const otherwise: [string, number][] = []
    for (const [name, way] of Object.entries(ways)) otherwise.push([name, await rightBy(way, recipe)])
    const percent = (name: string) => 100 * metricsOf(answers, heldOut)[name]!
    const score: Score = {
      value: percent('exact_match'),
      low: percent('exact_match/low'),
      high: percent('exact_match/high'),
      right: answers.map(({ exact }) => (exact ? 1 : 0)),
      parts: Object.fromEntries([...heldOut.map(({ name }) => [name, rightIn(answers, name)] as const), ...otherwise]),
      cut: percent('completions/clipped_ratio'),
      figures: {
        ...countedIn(answers),
        ...costsOf(
          answers,
          heldOut.map(({ name }) => name),
        ),
      },
      answers: answers.slice(0, SHOWN).map(({ prompt, ids, exact }) => ({
        id: prompt.row.id,
        output: language.tokenizer.decode(ids),
        right: exact,
      })),
    }
    writeFileAtomic(path, `${JSON.stringify(score)}\n`)
    return score
  } finally {
    clearStatus()
    judge.close()
    stage?.close()
  }
}

function countedIn(answers: readonly Answer[]): Record<string, number> {
  const names = new Set(answers.flatMap(({ outcome }) => Object.keys(outcome?.metrics ?? {})))
  return Object.fromEntries(
    [...names].map((name) => [name, mean(answers.map(({ outcome }) => outcome?.metrics[name] ?? 0))]),
  )
}
