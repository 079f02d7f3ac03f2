// An episode in a frame, or without one in turns whose calls are read by the call format.
import type { Episode } from '../../rl/environment.ts'
import type { Runner } from '../runner.ts'
import { type Ending, toolbox } from '../toolbox.ts'
import { playCalls } from './calls.ts'
import { type Frame, isPlan } from './frame.ts'
import { playPlan } from './plan.ts'

export function episodeIn(
  frame: Frame | undefined,
  runners: readonly Runner[],
  ending: Ending | undefined,
  most: number | null,
): Episode {
  if (!frame) return toolbox(runners, ending)
  const end: Ending = ending ?? (() => undefined)
  return isPlan(frame) ? playPlan(frame, runners, end) : playCalls(frame, runners, end, most)
}
