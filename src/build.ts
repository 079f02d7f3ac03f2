// Builds dist/hone: one file that runs from an empty directory, with ONNX Runtime inside. `bun src/build.ts [--target T] [--out FILE]`
import type { BunPlugin } from 'bun'
import * as v from 'valibot'
import { renameSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { runCli } from './shell/cli.ts'
import { command } from './shell/command.ts'
import { HoneError } from './error.ts'
import { log } from './out.ts'
import { file, otherwise, say } from './text/setting.ts'

const root = join(import.meta.dir, '..')
/** What onnxruntime-node has a library for and bun can compile for. */
const TARGETS = ['linux-x64', 'linux-arm64', 'darwin-arm64'] as const
type Target = (typeof TARGETS)[number]
/** Files that are started as threads. */
const THREADS = ['data/parquet-worker.ts']

const build = command({
  description: 'compile hone into one file',
  group: 'program',
  flags: v.object({
    target: say(otherwise(v.picklist(TARGETS), 'this one'), 'machine to build for'),
    out: say(v.optional(file(), join(root, 'dist', 'hone')), 'file to write', 'o'),
  }),
  async run({ target: asked, out }) {
    const target = asked ?? TARGETS.find((each) => each === `${process.platform}-${process.arch}`)
    if (!target)
      throw new HoneError(`Cannot build for ${process.platform}-${process.arch}: there is no ONNX Runtime for it`)
    await compile(target, out)
    log(`${out}  ${(statSync(out).size / 1e6).toFixed(1)} MB`)
  },
})

/**
 * The browser build of transformers imports onnxruntime-web for its pipelines. hone uses its tokenizers alone and has a
 * runtime of its own, so these few names are enough to load it.
 */
const withoutWebRuntime: BunPlugin = {
  name: 'without-web-runtime',
  setup(build) {
    build.onResolve({ filter: /^onnxruntime-web(\/|$)/ }, () => ({ path: 'onnxruntime-web', namespace: 'absent' }))
    build.onLoad({ filter: /.*/, namespace: 'absent' }, () => ({
      contents: 'export const env = { wasm: {} }; export const InferenceSession = {}; export class Tensor {}',
      loader: 'js',
    }))
  },
}

await runCli({ build: () => Promise.resolve(build) }, ['build', ...process.argv.slice(2)])

async function compile(target: Target, outfile: string): Promise<void> {
  const [platform, arch] = target.split('-')
  const beside = `${outfile}.tmp`
  await Bun.build({
    entrypoints: ['main.ts', ...THREADS].map((name) => join(root, 'src', name)),
    root,
    compile: {
      target: `bun-${target}`,
      outfile: beside,
      // What lies in the folder where hone is run belongs to someone else's program: it must not act on this one.
      autoloadBunfig: false,
      autoloadDotenv: false,
      autoloadTsconfig: false,
      autoloadPackageJson: false,
    },
    // Folded at build time, so that only the target's own ONNX Runtime is carried.
    define: { 'process.platform': JSON.stringify(platform), 'process.arch': JSON.stringify(arch) },
    plugins: [withoutWebRuntime],
    minify: true,
    // Each command is a chunk of its own, read when it is chosen.
    splitting: true,
    bytecode: true,
    format: 'esm',
  })
  renameSync(beside, outfile)
}
