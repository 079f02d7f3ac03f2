// How fast a device multiplies, measured on products of the size of a model's: what the time of a run is estimated from.
import type { Device } from '../device/device.ts'
import { programsOn } from '../device/programs.ts'
import { cut, input, op } from '../graph/graph.ts'
import type { ModelConfig } from '../weights/family.ts'

/** As wide as a product need be to run at full pace: its weights are no burden beside those of a large model. */
const WIDEST = 2048
/** A measurement is over after so many milliseconds, beside compiling, or so many products: small ones are as fast as they get by then. */
const LONG_ENOUGH = 60
const OFTEN_ENOUGH = 64

/** Multiply-adds a second of x·W at its best, whatever else the machine does, x of `rows` rows and W as wide as the model's MLP, everything resident. `now` in milliseconds. */
export function productRate(
  device: Device,
  config: Pick<ModelConfig, 'hidden' | 'intermediate'>,
  rows: number,
  now: () => number = performance.now.bind(performance),
): number {
  const hidden = Math.min(config.hidden, WIDEST)
  const intermediate = Math.min(config.intermediate, WIDEST)
  const programs = programsOn(device)
  const shapes = { x: [rows, hidden], w: [hidden, intermediate], y: [rows, intermediate] }
  const [x, w, y] = [shapes.x, shapes.w, shapes.y].map((shape) => device.alloc('f32', shape))
  const make = () => {
    const inputs = { x: input('f32', shapes.x), w: input('f32', shapes.w) }
    return cut(`product-${rows}`, inputs, { y: op('FusedMatMul', [inputs.x, inputs.w]) })
  }
  const run = () => programs.run('product', make, { x: x!, w: w! }, { y: y! })
  try {
    run()
    const start = now()
    let best = Infinity
    for (let last = start, runs = 0; last - start < LONG_ENOUGH && runs < OFTEN_ENOUGH; runs++) {
      run()
      const time = now()
      best = Math.min(best, time - last)
      last = time
    }
    return (rows * hidden * intermediate) / (best / 1000)
  } finally {
    programs.free()
    for (const tensor of [x, w, y]) device.free(tensor!)
  }
}
