// What is trained as one row of numbers in stretches, the way in which copies of a model on several devices give and take it.
import type { Programs } from '../device/programs.ts'
import type { Scratch } from '../device/scratch.ts'
import { cut, input, op } from '../graph/graph.ts'
import { STRETCH } from '../net/adamw.ts'
import type { TrainedSet } from './trained-set.ts'

export interface Stretches {
  readonly count: number
  /** Elements of stretch `i`: STRETCH of all but the last. */
  size(i: number): number
  /** Its accumulated gradient, which is cleared. */
  takeGradient(i: number): Float32Array<ArrayBuffer>
  addGradient(i: number, gradient: Float32Array<ArrayBuffer>): void
  values(i: number): Float32Array<ArrayBuffer>
  setValues(i: number, values: Float32Array<ArrayBuffer>): void
}

export function stretchesOf(programs: Programs, scratch: Scratch, trained: TrainedSet): Stretches {
  const { device } = programs
  const [total = 0] = trained.value.shape
  const views = Array.from({ length: Math.ceil(total / STRETCH) }, (_, i) => {
    const size = Math.min(STRETCH, total - i * STRETCH)
    const view = (name: 'value' | 'gradient') => device.view(trained[name], [size], i * STRETCH)
    return { size, value: view('value'), gradient: view('gradient') }
  })
  return {
    count: views.length,
    size: (i) => views[i]!.size,
    takeGradient(i) {
      const { gradient, size } = views[i]!
      const taken = device.download(gradient).slice()
      device.upload(gradient, new Float32Array(size))
      return taken
    },
    addGradient(i, gradient) {
      const { gradient: sum, size } = views[i]!
      const received = scratch.put('f32', `received ${size}`, [size], gradient)
      programs.run(`add ${size}`, () => addition(size), { sum, received }, { sum })
    },
    values: (i) => device.download(views[i]!.value),
    setValues: (i, values) => device.upload(views[i]!.value, values),
  }
}

/** sum, received [n] → their sum. Safe with the output bound to the input. */
function addition(n: number) {
  const inputs = { sum: input('f32', [n]), received: input('f32', [n]) }
  return cut(`add-${n}`, inputs, { sum: op('Add', [inputs.sum, inputs.received]) })
}
