// The table of stages: every kind of training, and what else an arm may do with its model, by the name of the command.
import { lookup } from '../../error.ts'
import { kinds } from '../train/kinds.ts'
import type { StageRow } from './stage.ts'
import { distillStage } from './stages/distill.ts'
import { probeStage } from './stages/probe.ts'
import { trainingStage } from './stages/training.ts'

export const stages: Readonly<Record<string, StageRow>> = {
  ...Object.fromEntries(Object.entries(kinds).map(([name, kind]) => [name, trainingStage(name, kind)])),
  distill: distillStage,
  probe: probeStage,
}

/** @throws HoneError with the nearest name */
export const findStage = (name: string): StageRow => lookup(stages, 'stage', name)
