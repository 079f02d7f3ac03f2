// What a stage of a study is: settings, and work on what the stages before it have left.
import type { Tree } from '../../shell/config-file.ts'
import type { Schema } from '../../shell/schema.ts'
import type { Study } from './study.ts'

/** What stages have left for the next one, and what they have measured. */
export interface Left {
  /** A folder, or a finished run. */
  model: string
  /** The reward of the stages that name none. */
  reward?: string | undefined
  /** What was sampled, for a stage that learns from pairs and names no data. */
  rollouts?: Rollouts | undefined
  /** What was kept of the model's own replies, for a stage that names no data. */
  rows?: Kept | undefined
  /** Percent, by the name of a part of what the arm is worth. */
  parts: Readonly<Record<string, number>>
  /** What the last stage that sampled has spent, by the name of a cost. */
  spent?: Readonly<Record<string, number>> | undefined
}

/** Files of rollouts, and others of the same run that are held out. */
export interface Rollouts {
  learnt: string[]
  held: string[]
}

/** A file of rows, and how many stand in it. */
export interface Kept {
  file: string
  count: number
}

/** The settings that a stage takes, as a command takes its own. */
export interface StageSettings<S extends Schema = Schema> {
  schema: S
  /** Named sets of settings, and the one that stands where none is named. */
  presets?: Record<string, Tree>
  preset?: string
}

export interface StageWork {
  study: Study
  /** The stage's own settings. */
  settings: Tree
  seed: number
  left: Left
  /** Folder of what stages make. */
  folder: string
  /** Which stage of which arm it is, for people. */
  what: string
  /** Told where a run of training lies, before it begins. */
  onRun(path: string): void
}

/** A row of the table of stages. */
export interface StageRow extends StageSettings {
  /** What it may measure. */
  parts: readonly string[]
  /** What the stages after it may count on. */
  leaves: Omit<Partial<Left>, 'model' | 'parts'>
  /** Read the settings as if it ran. @throws HoneError */
  check(work: Pick<StageWork, 'study' | 'settings' | 'seed' | 'left'>): void
  /** What is left behind it; undefined where it was interrupted. What it has made before is not made again. @throws HoneError */
  run(work: StageWork): Promise<Left | undefined>
}
