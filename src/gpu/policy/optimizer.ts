// One AdamW step over everything trained, in cache-sized stretches of the flat buffers, after the global gradient norm.
import { adamw, adamwScalars, squareSum, STRETCH } from '../net/adamw.ts'
import type { TrainedSet } from './trained-set.ts'
import type { UpdateOptions } from './policy.ts'
import type { Programs, Tensors } from '../device/programs.ts'
import type { Scratch } from '../device/scratch.ts'

export interface Optimizer {
  /** Number of updates so far: t of the bias corrections. */
  updates: number
  /** Gradients are those of the loss times `scale`. */
  step(options: UpdateOptions, scale: number): { gradNorm: number }
  /** False where a trained value or a moment may not be finite: a sum of squares that overflows says so too. */
  sound(): boolean
}

/**
 * The norm is of all gradients together and is known before any parameter changes. A norm that is not finite leaves
 * parameters and moments as they are; the gradients stay until they are cleared.
 */
export function optimizerOf(programs: Programs, scratch: Scratch, trained: TrainedSet): Optimizer {
  const { device } = programs
  const [total = 0] = trained.value.shape
  const stretches = Array.from({ length: Math.ceil(total / STRETCH) }, (_, i) => {
    const start = i * STRETCH
    const size = Math.min(STRETCH, total - start)
    const view = (name: 'value' | 'gradient' | 'moment1' | 'moment2') => device.view(trained[name], [size], start)
    return {
      size,
      tensors: {
        value: view('value'),
        gradient: view('gradient'),
        moment1: view('moment1'),
        moment2: view('moment2'),
      },
    }
  })
  const sums = device.alloc('f32', [stretches.length])
  const sumViews = stretches.map((_, i) => device.view(sums, [], i))

  const squaresOf = (kind: keyof (typeof stretches)[number]['tensors']): number => {
    stretches.forEach(({ size, tensors }, i) =>
      programs.run(`square sum ${size}`, () => squareSum(size), { x: tensors[kind] }, { sum: sumViews[i]! }),
    )
    return device.download(sums).reduce((sum, square) => sum + square, 0)
  }

  return {
    updates: 0,
    sound: () => (['value', 'moment1', 'moment2'] as const).every((kind) => Number.isFinite(squaresOf(kind))),
    step(options, scale) {
      const gradNorm = Math.sqrt(squaresOf('gradient')) / scale
      if (!Number.isFinite(gradNorm)) return { gradNorm }
      const t = ++this.updates
      // As torch.nn.utils.clip_grad_norm_: the norm gets 1e-6 before it divides.
      const gradientScale = Math.min(1, options.maxGradNorm / (gradNorm + 1e-6))
      const values = {
        ...options,
        correction1: 1 / (1 - options.beta1 ** t),
        correction2: 1 / (1 - options.beta2 ** t),
        gradientScale: (Number.isFinite(gradientScale) ? gradientScale : 1) / scale,
      }
      const scalars: Tensors = Object.fromEntries(
        adamwScalars.map((name) => [name, scratch.put('f32', `adamw ${name}`, [], Float32Array.of(values[name]))]),
      )
      for (const { size, tensors } of stretches)
        programs.run(`adamw ${size}`, () => adamw(size), { ...tensors, ...scalars }, tensors)
      return { gradNorm }
    },
  }
}
