// Compiles hone into one file that runs from an empty directory, with ONNX Runtime inside.
import type { BunPlugin } from 'bun'
import { mkdirSync, mkdtempSync, renameSync, rmSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { targets, type TargetName } from './targets.ts'

export const root = join(import.meta.dir, '..', '..')
/** Files that are started as threads. */
const THREADS = ['data/parquet-worker.ts']

export interface Compiled {
  target: TargetName
  outfile: string
  /** Bun for that machine; fetched by Bun itself where it is not given and is not this one. */
  runtime?: string | undefined
  /** Of the source, as --version shows it. */
  commit?: string | undefined
}

/** @throws AggregateError where the source does not build. */
export async function compile({ target, outfile, runtime, commit }: Compiled): Promise<void> {
  mkdirSync(dirname(outfile), { recursive: true })
  // The maps of the source, which are inside, are left beside the program too.
  const beside = mkdtempSync(join(dirname(outfile), '.hone-'))
  try {
    await compileTo(join(beside, 'hone'), { target, runtime, commit })
    // Bun gives a program for Windows the ending that it has there.
    renameSync(join(beside, targets[target].platform === 'win32' ? 'hone.exe' : 'hone'), outfile)
  } finally {
    rmSync(beside, { recursive: true })
  }
}

async function compileTo(outfile: string, { target, runtime, commit }: Omit<Compiled, 'outfile'>): Promise<void> {
  await Bun.build({
    ...source(target, commit),
    compile: {
      target: `bun-${target}`,
      outfile,
      ...(runtime !== undefined && { executablePath: runtime }),
      // What lies in the folder where hone is run belongs to someone else's program: it must not act on this one.
      autoloadBunfig: false,
      autoloadDotenv: false,
      autoloadTsconfig: false,
      autoloadPackageJson: false,
    },
    bytecode: true,
    // Errors name lines of the source under HONE_DEBUG.
    sourcemap: 'inline',
  })
}

/** Paths of all that is bundled, from the root of the repository. */
export async function bundled(target: TargetName): Promise<string[]> {
  // The page of runs is built by a macro while the program is, which the program's own build does not tell.
  const page = { entrypoints: [join(root, 'src', 'rundir', 'watch', 'page', 'main.tsx')], root }
  const builds = await Promise.all([source(target), page].map((config) => Bun.build({ ...config, metafile: true })))
  return builds.flatMap(({ metafile }) => Object.keys(metafile?.inputs ?? {}))
}

function source(target: TargetName, commit?: string) {
  const { platform, arch } = targets[target]
  return {
    entrypoints: ['main.ts', ...THREADS].map((name) => join(root, 'src', name)),
    root,
    target: 'bun',
    // Folded at build time, so that only the target's own ONNX Runtime is carried.
    define: {
      'process.platform': JSON.stringify(platform),
      'process.arch': JSON.stringify(arch),
      HONE_COMMIT: JSON.stringify(commit ?? ''),
    },
    plugins: [withoutWebRuntime],
    minify: true,
    // Each command is a chunk of its own, read when it is chosen.
    splitting: true,
    format: 'esm',
  } satisfies Bun.BuildConfig
}

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
