// What a kind of training is to the commands: settings, rows, the loss in symbols, what a step takes, and the training itself.
import type * as v from 'valibot'
import type { CommonRecipe } from '../../rl/recipe.ts'
import type { HeadKind } from '../../gpu/weights/family.ts'
import type { LoopContext, RunContext } from '../../rl/loop.ts'
import type { Stage } from '../../rl/play.ts'
import type { Progress } from '../../rl/record.ts'
import type { Resolved } from '../../shell/config.ts'
import type { Tree } from '../../shell/config-file.ts'
import type { Language } from '../open.ts'
import type { RowContext, Taken } from './rows.ts'

/** A row of the table of kinds. Commands know settings that all kinds have; a kind is only ever given its own, and a model with its head. */
export interface Kind<Recipe extends CommonRecipe, Item, Context extends RunContext = LoopContext> {
  what: string
  /** The head of what it trains; one that the model's folder does not have is put on it. */
  head: HeadKind
  schema: v.GenericSchema<unknown, Recipe>
  /** Named sets of settings, and the one that stands where none is named. */
  presets: Record<string, Tree>
  preset: string
  /** The loss in symbols. */
  formula(recipe: Recipe): string[]
  /** Settings that were given in vain, and why. */
  noEffect(recipe: Recipe, origins: Record<string, string>): string[]
  /** The settings with defaults that a model of so many positions has room for. */
  fit?(settings: Resolved<Recipe>, positions: number): Resolved<Recipe>
  /** What judges what the model writes while it trains, where something does. */
  reward(recipe: Recipe): string | undefined
  /** Whether it needs log-probs of the model that training begins with. */
  needsReference(recipe: Recipe): boolean
  /** Folder of the critic that learns beside it, where one does. */
  critic?(recipe: Recipe): string | undefined
  /** Most tokens of what it trains on, and of a held-out prompt. @throws HoneError where the model has too few positions. */
  limits(recipe: Recipe, language: Language): { items: number; heldOut: number }
  /** What it trains on is made of rows; `items` is the word for it, and `room` what gives longer ones more room. */
  items: string
  room: string
  read(files: readonly string[], context: RowContext): Promise<Taken<Item>>
  tokensOf(item: Item): number
  /** What one of its steps takes, from the number of items and their tokens. */
  plan(recipe: Recipe, items: { count: number; maxTokens: number }): StepPlan
  /** Open what else it works with. @throws HoneError for what does not exist. */
  open(recipe: Recipe, language: Language): Promise<Training<Recipe, Item, Context>>
}

export interface StepPlan {
  steps: number
  itemsPerStep: number
  optimizerStepsPerStep: number
  /** Completions sampled in a step, and whether a server samples them. */
  completionsPerStep: number
  elsewhere?: boolean
  /** Tokens whose keys and values are held at once, and tokens of the largest micro-batch. */
  cached: number
  micro: number
  /** Tokens of which generation keeps what training would compute again. */
  traced?: number
  /** How often its items are trained on. */
  passes?: number
}

/** What commands see of any kind. */
export type AnyKind = Kind<CommonRecipe, unknown, RunContext>

export interface Training<Recipe, Item, Context> {
  /** Where an environment answers what the model writes. */
  stage?: Stage | undefined
  /** Training on these items, once all else that is read is found to be in order. @throws HoneError where it is not. */
  on(items: readonly Item[]): Promise<Trainer<Recipe, Context>>
  close(): void
}

export interface Trainer<Recipe, Context> {
  /** Train from `start` to the end or an interruption; the state is saved in both cases. */
  train(context: Context & { recipe: Recipe }, start: Progress): Promise<'done' | 'interrupted'>
}
