// Builds dist/hone: one file that runs from an empty directory, with ONNX Runtime inside. `bun src/build.ts [TARGET [OUTFILE]]`
import type { BunPlugin } from 'bun'
import { rmSync } from 'node:fs'
import { join } from 'node:path'

const TARGETS = ['bun-linux-x64', 'bun-linux-arm64', 'bun-darwin-arm64'] as const
type Target = (typeof TARGETS)[number]

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

const [wanted = `bun-${process.platform}-${process.arch}`, outfile = join(import.meta.dir, '..', 'dist', 'hone')] =
  process.argv.slice(2)
const target = TARGETS.find((each) => each === wanted)
if (!target) throw new Error(`Cannot build for "${wanted}": it is none of ${TARGETS.join(', ')}`)
await build(target, outfile)

async function build(target: Target, outfile: string): Promise<void> {
  const root = join(import.meta.dir, '..')
  const result = await Bun.build({
    entrypoints: [join(root, 'src', 'main.ts')],
    root,
    // A bunfig.toml or .env in the folder where hone is run belongs to someone else's program: it must not act on this one.
    compile: {
      target,
      outfile: `${outfile}.tmp`,
      autoloadBunfig: false,
      autoloadDotenv: false,
      autoloadTsconfig: false,
      autoloadPackageJson: false,
    },
    define: {
      'process.platform': JSON.stringify(target.split('-')[1]),
      'process.arch': JSON.stringify(target.split('-')[2]),
    },
    plugins: [withoutWebRuntime],
    minify: true,
    splitting: true,
    bytecode: true,
    format: 'esm',
  })
  for (const line of result.logs) console.error(String(line))
  const { renameSync, statSync } = await import('node:fs')
  renameSync(`${outfile}.tmp`, outfile)
  console.error(`${outfile}  ${(statSync(outfile).size / 1e6).toFixed(1)} MB`)
  rmSync(`${outfile}.tmp`, { force: true })
}
