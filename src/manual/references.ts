// The table of reference pages, each made from the tables that the program itself runs by.
import type { Reference } from './page.ts'

export const references: readonly Reference[] = [
  {
    name: 'commands',
    kind: 'command',
    what: 'Every command; `hone help COMMAND` shows its options',
    load: () => import('./reference/settings.ts').then((m) => m.commandEntries),
  },
  {
    name: 'settings',
    kind: 'setting',
    what: 'Every setting of `hone train`, `hone sft`, `hone dpo` and `hone rm`',
    before:
      'Each is a key of the configuration file, a flag (`--learning-rate`) and a variable (`HONE_LEARNING_RATE`). A flag goes before a variable, that before the file, that before a preset, that before the default.',
    load: () => import('./reference/settings.ts').then((m) => m.settingEntries),
  },
  {
    name: 'presets',
    kind: 'preset',
    what: 'Named sets of settings (`--preset`), below everything that is given',
    load: () => import('./reference/settings.ts').then((m) => m.presetEntries),
  },
  {
    name: 'metrics',
    kind: 'metric',
    what: 'Every figure of a run: what it is, what it should look like, and what to do when it does not',
    before: 'They stand in `events.ndjson`, in the TensorBoard files and in `hone watch RUN`. A `*` stands for a name.',
    load: () => import('./reference/tables.ts').then((m) => m.metricEntries),
  },
  {
    name: 'rewards',
    kind: 'reward',
    what: 'Every reward of `--reward`, and its variants',
    before:
      'Several are joined with weights, as `hone score --help` says. A `.ts` file or a command is a reward too: `hone help own-reward`.',
    load: () => import('./reference/tables.ts').then((m) => m.rewardEntries),
  },
  {
    name: 'advantages',
    kind: 'advantage',
    what: 'Estimators of the advantage (`--advantage`)',
    load: () => import('./reference/objective.ts').then((m) => m.advantageEntries),
  },
  {
    name: 'losses',
    kind: 'part of the loss',
    what: 'The parts of the loss, each with its formula under the usual settings',
    load: () => import('./reference/objective.ts').then((m) => m.lossEntries),
  },
  {
    name: 'parsers',
    kind: 'parser',
    what: 'Call formats: how calls are read from a completion, and written into one (`--parser`)',
    load: () => import('./reference/tables.ts').then((m) => m.parserEntries),
  },
  {
    name: 'prompts',
    kind: 'prompt form',
    what: 'How a row becomes the text that a model continues (`--prompt`)',
    load: () => import('./reference/tables.ts').then((m) => m.promptEntries),
  },
  {
    name: 'sources',
    kind: 'source or format',
    what: 'Datasets that `hone prep` reads, and the formats that it writes',
    load: () => import('./reference/tables.ts').then((m) => m.sourceEntries),
  },
  {
    name: 'environments',
    kind: 'environment',
    what: 'What answers the calls of a model (`--env`)',
    load: () => import('./reference/tables.ts').then((m) => m.environmentEntries),
  },
  {
    name: 'benchmarks',
    kind: 'benchmark',
    what: 'What `hone eval --bench` knows',
    load: () => import('./reference/tables.ts').then((m) => m.benchmarkEntries),
  },
  {
    name: 'models',
    kind: 'model family',
    what: 'Model families that hone opens from a Hugging Face folder, by the `model_type` of its config.json',
    load: () => import('./reference/tables.ts').then((m) => m.modelEntries),
  },
  {
    name: 'schemas',
    kind: 'JSON Schema',
    what: 'What `hone schema NAME` describes',
    load: () => import('./reference/tables.ts').then((m) => m.schemaEntries),
  },
  {
    name: 'rules',
    kind: 'lint rule',
    what: 'Every rule of `hone lint`, and of `hone lint --reward`',
    load: () => import('../lint/explain.ts').then((m) => m.ruleEntries),
  },
  {
    name: 'variables',
    kind: 'variable',
    what: 'Environment variables that hone reads',
    before:
      'Beside them every setting of training is a variable too: `HONE_LEARNING_RATE=2e-6`, see `hone help settings`.',
    load: () => import('./reference/tables.ts').then((m) => m.variableEntries),
  },
]
