// `hone train` from settings to exit code: cheap checks first, then rows, then the model, then the run directory.
import { findParser } from '../../dialogue/call.ts'
import type { Resolved } from '../../shell/config.ts'
import type { ExitCode } from '../../error.ts'
import { finish } from './finish.ts'
import { formulaOf } from '../../rl/formula.ts'
import { needsReference } from '../../rl/freeze.ts'
import { parserOf } from '../../reward/scorer.ts'
import { work } from './job.ts'
import { storeIn } from './store.ts'
import { openJudge } from '../../rl/judge.ts'
import { endingOf, openLanguage, openTrained, promptLimit } from '../open.ts'
import { heldOutProtocol, trainingProtocol, warnOfOtherJudge } from '../protocol.ts'
import type { TrainRecipe } from '../../rl/recipe.ts'
import { readPrompts, readPromptSets, tellTooLong } from './rows.ts'
import { train } from '../../rl/train.ts'

/** Train as `settings` say. @throws HoneError for what is wrong, before anything is written. */
export async function runTrain(settings: Resolved<TrainRecipe>, resume: string | undefined): Promise<ExitCode> {
  const recipe = settings.value
  const language = await openLanguage(recipe)
  const { tokenizer } = language
  const trained = openJudge(recipe.reward, recipe.rewardMode, tokenizer)
  const evaluated = openJudge(recipe.evalReward, recipe.rewardMode, tokenizer)
  const rows = { ...language, limit: promptLimit(recipe.maxPromptLength, recipe.maxCompletionLength, language) }
  const { items: prompts, tooLong } = await readPrompts(recipe.data, rows)
  const heldOut = await readPromptSets(recipe.evalData, rows, recipe.evalRows)
  tellTooLong(tooLong, rows.limit, 'prompts')
  tellTooLong(heldOut.tooLong, rows.limit, 'held-out rows')
  const protocol = trainingProtocol(recipe, language)
  if (heldOut.items.length > 0) warnOfOtherJudge(recipe)
  const { policy, device } = await openTrained(recipe, { reference: needsReference(recipe) })
  try {
    return await work({ command: 'train', settings, resume, policy, protocol }, async ({ run, start, ...place }) => {
      const ending = endingOf(tokenizer, recipe.stop)
      const reason = await train(
        {
          recipe,
          policy,
          device,
          prompts,
          heldOut: heldOut.items,
          judge: trained.judge,
          evalJudge: evaluated.judge,
          evalReader: findParser(parserOf(recipe.evalReward)),
          evalProtocol: heldOutProtocol(recipe, language),
          ending,
          store: storeIn(run.path, recipe.keepCheckpoints),
          ...place,
        },
        start,
      )
      if (reason === 'done') await finish(run, policy, recipe, formulaOf(recipe))
      return reason
    })
  } finally {
    policy.free()
    trained.close()
    evaluated.close()
  }
}
