// Imports go one way between the rooms of src, and the files stay small enough to read.
import { expect, test } from 'bun:test'
import { readdirSync, readFileSync } from 'node:fs'
import { dirname, join, relative, resolve } from 'node:path'

const src = join(import.meta.dir, '..', 'src')
/** A file may import from its own room and from those after it. The last one is the leaves: every file that is in none of the folders named here. */
const rooms = ['cmd', 'rl', 'data', 'reward', 'eval', 'gpu', 'leaves']
const files = readdirSync(src, { recursive: true, encoding: 'utf8' }).filter(
  (path) => path.endsWith('.ts') && !path.endsWith('.d.ts'),
)

test('imports go down only', () => {
  const upward = files
    .filter((file) => file !== 'main.ts')
    .flatMap((file) =>
      importsOf(file)
        .filter((target) => rooms.indexOf(roomOf(target)) < rooms.indexOf(roomOf(file)))
        .map((target) => `${file} → ${target}`),
    )
  expect(upward).toEqual([])
})

test('local imports name their file with its extension', () => {
  const vague = files.flatMap((file) =>
    localImports(file)
      .filter((path) => !/\.(ts|js|json|html)$/.test(path))
      .map((path) => `${file}: ${path}`),
  )
  expect(vague).toEqual([])
})

test('every file begins by saying its purpose', () => {
  const silent = files.filter((file) => !/^(#!.*\n)?(\/\/|\/\*\*?) \S/.test(readFileSync(join(src, file), 'utf8')))
  expect(silent).toEqual([])
})

/** `data/sources/xlam.ts` is in `data`, `cli.ts` is a leaf. */
function roomOf(file: string): string {
  const folder = file.split('/')[0]!
  return rooms.includes(folder) ? folder : 'leaves'
}

function importsOf(file: string): string[] {
  return localImports(file)
    .map((path) => relative(src, resolve(src, dirname(file), path)))
    .filter((path) => !path.startsWith('..'))
}

/** Paths of the relative imports; those of types alone do not count, as they leave nothing at run time. */
function localImports(file: string): string[] {
  const transpiler = new Bun.Transpiler({ loader: 'ts' })
  return transpiler
    .scanImports(readFileSync(join(src, file), 'utf8').replace(/^#!.*/, ''))
    .map(({ path }) => path)
    .filter((path) => path.startsWith('.'))
}
