// Python files that let other trainers ask hone for rewards: one process answers a line for every completion.
import { resolve } from 'node:path'
import { lookup } from '../../error.ts'
import { resolveReward } from '../../reward/resolve.ts'
import type { Mode } from '../../reward/reward.ts'
import { isRewardFile } from '../../reward/scorer.ts'

export interface ShimOptions {
  /** Reward as --reward takes it. */
  reward: string
  mode: Mode
  /** Words that start hone on the machine where the file is written; HONE_BIN replaces them. */
  command: readonly string[]
}

export interface Trainer {
  what: string
  /** How the trainer is told of the file at `path`. */
  usage(path: string): string
  /** The Python that adapts the trainer's call to `ask(rows) -> verdicts`. */
  source: string
}

/** Trainer → its calling convention. */
export const trainers: Record<string, Trainer> = {
  verl: {
    what: 'custom_reward_function of verl',
    usage: (path) => `custom_reward_function.path=${path} custom_reward_function.name=compute_score`,
    source: `
def compute_score(data_source, solution_str, ground_truth, extra_info=None, **kwargs):
    """verl: one decoded response and the reward_model.ground_truth of its row."""
    verdict = ask([row(solution_str, ground_truth, extra_info or {})])[0]
    return {"score": float(verdict["score"]), "fault": 0.0 if verdict.get("fault") is None else 1.0}
`,
  },
  trl: {
    what: 'reward function of TRL',
    usage: (path) =>
      `from ${path.replace(/^.*\//, '').replace(/\.py$/, '')} import hone_reward; GRPOTrainer(reward_funcs=hone_reward, …)`,
    source: `
def hone_reward(completions, ground_truth=None, answer=None, trainer_state=None, completion_ids=None, **kwargs):
    """TRL: a list of completions, and the dataset's columns repeated for each of them."""
    truths = ground_truth if ground_truth is not None else answer
    if truths is None:
        raise ValueError("the dataset needs a column ground_truth or answer")
    rows = []
    for i, (completion, truth) in enumerate(zip(completions, truths)):
        text = completion if isinstance(completion, str) else "".join(message["content"] or "" for message in completion)
        more = {} if trainer_state is None else {"step": int(trainer_state.global_step)}
        if completion_ids is not None:
            more["tokens"] = len(completion_ids[i])
        rows.append(row(text, truth, more))
    return [float(verdict["score"]) for verdict in ask(rows)]
`,
  },
}

/** The Python file for a trainer. @throws HoneError for a reward or trainer that does not exist. */
export function shim(trainer: string, { reward, mode, command }: ShimOptions): string {
  const target = lookup(trainers, 'trainer', trainer)
  const file = isRewardFile(reward)
  if (!file) resolveReward(reward)
  return `# Rewards of hone (${reward}, ${mode}) as a ${target.what}. HONE_BIN names another hone.
${common(command, ['serve-reward', file ? resolve(reward) : reward, '--mode', mode, '--stdio'])}
${target.source}`
}

const common = (command: readonly string[], words: readonly string[]): string => `import json
import os
import subprocess
import threading

COMMAND = [os.environ["HONE_BIN"]] if "HONE_BIN" in os.environ else ${pythonList(command)}
ARGUMENTS = ${pythonList(words)}

_lock = threading.Lock()
_process = None
_owner = None


def _hone():
    """The process that answers; each Python process (a worker is a fork) has one of its own."""
    global _process, _owner
    if _process is None or _owner != os.getpid() or _process.poll() is not None:
        _process = subprocess.Popen(COMMAND + ARGUMENTS, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, encoding="utf-8")
        _owner = os.getpid()
    return _process


def ask(rows):
    """Verdicts {"score", "parts", "fault", "reasons"} of rows, in order."""
    with _lock:
        process = _hone()
        verdicts = []
        for each in rows:
            process.stdin.write(json.dumps(each) + "\\n")
            process.stdin.flush()
            line = process.stdout.readline()
            if not line:
                raise RuntimeError("hone ended; its message stands above")
            verdicts.append(json.loads(line))
        return verdicts


def row(completion, truth, more):
    """A row as hone reads it: text is the ground truth of the published rewards, a list is the expected calls."""
    known = {key: more[key] for key in ("step", "model", "tokens") if key in more}
    key = "ground_truth" if isinstance(truth, str) else "answer"
    return {"completion": completion, key: truth, **known}
`

function pythonList(words: readonly string[]): string {
  return `[${words.map((word) => JSON.stringify(word)).join(', ')}]`
}
