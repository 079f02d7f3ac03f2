// Test files share processes, and in them the modules of hone, as its commands do: each leaves a process as it found it.
import { afterAll, expect } from 'bun:test'

const variables = { ...process.env }
const place = () => ({ folder: process.cwd(), exitCode: Number(process.exitCode ?? 0) })
const found = place()

afterAll(() => {
  // Their names alone: values may be secret.
  const changed = Object.keys({ ...variables, ...process.env }).filter((name) => variables[name] !== process.env[name])
  expect({ changed, ...place() }).toEqual({ changed: [], ...found })
})
