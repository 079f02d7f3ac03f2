// A training command from settings to exit code: cheap checks first, then rows, then the model, then the run directory.
import { strftime } from '../../dialogue/strftime.ts'
import type { Resolved } from '../../shell/config.ts'
import type { Tree } from '../../shell/config-file.ts'
import { next } from '../../shell/next.ts'
import { EXIT, type ExitCode } from '../../error.ts'
import { log } from '../../out.ts'
import type { CommonRecipe } from '../../rl/recipe.ts'
import { endingOf } from '../open.ts'
import { trainingProtocol } from '../protocol.ts'
import { checkNewRun, readRecord } from '../../rundir/run.ts'
import { after, placeLine } from './after.ts'
import { fingerprintOf } from './fingerprint.ts'
import { finish } from './finish.ts'
import { fitted } from './fit.ts'
import { work } from './job.ts'
import { findKind } from './kinds.ts'
import { warnOfMemory } from './needs.ts'
import { prepare } from './prepare.ts'
import { openProcesses } from './processes.ts'
import { settingsOf, type TrainingFlags } from './settings.ts'
import { storeIn } from './store.ts'
import { beginning } from './time.ts'

/**
 * The command of that name. Undefined where it only printed its settings. @throws HoneError for what is wrong, before
 * anything is written.
 */
export async function trainingCommand(name: string, flags: TrainingFlags, given: Tree): Promise<ExitCode | undefined> {
  const asked = settingsOf(name, flags, given)
  if (!asked) return undefined
  const { settings, resume } = asked
  const code = await runTraining(name, settings, resume)
  const run = resume ?? settings.value.output
  if (code === EXIT.ok) {
    const { head } = findKind(name)
    log(placeLine(run, settings.value, head))
    next(...after(run, settings.value, head))
  }
  return code
}

/** Train as `settings` of the kind say. @throws HoneError for what is wrong, before anything is written. */
export async function runTraining(
  name: string,
  asked: Resolved<CommonRecipe>,
  resume: string | undefined,
): Promise<ExitCode> {
  if (resume === undefined) checkNewRun(asked.value.output)
  const settings = fitted(findKind(name), asked)
  const recipe = settings.value
  const started = (resume === undefined ? undefined : readRecord(resume).started) ?? wallTime(new Date())
  const ready = await prepare(name, recipe, new Date(started))
  const { kind, language, trainer, answers, stage } = ready
  try {
    const { policy, critic, device } = await openProcesses(recipe, {
      reference: kind.needsReference(recipe),
      head: kind.head,
      critic: kind.critic?.(recipe),
    })
    warnOfMemory(ready, recipe, device)
    log(beginning(name, ready, recipe, device))
    const protocol = trainingProtocol(recipe, language)
    const made = fingerprintOf(recipe, device.name)
    try {
      return await work(
        { command: name, settings, resume, policy, critic, protocol, started, made },
        async ({ run, start, ...place }) => {
          const context = {
            recipe,
            policy,
            critic,
            device: device.name,
            ...answers,
            stage,
            ending: endingOf(language.tokenizer, recipe.stop),
            store: storeIn(run.paths, { keepCheckpoints: recipe.keepCheckpoints, run: run.record.id ?? '', made }),
            ...place,
          }
          const reason = await trainer.train(context, start)
          if (reason === 'done') await finish(run, policy, recipe, kind.formula(recipe))
          return reason
        },
      )
    } finally {
      policy.free()
      critic?.free()
    }
  } finally {
    ready.close()
  }
}

/** The time that the clock on the wall shows, to the second, without a zone. */
function wallTime(date: Date): string {
  return strftime(date, '%Y-%m-%dT%H:%M:%S')
}
