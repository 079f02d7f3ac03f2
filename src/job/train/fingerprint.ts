// What a run was made from, as a hash per thing: where one differs at a resume, the run does not come to the bits it would have.
import { closeSync, openSync, readdirSync, readSync, statSync } from 'node:fs'
import { cpus } from 'node:os'
import { join } from 'node:path'
import { NAMED_TEMPLATES } from '../../dialogue/chat.ts'
import { version } from '../../shell/version.ts'
import { modelFolder } from '../model-folder.ts'
import { hash } from '../protocol.ts'
import { pathsIn } from '../run-record.ts'

/** Settings that change nothing of what is learnt, or are hashed by what their files hold. */
const ASIDE = [
  'preset',
  'output',
  'model',
  'adapter',
  'threads',
  'rolloutServer',
  'rolloutAdapters',
  'rolloutRequests',
  'device',
  'saveEvery',
  'keepCheckpoints',
  'evalEvery',
  'saveDtype',
]

/** Settings that make something of a model. */
export type Made = { model: string; adapter?: string | null }

/** By name for people: settings, files by what they hold, and the machine. `device` is the device's name. */
export function fingerprintOf(recipe: Made, device: string): Record<string, string> {
  const files = pathsIn(recipe)
  const { model, adapter } = modelFolder(recipe.model, recipe.adapter ?? undefined)
  const settings = Object.entries(recipe).filter(([key]) => !ASIDE.includes(key) && !(key in files))
  return {
    settings: hash(JSON.stringify(settings)),
    model: hashOfFolders([model, ...(adapter === undefined ? [] : [adapter])]),
    ...Object.fromEntries(
      Object.entries(files)
        .filter(([key]) => !ASIDE.includes(key))
        .map(([key, paths]) => [key, hashOfFiles(paths)]),
    ),
    'version of hone': version,
    machine: [process.arch, cpus()[0]?.model ?? '', device].join(' '),
  }
}

/** What of `now` is not as it was `before`, by name. */
export function changed(before: Record<string, string>, now: Record<string, string>): string[] {
  return Object.keys({ ...before, ...now }).filter((name) => before[name] !== now[name])
}

/** Of what a model folder is read for: everything but its card. */
function hashOfFolders(folders: readonly string[]): string {
  return hashOfFiles(
    folders.flatMap((folder) =>
      readdirSync(folder)
        .filter((name) => name === NAMED_TEMPLATES || /\.(json|jinja|safetensors)$/.test(name))
        .sort()
        .map((name) => join(folder, name)),
    ),
  )
}

/** xxHash64 of the files in order, block after block; folders count for the files in them. */
function hashOfFiles(paths: readonly string[]): string {
  const block = new Uint8Array(1 << 22)
  let sum = 0n
  for (const path of paths) {
    if (statSync(path, { throwIfNoEntry: false })?.isDirectory()) {
      const inside = readdirSync(path).sort()
      sum = Bun.hash.xxHash64(hashOfFiles(inside.map((name) => join(path, name))), sum)
      continue
    }
    const file = openSync(path, 'r')
    try {
      for (let at = 0, got = 0; (got = readSync(file, block, 0, block.length, at)) > 0; at += got)
        sum = Bun.hash.xxHash64(block.subarray(0, got), sum)
    } finally {
      closeSync(file)
    }
  }
  return sum.toString(16).padStart(16, '0')
}
