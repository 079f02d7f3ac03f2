// Builds dist/hone: one file that runs from an empty directory, with ONNX Runtime inside. `bun src/build.ts [--target T] [--out FILE]`
import type { BunPlugin } from 'bun'
import { defineCommand } from 'citty'
import { renameSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { runCli } from './shell/cli.ts'
import { HoneError } from './error.ts'
import { log } from './out.ts'

const root = join(import.meta.dir, '..')
/** What onnxruntime-node has a library for and bun can compile for. */
const TARGETS = ['linux-x64', 'linux-arm64', 'darwin-arm64'] as const
type Target = (typeof TARGETS)[number]

const command = defineCommand({
  meta: { name: 'build', description: 'compile hone into one file' },
  args: {
    target: { type: 'enum', options: [...TARGETS], description: 'machine to build for [default: this one]' },
    out: { type: 'string', alias: 'o', default: join(root, 'dist', 'hone'), description: 'file to write' },
  },
  async run({ args }) {
    const target = TARGETS.find((each) => each === (args.target ?? `${process.platform}-${process.arch}`))
    if (!target)
      throw new HoneError(`Cannot build for ${process.platform}-${process.arch}: there is no ONNX Runtime for it`)
    await build(target, args.out)
    log(`${args.out}  ${(statSync(args.out).size / 1e6).toFixed(1)} MB`)
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

await runCli({ build: () => Promise.resolve(command) }, ['build', ...process.argv.slice(2)])

async function build(target: Target, outfile: string): Promise<void> {
  const [platform, arch] = target.split('-')
  const beside = `${outfile}.tmp`
  await Bun.build({
    entrypoints: [join(root, 'src', 'main.ts')],
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
