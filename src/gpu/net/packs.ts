// Weights of a block that one product reads as a whole: their rows stand under each other.
import {
  layerRoles,
  parametersOf,
  shapeOf,
  type LayerRole,
  type ModelConfig,
  type Parameter,
} from '../weights/family.ts'

/** By the name of what they make. */
export const packs = {
  qkv: ['q', 'k', 'v'],
  qkvBias: ['qBias', 'kBias', 'vBias'],
  gateUp: ['gate', 'up'],
} as const satisfies Record<string, readonly LayerRole[]>

export type Pack = keyof typeof packs

const names = Object.keys(packs) as Pack[]

/** Those that a block of this model has. */
export const packsOf = (config: ModelConfig): Pack[] =>
  names.filter((pack) => layerRoles(config).includes(packs[pack][0]))

export function packShape(config: ModelConfig, pack: Pack): number[] {
  const shapes = packs[pack].map((role) => shapeOf(config, role))
  return [shapes.reduce((sum, [rows = 0]) => sum + rows, 0), ...shapes[0]!.slice(1)]
}

/** Every weight of the model in the order of the forward pass, those of a pack in its order, where the first of them is. */
export function inPacks(config: ModelConfig): Parameter[][] {
  const place = ({ role, layer, name }: Parameter): string => {
    const pack = names.find((each) => packs[each].some((member) => member === role))
    return pack === undefined ? name : `${pack} ${layer}`
  }
  return [...Map.groupBy(parametersOf(config), place).values()]
}
