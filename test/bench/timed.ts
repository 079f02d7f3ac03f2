// Where the time of a device goes: seconds and products of every graph by the stage in which it ran, and the rate of its matmul.
import type { Device } from '../../src/gpu/device/device.ts'
import { programsOn, type Programs } from '../../src/gpu/device/programs.ts'
import { cut, input, op, type Cut } from '../../src/gpu/graph/graph.ts'

export interface Spent {
  seconds: number
  runs: number
}

/** The device, and what was spent on it: per stage, per graph by its name. */
export function timed(device: Device) {
  const stages = new Map<string, Map<string, Spent>>()
  let stage = ''
  const note = (name: string, seconds: number) => {
    const graphs = stages.get(stage) ?? new Map<string, Spent>()
    stages.set(stage, graphs)
    const spent = graphs.get(name) ?? { seconds: 0, runs: 0 }
    graphs.set(name, { seconds: spent.seconds + seconds, runs: spent.runs + 1 })
  }
  return {
    device: {
      ...device,
      compile(...words: Parameters<Device['compile']>) {
        const session = device.compile(...words)
        const bind = () => {
          const binding = session.bind()
          const run = () => {
            const start = performance.now()
            binding.run()
            note(session.name, (performance.now() - start) / 1000)
          }
          return { ...binding, run }
        }
        return { ...session, bind }
      },
    } satisfies Device,
    stages,
    /** What runs from now on belongs to `name`. */
    enter: (name: string) => void (stage = name),
    clear: () => stages.clear(),
  }
}

/** Floating-point operations of the matrix products of a graph; none where a dimension is a name. */
export function productsOf({ nodes }: Cut): number {
  const length = (dimension: number | string | undefined) => (typeof dimension === 'number' ? dimension : NaN)
  const products = nodes.reduce((sum, { op, inputs: [left], outputs: [product], attributes }) => {
    if (op !== 'FusedMatMul') return sum
    const inner = left!.shape.at(attributes['transA'] === 1 ? -2 : -1)
    return sum + 2 * product!.shape.reduce<number>((all, each) => all * length(each), 1) * length(inner)
  }, 0)
  return Number.isNaN(products) ? 0 : products
}

/** Operations per second of one large product on the device: the best of some runs. */
export function matmulRate(device: Device): number {
  const size = 1152 // a power of two is slower
  const programs: Programs = programsOn(device)
  const matrix = () => device.alloc('f32', [size, size])
  const [a, b, c] = [matrix(), matrix(), matrix()]
  const make = () => {
    const [x, y] = [input('f32', [size, size]), input('f32', [size, size])]
    return cut('rate', { x, y }, { z: op('FusedMatMul', [x, y], { transA: 0, transB: 1, alpha: 1 }) })
  }
  const once = () => {
    const start = performance.now()
    programs.run('rate', make, { x: a, y: b }, { z: c })
    // What comes down was computed: elsewhere than on the CPU a run may end before its work does.
    device.download(c)
    return (performance.now() - start) / 1000
  }
  const best = Math.min(...Array.from({ length: 12 }, once))
  programs.free()
  for (const tensor of [a, b, c]) device.free(tensor)
  return (2 * size ** 3) / best
}
