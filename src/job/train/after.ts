// What a finished run may be used for, by the head of its model.
import type { HeadKind } from '../../gpu/weights/family.ts'
import type { CommonRecipe } from '../../rl/recipe.ts'
import { pathsOf } from '../../rundir/paths.ts'
import type { Step } from '../../shell/next.ts'

/** Where the model lies, for people. */
export const placeLine = (run: string, { loraRank }: Pick<CommonRecipe, 'loraRank'>, head: HeadKind): string =>
  `the ${loraRank > 0 && head === 'language' ? 'adapter' : 'model'} lies in ${pathsOf(run).final}`

const uses: Record<HeadKind, (run: string, recipe: CommonRecipe) => Step[]> = {
  language: (run, { evalData, data }) => [
    [
      ['eval', '--bench', 'rows', '--data', evalData[0] ?? data[0] ?? 'rows.jsonl', '--model', run],
      'judge its answers',
    ],
    [['chat', run], 'talk to it'],
    [['serve', run], "serve it to OpenAI's clients"],
    [['export', run, '-o', `${run}-model`], 'write it for other programs'],
  ],
  scalar: (run) => [
    [['score', 'FILE', '--reward', `model:${run}`], 'score completions by it'],
    [['train', 'CONFIG', '--reward', `model:${run}`], 'train a model against it'],
  ],
}

export const after = (run: string, recipe: CommonRecipe, head: HeadKind): Step[] => [
  [['watch', run], 'read the run'],
  ...uses[head](run, recipe),
]
