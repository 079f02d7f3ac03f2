// A training command from settings to exit code: cheap checks first, then rows, then the model, then the run directory.
import { findFormat } from '../../dialogue/call.ts'
import { strftime } from '../../dialogue/strftime.ts'
import type { Resolved } from '../../shell/config.ts'
import type { Tree } from '../../shell/config-file.ts'
import type { ExitCode } from '../../error.ts'
import { rewardFormat } from '../../reward/scorer.ts'
import { openJudge } from '../../rl/judge.ts'
import type { CommonRecipe } from '../../rl/recipe.ts'
import { endingOf, openLanguage, openTrained } from '../open.ts'
import { heldOutProtocol, trainingProtocol, warnOfOtherJudge } from '../protocol.ts'
import { readRecord } from '../../rundir/run.ts'
import { fingerprintOf } from './fingerprint.ts'
import { finish } from './finish.ts'
import { work } from './job.ts'
import { findKind } from './kinds.ts'
import { checkRows } from './check-rows.ts'
import { readPromptSets, tellTooLong } from './rows.ts'
import { settingsOf, type TrainingFlags } from './settings.ts'
import { storeIn } from './store.ts'

/**
 * The command of that name. Undefined where it only printed its settings. @throws HoneError for what is wrong, before
 * anything is written.
 */
export async function trainingCommand(name: string, flags: TrainingFlags, given: Tree): Promise<ExitCode | undefined> {
  const asked = settingsOf(name, flags, given)
  return asked && (await runTraining(name, asked.settings, asked.resume))
}

/** Train as `settings` of the kind say. @throws HoneError for what is wrong, before anything is written. */
export async function runTraining(
  name: string,
  settings: Resolved<CommonRecipe>,
  resume: string | undefined,
): Promise<ExitCode> {
  const kind = findKind(name)
  const recipe = settings.value
  const started = (resume === undefined ? undefined : readRecord(resume).started) ?? wallTime(new Date())
  const language = await openLanguage(recipe, new Date(started))
  const training = kind.open(recipe, language)
  const evaluated = openJudge(recipe.evalReward, recipe.rewardMode, language.tokenizer)
  const limits = kind.limits(recipe, language)
  const taken = await kind.read(recipe.data, { ...language, limit: limits.items })
  const { items, tooLong } = taken
  const trainer = await training.on(items)
  const heldOut = await readPromptSets(recipe.evalData, { ...language, limit: limits.heldOut }, recipe.evalRows)
  checkRows(kind, recipe, language, { taught: taken.first, heldOut: heldOut.first })
  tellTooLong(tooLong, limits.items, kind.items)
  tellTooLong(heldOut.tooLong, limits.heldOut, 'held-out rows')
  const protocol = trainingProtocol(recipe, language)
  if (heldOut.items.length > 0) warnOfOtherJudge(recipe)
  const { policy, device } = await openTrained(recipe, { reference: kind.needsReference(recipe) })
  try {
    const made = fingerprintOf(recipe, device)
    return await work(
      { command: name, settings, resume, policy, protocol, started, made },
      async ({ run, start, ...place }) => {
        const reason = await trainer.train(
          {
            recipe,
            policy,
            device,
            heldOut: heldOut.items,
            evalJudge: evaluated.judge,
            evalReader: findFormat(rewardFormat(recipe.evalReward) ?? language.format),
            evalProtocol: heldOutProtocol(recipe, language),
            ending: endingOf(language.tokenizer, recipe.stop),
            store: storeIn(run.paths, { keepCheckpoints: recipe.keepCheckpoints, run: run.record.id ?? '', made }),
            ...place,
          },
          start,
        )
        if (reason === 'done') await finish(run, policy, recipe, kind.formula(recipe))
        return reason
      },
    )
  } finally {
    policy.free()
    training.close()
    evaluated.close()
  }
}

/** The time that the clock on the wall shows, to the second, without a zone. */
function wallTime(date: Date): string {
  return strftime(date, '%Y-%m-%dT%H:%M:%S')
}
