// hone init train: a small model, rows for it, and a configuration that learns within two minutes on a laptop.
import { shippedModel, shippedRows, shippedSettings } from '../demo/demo.ts'
import { jsonLines, type Starter } from './starter.ts'

const STEPS = 30
const HELD_OUT = 100

export const trainStarter: Starter = {
  what: 'a small model, rows, and a configuration that trains within two minutes on a laptop',
  files({ folder }) {
    const at = (name: string) => (folder === '.' ? name : `${folder.replace(/\/+$/, '')}/${name}`)
    const { promptsPerStep } = shippedSettings()
    const { train, unseen } = shippedRows(STEPS * promptsPerStep, HELD_OUT)
    return {
      ...Object.fromEntries(Object.entries(shippedModel()).map(([name, content]) => [`model/${name}`, content])),
      'train.jsonl': jsonLines(train),
      'test.jsonl': jsonLines(unseen),
      'train.yaml': configOf(at),
    }
  },
  next: (at) => [
    [['plan', at('train.yaml')], 'what it will do, and how long that takes'],
    [['train', at('train.yaml')], 'train'],
    [['watch', at('run')], 'read the run, also while it trains'],
  ],
}

function configOf(at: (name: string) => string): string {
  const { learningRate, groupSize, promptsPerStep, maxPromptLength, maxCompletionLength } = shippedSettings()
  return `# Reinforcement learning on a small model. Every setting: hone train --help; those of this run: hone plan ${at('train.yaml')}
# Paths are read from where hone is run.
model: ${at('model')}              # a Hugging Face folder, or the directory of a finished run
data: ${at('train.jsonl')}
evalData: ${at('test.jsonl')}      # held out: answered before and after
output: ${at('run')}               # must not hold a run yet

prompt: native                     # the model's own chat template
reward: tool-n1                    # or ./reward.ts (hone init reward)

steps: ${STEPS}
promptsPerStep: ${promptsPerStep}
groupSize: ${groupSize}            # completions of each prompt, compared with each other
miniBatches: 2
maxPromptLength: ${maxPromptLength}
maxCompletionLength: ${maxCompletionLength}
temperature: 1

learningRate: ${learningRate}      # high, for a model of 2.5 million parameters
warmupSteps: 3
adamBeta2: 0.99
weightDecay: 0
klCoefficient: 0.001               # holds the model near where it began
zeroVariance: drop                 # groups whose rewards are all equal teach nothing
evalEvery: 0                       # before and after only
`
}
