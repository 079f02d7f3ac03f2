// `hone sft` from settings to exit code: cheap checks first, then rows, then the model, then the run directory.
import { findParser } from '../../dialogue/call.ts'
import type { Resolved } from '../../shell/config.ts'
import type { ExitCode } from '../../error.ts'
import { finish } from './finish.ts'
import { SFT_FORMULA } from '../../rl/formula.ts'
import { parserOf } from '../../reward/scorer.ts'
import { work } from './job.ts'
import { storeIn } from './store.ts'
import { openJudge } from '../../rl/judge.ts'
import { endingOf, openLanguage, openTrained, promptLimit } from '../open.ts'
import { heldOutProtocol, trainingProtocol } from '../protocol.ts'
import type { SftRecipe } from '../../rl/recipe.ts'
import { readExamples, readPromptSets, tellTooLong } from './rows.ts'
import { sft } from '../../rl/sft.ts'

/** Fine-tune as `settings` say. @throws HoneError for what is wrong, before anything is written. */
export async function runSft(settings: Resolved<SftRecipe>, resume: string | undefined): Promise<ExitCode> {
  const recipe = settings.value
  const language = await openLanguage(recipe)
  const { tokenizer, positions } = language
  const evaluated = openJudge(recipe.evalReward, recipe.rewardMode, tokenizer)
  const limit = Math.min(recipe.maxLength ?? positions, positions)
  const { items: examples, tooLong } = await readExamples(recipe.data, { ...language, limit })
  const shorter = promptLimit(null, recipe.maxCompletionLength, language)
  const heldOut = await readPromptSets(recipe.evalData, { ...language, limit: shorter }, recipe.evalRows)
  tellTooLong(tooLong, limit, 'rows')
  tellTooLong(heldOut.tooLong, shorter, 'held-out rows')
  const { policy, device } = await openTrained(recipe, { reference: false })
  try {
    return await work(
      { command: 'sft', settings, resume, policy, protocol: trainingProtocol(recipe, language) },
      async ({ run, start, ...place }) => {
        const ending = endingOf(tokenizer)
        const reason = await sft(
          {
            recipe,
            policy,
            device,
            examples,
            heldOut: heldOut.items,
            evalJudge: evaluated.judge,
            evalReader: findParser(parserOf(recipe.evalReward)),
            evalProtocol: heldOutProtocol(recipe, language),
            ending,
            store: storeIn(run.path, recipe.keepCheckpoints),
            ...place,
          },
          start,
        )
        if (reason === 'done') await finish(run, policy, recipe, [SFT_FORMULA])
        return reason
      },
    )
  } finally {
    policy.free()
    evaluated.close()
  }
}
