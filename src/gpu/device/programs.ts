// Graphs compiled for a device, each once: a program is made when its key is first asked for.
import type { Binding, Device, Session, Tensor } from './device.ts'
import { print, type Cut } from '../graph/graph.ts'
import { outputName, toOnnx } from '../graph/onnx.ts'
import type { OpTime } from './profile.ts'

export type Tensors = Readonly<Record<string, Tensor>>

export interface Programs {
  readonly device: Device
  /** Run the graph of that key, made by `make` the first time. Tensors that it does not read are ignored. */
  run(key: string, make: () => Cut, inputs: Tensors, outputs: Tensors): void
  /** Every graph made so far. */
  graphs(): Cut[]
  /** Time per operator of every program by key, where profiling was asked for; ends the recording. */
  profile(): Map<string, OpTime[]>
  free(): void
}

interface Program {
  graph: Cut
  session: Session
  binding: Binding
}

/** Programs kept at once; the least recently run one makes room. */
const KEPT = 96

export function programsOn(device: Device, { profile = false }: { profile?: boolean } = {}): Programs {
  const programs = new Map<string, Program>()
  const release = ({ session, binding }: Program) => {
    binding.free()
    session.free()
  }
  const find = (key: string, make: () => Cut): Program => {
    const known = programs.get(key)
    // Taken out and put back, so that the map's order is that of the last runs.
    if (known) programs.delete(key)
    const program = known ? renewed(known) : compile(make())
    programs.set(key, program)
    const [oldest] = programs
    if (programs.size > KEPT && oldest) {
      programs.delete(oldest[0])
      release(oldest[1])
    }
    return program
  }
  const renewed = (known: Program): Program => {
    if (!known.session.outdated()) return known
    release(known)
    return compile(known.graph)
  }
  const compile = (graph: Cut): Program => {
    const session = shown(graph, () => device.compile(toOnnx(graph), graph.name, { profile }))
    return { graph, session, binding: session.bind() }
  }
  return {
    device,
    run(key, make, inputs, outputs) {
      const { graph, binding } = find(key, make)
      for (const name of Object.keys(graph.inputs)) binding.input(name, given(inputs, name, graph))
      for (const name of Object.keys(graph.outputs))
        binding.output(outputName(graph, name), given(outputs, name, graph))
      shown(graph, () => binding.run())
    },
    graphs: () => [...programs.values()].map(({ graph }) => graph),
    profile: () => new Map([...programs].map(([key, { session }]) => [key, session.profile()])),
    free() {
      for (const program of programs.values()) release(program)
      programs.clear()
    },
  }
}

/** An error on the way has the graph as its cause: HONE_DEBUG=1 shows it. */
function shown<T>(graph: Cut, work: () => T): T {
  try {
    return work()
  } catch (error) {
    if (error instanceof Error) error.cause ??= `graph ${print(graph)}`
    throw error
  }
}

function given(tensors: Tensors, name: string, { name: graph }: Cut): Tensor {
  const tensor = tensors[name]
  if (tensor === undefined) throw new Error(`graph ${graph}: nothing is bound to ${name}`)
  return tensor
}
