// The house: imports go one way between the rooms of src, types included, and files stay small enough to read.
import { expect, test } from 'bun:test'
import { readdirSync, readFileSync } from 'node:fs'
import { dirname, join, relative, resolve } from 'node:path'

const root = join(import.meta.dir, '..')
/** A room may import from those after it. The last one is the leaves: files that lie in no folder. */
const rooms = [
  'release',
  'cmd',
  'manual',
  'job',
  'serve',
  'env',
  'rl',
  'lint',
  'reward',
  'eval',
  'data',
  'gpu',
  'rundir',
  'dialogue',
  'shell',
  'text',
  'leaves',
]
/** What uses every room: the table of commands, the program, and the build of the binary. */
const roofs = ['commands.ts', 'main.ts', 'build.ts']
/** The way of the data through rl, its tables first: a file may import from those before it, and what is not named here. */
const story = [
  'advantage',
  'loss/',
  'recipe',
  'record',
  'environment',
  'judge',
  'play',
  'rollout',
  'freeze',
  'weigh',
  'loss',
  'learn',
  'loop',
  'train',
]
/** The one file that imports fixtures, and the one that it imports: what the binary ships. */
const door = { from: 'job/demo/demo.ts', to: '../fixtures/shipped.ts' }

const files = sources('src')

test('imports go down only', () => {
  const upward = edges(files)
    .filter(({ file }) => !roofs.includes(file))
    .filter(({ file, target }) => rooms.indexOf(roomOf(target)) < rooms.indexOf(roomOf(file)))
  expect(upward.map(spelt)).toEqual([])
})

test('every folder of src is a room', () => {
  const found = new Set(files.map(roomOf))
  expect([...found].filter((room) => !rooms.includes(room))).toEqual([])
})

test('no files import each other in a circle', () => {
  const known = edges(files)
  const targets = Map.groupBy(known, ({ file }) => file)
  const reaches = (from: string, to: string): boolean => {
    const seen = new Set<string>()
    const open = [from]
    for (let file; (file = open.pop()) !== undefined;)
      for (const { target } of targets.get(file) ?? []) {
        if (target === to) return true
        if (!seen.has(target)) open.push(target)
        seen.add(target)
      }
    return false
  }
  expect(files.filter((file) => reaches(file, file))).toEqual([])
})

test('no folders of a room import each other in a circle', () => {
  // A table `calls.ts` is the door of the folder `calls/`: it imports the rows, and they do not import it.
  const pairs = edges(files)
    .filter(({ file, target }) => roomOf(file) === roomOf(target) && roomOf(file) !== 'leaves')
    .map(({ file, target }) => [dirname(file), dirname(target)] as const)
    .filter(([from, to]) => from !== to && dirname(from) === dirname(to))
  const circles = pairs.filter(([from, to]) => pairs.some(([f, t]) => f === to && t === from))
  expect([...new Set(circles.map(([from, to]) => `${from} ⇄ ${to}`))]).toEqual([])
})

test('inside rl, imports follow the way of the data', () => {
  const place = (file: string) => story.indexOf(/^rl\/(\w+\/|\w+(?=\.ts$))/.exec(file)?.[1] ?? '')
  const backward = edges(files).filter(
    ({ file, target }) =>
      file.startsWith('rl/') && target.startsWith('rl/') && place(file) >= 0 && place(target) > place(file),
  )
  expect(backward.map(spelt)).toEqual([])
})

test('rl knows no terminal, no file and no command line', () => {
  const told = files
    .filter((file) => file.startsWith('rl/'))
    .flatMap((file) =>
      importsOf(join('src', file))
        .filter((path) => /^node:fs|(^|\/)out\.ts$|\/shell\/|\/text\/jsonl\.ts$/.test(path))
        .map((path) => `${file}: ${path}`),
    )
  expect(told).toEqual([])
})

test('src imports fixtures through one door, and fixtures import none of the commands', () => {
  const opened = files.flatMap((file) =>
    targetsOf(file)
      .filter((target) => target.startsWith('../fixtures'))
      .map((target) => ({ from: file, to: target })),
  )
  expect(opened).toEqual([door])
  const back = sources('fixtures').flatMap((file) =>
    importsOf(join('fixtures', file))
      .map((path) => relative(join(root, 'src'), resolve(root, 'fixtures', dirname(file), path)))
      .filter((target) => !target.startsWith('..') && ['cmd', 'job'].includes(roomOf(target)))
      .map((target) => `${file} → ${target}`),
  )
  expect(back).toEqual([])
})

test('local imports name their file with its extension', () => {
  const vague = files.flatMap((file) =>
    importsOf(join('src', file))
      .filter((path) => path.startsWith('.') && !/\.(tsx?|js|json|html|md|css|sh)$/.test(path))
      .map((path) => `${file}: ${path}`),
  )
  expect(vague).toEqual([])
})

test('the client of MCP is read where a server is asked, and not with every command', () => {
  const eager = files.flatMap((file) =>
    [...textOf(join('src', file)).matchAll(/^import (?!type ).*'@modelcontextprotocol\/.*'/gm)].map(
      ([line]) => `${file}: ${line}`,
    ),
  )
  expect(eager).toEqual([])
})

test('files stay small enough to read: none above 300 lines, half of them at most 110', () => {
  const lengths = files.map((file) => ({ file, lines: textOf(join('src', file)).trimEnd().split('\n').length }))
  const sorted = lengths.map(({ lines }) => lines).sort((a, b) => a - b)
  expect(lengths.filter(({ lines }) => lines > 300)).toEqual([])
  expect(sorted[Math.floor(sorted.length / 2)]).toBeLessThanOrEqual(110)
})

test('every file begins by saying its purpose', () => {
  const silent = files.filter((file) => !/^(#!.*\n)?(\/\/|\/\*\*?) \S/.test(textOf(join('src', file))))
  expect(silent).toEqual([])
})

/** Paths of the TypeScript files below a folder of the repository. */
function sources(folder: string): string[] {
  return readdirSync(join(root, folder), { recursive: true, encoding: 'utf8' }).filter(
    (path) => /\.tsx?$/.test(path) && !path.endsWith('.d.ts'),
  )
}

/** `data/sources/xlam.ts` is in `data`, `rng.ts` is a leaf. */
function roomOf(file: string): string {
  return file.includes('/') ? file.split('/')[0]! : 'leaves'
}

function textOf(path: string): string {
  return readFileSync(join(root, path), 'utf8')
}

/** What a file of the repository imports, types included, as it is spelt there. */
function importsOf(path: string): string[] {
  return [...textOf(path).matchAll(/^(?:import|export)\s(?:[^'"]*?\sfrom\s)?'([^']+)'|\bimport\('([^']+)'\)/gm)].map(
    ([, plain, lazy]) => plain ?? lazy!,
  )
}

/** Local imports of a file of src, as paths from there. */
function targetsOf(file: string): string[] {
  return importsOf(join('src', file))
    .filter((path) => path.startsWith('.'))
    .map((path) => relative('src', join('src', dirname(file), path)))
}

function edges(of: readonly string[]): { file: string; target: string }[] {
  return of.flatMap((file) =>
    targetsOf(file)
      .filter((target) => !target.startsWith('..') && /\.tsx?$/.test(target))
      .map((target) => ({ file, target })),
  )
}

const spelt = ({ file, target }: { file: string; target: string }): string => `${file} → ${target}`
