// What rollout and training see of a model: groups in, completions, log-probs and updates out.
import type { Lengths } from '../device/portions.ts'
import type { ModelConfig } from '../weights/family.ts'
import type { FloatType } from '../weights/number.ts'
import type { ModelSource } from '../weights/weights.ts'
import type { Law, Mask } from './law.ts'
import type { Scaling } from './scaling.ts'
import type { Session, SessionOptions } from './session.ts'

/** One prompt and the completions that share it: the unit of training. Token ids. */
export interface Group {
  prompt: readonly number[]
  completions: readonly (readonly number[])[]
}

/** Per group, per completion, per completion token. */
export type PerToken = Float32Array[][]

export type PerTokenMasks = readonly (readonly (readonly (Mask | undefined)[])[])[]

export interface Forward {
  logprobs: PerToken
  /** Present when asked for. */
  entropies?: PerToken
  /** Tokens that are likelier than each, and a half for each as likely, itself included; present when asked for. */
  likelier?: PerToken
  /** Where tokens are masked, the log of the probability that the mask leaves of the whole. */
  allowed?: PerToken
}

/**
 * Log-probs and entropies are those of the model at the temperature of the law, within the masks; what the law cuts otherwise is not
 * cut here.
 */
export interface ForwardOptions extends Law {
  entropy?: boolean
  likelier?: boolean
  /** What may come at each token of each completion of each group, where something may not. */
  masks?: PerTokenMasks | undefined
  /** Use the frozen reference weights. */
  reference?: boolean
}

export interface UpdateOptions {
  learningRate: number
  beta1: number
  beta2: number
  epsilon: number
  weightDecay: number
  /** Global gradient norm is clipped to this; Infinity = never. */
  maxGradNorm: number
}

export interface Update {
  gradNorm: number
  /**
   * With a scaled loss, what it was multiplied with, and whether the gradient overflowed: then the update is left out, and the next
   * one has half the scale.
   */
  scaling?: { scale: number; skipped: boolean }
}

/** At once, or later where other devices have a part in it. */
export type Awaitable<T> = T | Promise<T>

/** What every model that can be trained is, whatever it computes. */
export interface Trainable {
  /** Devices that hold a copy of it, and so passes that run at a time (default 1). */
  readonly devices?: number
  readonly config: ModelConfig
  /** What its passes pad sequences to. */
  readonly lengths: Lengths
  /** Number of trained parameters. */
  readonly trainable: number
  /** One AdamW step on the accumulated gradients, which are cleared. The norm returned is that before clipping. */
  update(options: UpdateOptions): Awaitable<Update>
  /** The first trained tensor of which a value or a moment is not finite; undefined where all are. */
  unsound(): string | undefined
  /** The first trained tensor whose accumulated gradient is not finite; undefined where all are. */
  unsoundGradient(): Awaitable<string | undefined>
  /** Move the reference after the policy: w₀ ← w₀ + share·(w − w₀). It must have been opened to move. */
  pullReference(share: number): Awaitable<void>
  /** Forget the accumulated gradients. */
  clearGradients(): void
  /** Everything a later run needs to go on exactly: trained tensors by name, optimizer moments, number of updates. */
  state(): PolicyState
  /** @throws HoneError where the state is not of exactly the tensors that are trained here. */
  restore(state: PolicyState): Awaitable<void>
  /** The weights as they are, an adapter merged, to be written in whatever form; good until it is freed. */
  readonly source: ModelSource
  /** Write a Hugging Face folder (full weights, adapter merged) or, with LoRA, a PEFT adapter folder. Weights are written
   * as F32 unless `type` is given: only that keeps what training changed; an adapter is F32 always. */
  save(directory: string, what: 'model' | 'adapter', type?: FloatType): Promise<void>
  free(): void
}

/** Forward and accumulate are one pass over all groups that they are given: `microBatches` cuts them to what fits. */
export interface Policy extends Trainable {
  /** A session of generation; tokens of all sessions are written one batch at a time, and between tokens the event loop gets its turn. */
  open(options?: SessionOptions): Session
  /** Log-probs of the given completions. */
  forward(groups: readonly Group[], options: ForwardOptions): Awaitable<Forward>
  /**
   * Forward, then backward with d loss / d logprob (and d loss / d entropy) that the caller computes from the forward's
   * values; gradients are added to those already accumulated.
   */
  accumulate(
    groups: readonly Group[],
    options: ForwardOptions,
    gradient: (forward: Forward) => { logprobs: PerToken; entropies?: PerToken },
  ): Awaitable<void>
}

/** What a pass found of each completion token, by name. */
export type Results = Readonly<Record<string, PerToken>>

/** A pass over groups in its two halves. */
export interface Pass {
  results: Results
  /** Adds the gradients of everything trained, of d loss / d each result that has one: before the next pass, and once. */
  backward(slopes: Results): void
}

/** `keep` is for a backward that will follow. */
export type PassOptions = ForwardOptions & { keep: boolean }

/** Values are read where they are asked for, and may be those of a later update by then: write them at once. */
export interface PolicyState {
  updates: number
  /** Of the loss, where it is scaled. */
  scaling?: Scaling
  tensors: {
    name: string
    shape: readonly number[]
    value: Float32Array<ArrayBuffer>
    moment1: Float32Array<ArrayBuffer>
    moment2: Float32Array<ArrayBuffer>
  }[]
  /** Weights of a reference that moves. */
  reference?: { name: string; shape: readonly number[]; value: Float32Array }[]
}
