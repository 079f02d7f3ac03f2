// The configurations of published models: each is read, and asks for as many weights as its makers count.
import { expect, test } from 'bun:test'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import published from '../../../fixtures/models/published.json'
import { parameterCount } from '../../../src/gpu/policy/memory.ts'
import { windowOf } from '../../../src/gpu/weights/family.ts'
import { loadConfig } from '../../../src/gpu/weights/hf.ts'
import { scratch } from '../../scratch.ts'

test.each(Object.entries(published))('%s has the published number of parameters', (_, { config, parameters }) => {
  const folder = scratch()
  writeFileSync(join(folder, 'config.json'), JSON.stringify(config))
  expect(parameterCount(loadConfig(folder))).toBe(parameters)
})

test('of the published models Mistral 7B v0.1 alone slides, in every layer', () => {
  const sliding = Object.entries(published).filter(([, { config }]) => {
    const folder = scratch()
    writeFileSync(join(folder, 'config.json'), JSON.stringify(config))
    const read = loadConfig(folder)
    return Array.from({ length: read.layers }, (_, layer) => windowOf(read, layer)).every((window) => window === 4096)
  })
  expect(sliding.map(([name]) => name)).toEqual(['mistralai/Mistral-7B-v0.1'])
})
