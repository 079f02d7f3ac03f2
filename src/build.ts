// Builds dist/hone: one file that runs from an empty directory, with ONNX Runtime inside. `bun src/build.ts [--target T] [--out FILE]`
import * as v from 'valibot'
import { statSync } from 'node:fs'
import { join } from 'node:path'
import { runCli } from './shell/cli.ts'
import { command } from './shell/command.ts'
import { HoneError } from './error.ts'
import { log } from './out.ts'
import { sourceCommit } from './release/commit.ts'
import { compile, root } from './release/compile.ts'
import { ownTarget, targets } from './release/targets.ts'
import { file, names, otherwise, say } from './text/setting.ts'

const build = command({
  description: 'compile hone into one file',
  group: 'program',
  flags: v.object({
    target: say(otherwise(names(targets), 'this one'), 'machine to build for'),
    out: say(v.optional(file(), join(root, 'dist', 'hone')), 'file to write', 'o'),
  }),
  async run({ target: asked, out }) {
    const target = asked ?? ownTarget()
    if (!target)
      throw new HoneError(`Cannot build for ${process.platform}-${process.arch}: there is no ONNX Runtime for it`)
    await compile({ target, outfile: out, commit: commitIfAny() })
    log(`${out}  ${(statSync(out).size / 1e6).toFixed(1)} MB`)
  },
})

/** A source that was copied without its repository is built too. */
function commitIfAny(): string | undefined {
  try {
    return sourceCommit()
  } catch (error) {
    if (error instanceof HoneError) return undefined
    throw error
  }
}

await runCli({ build: () => Promise.resolve(build) }, ['build', ...process.argv.slice(2)])
