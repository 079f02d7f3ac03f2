#!/usr/bin/env bun
// The table of commands: name → lazy import. Nothing else is loaded before a command is chosen.
import { runCli } from './shell/cli.ts'
import type { CommandTable } from './shell/command.ts'

const commands = {
  prep: () => import('./cmd/prep.ts').then((m) => m.default),
  distill: () => import('./cmd/distill.ts').then((m) => m.default),
  difficulty: () => import('./cmd/difficulty.ts').then((m) => m.default),
  lint: () => import('./cmd/lint.ts').then((m) => m.default),
  explain: () => import('./cmd/explain.ts').then((m) => m.default),
  score: () => import('./cmd/score.ts').then((m) => m.default),
  parse: () => import('./cmd/parse.ts').then((m) => m.default),
  'serve-reward': () => import('./cmd/serve-reward.ts').then((m) => m.default),
  'serve-env': () => import('./cmd/serve-env.ts').then((m) => m.default),
  init: () => import('./cmd/init.ts').then((m) => m.default),
  plan: () => import('./cmd/plan.ts').then((m) => m.default),
  sft: () => import('./cmd/sft.ts').then((m) => m.default),
  dpo: () => import('./cmd/dpo.ts').then((m) => m.default),
  rm: () => import('./cmd/rm.ts').then((m) => m.default),
  train: () => import('./cmd/train.ts').then((m) => m.default),
  study: () => import('./cmd/study.ts').then((m) => m.default),
  watch: () => import('./cmd/watch.ts').then((m) => m.default),
  infer: () => import('./cmd/infer.ts').then((m) => m.default),
  serve: () => import('./cmd/serve.ts').then((m) => m.default),
  chat: () => import('./cmd/chat.ts').then((m) => m.default),
  eval: () => import('./cmd/eval.ts').then((m) => m.default),
  compare: () => import('./cmd/compare.ts').then((m) => m.default),
  export: () => import('./cmd/export.ts').then((m) => m.default),
  probe: () => import('./cmd/probe.ts').then((m) => m.default),
  verify: () => import('./cmd/verify.ts').then((m) => m.default),
  doctor: () => import('./cmd/doctor.ts').then((m) => m.default),
  demo: () => import('./cmd/demo.ts').then((m) => m.default),
} satisfies CommandTable

/** Runs one command line and sets the exit code. */
export const hone = (argv: readonly string[]): Promise<void> =>
  runCli(commands, argv, async (environment) => {
    if (Object.keys(environment).some((name) => name.startsWith('HONE_')))
      await (await import('./job/variables.ts')).checkVariables(environment)
  })

if (import.meta.main) await hone(process.argv.slice(2))
