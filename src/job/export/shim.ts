// Python files that let other trainers ask hone for rewards: one process answers a line for every completion.
import { resolve } from 'node:path'
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
export const trainers = {
  verl: {
    what: 'custom_reward_function of verl',
    usage: (path) => `custom_reward_function.path=${path} custom_reward_function.name=compute_score`,
    source: `
def compute_score(data_source=None, solution_str=None, ground_truth=None, extra_info=None, *, solution_strs=None, ground_truths=None, extra_infos=None, **kwargs):
    """verl: one decoded response, the reward_model.ground_truth of its row, and in extra_info the row's other columns; from the batch reward manager lists of them."""
    if solution_strs is None:
        return result(ask([row(solution_str, ground_truth, extra_info or {})])[0])
    extras = [None] * len(solution_strs) if extra_infos is None else extra_infos
    return [result(verdict) for verdict in ask([row(text, truth, extra or {}) for text, truth, extra in zip(solution_strs, ground_truths, extras)])]


def result(verdict):
    return {"score": float(verdict["score"] or 0.0), "fault": 0.0 if verdict.get("fault") is None else 1.0}
`,
  },
  trl: {
    what: 'reward function of TRL',
    usage: (path) =>
      `from ${path.replace(/^.*\//, '').replace(/\.py$/, '')} import hone_reward; GRPOTrainer(reward_funcs=hone_reward, …)`,
    source: `
def text_of(content):
    """The text of a message's content: text, nothing, or a list of parts."""
    if isinstance(content, list):
        return "".join(part.get("text") or "" for part in content if isinstance(part, dict))
    return content or ""


def spoken(completion):
    """What the model itself said: text, or its messages where they hold calls; results of tools and words of users are not its own."""
    if isinstance(completion, str):
        return completion
    own = [message for message in completion if message.get("role", "assistant") == "assistant"]
    if not any(message.get("tool_calls") for message in own):
        return "".join(text_of(message.get("content")) for message in own)
    return [{**message, "content": text_of(message.get("content"))} for message in own]


def hone_reward(completions, ground_truth=None, answer=None, trainer_state=None, completion_ids=None, prompts=None, **columns):
    """TRL: a list of completions, and the dataset's columns repeated for each of them. None where the reward does not apply."""
    truths = ground_truth if ground_truth is not None else answer
    if truths is None:
        raise ValueError("the dataset needs a column ground_truth or answer")
    rows = []
    for i, (completion, truth) in enumerate(zip(completions, truths)):
        more = {name: column[i] for name, column in columns.items() if isinstance(column, list) and len(column) == len(completions)}
        if prompts is not None:
            more["prompt"] = prompts[i]
        if trainer_state is not None:
            more["step"] = int(trainer_state.global_step)
        if completion_ids is not None:
            more["tokens"] = len(completion_ids[i])
        rows.append(row(spoken(completion), truth, more))
    return [None if verdict["score"] is None else float(verdict["score"]) for verdict in ask(rows)]
`,
  },
} satisfies Record<string, Trainer>
export type TrainerName = keyof typeof trainers

/** The Python file for a trainer. @throws HoneError for a reward that does not exist. */
export function shim(trainer: TrainerName, { reward, mode, command }: ShimOptions): string {
  const target: Trainer = trainers[trainer]
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


def plain(value):
    """numpy's arrays and numbers as JSON has them, anything else as text."""
    return value.tolist() if hasattr(value, "tolist") else str(value)


def ask(rows):
    """Verdicts {"score", "parts", "fault", "reasons"} of rows, in order."""
    with _lock:
        process = _hone()
        verdicts = []
        for each in rows:
            process.stdin.write(json.dumps(each, default=plain) + "\\n")
            process.stdin.flush()
            line = process.stdout.readline()
            if not line:
                raise RuntimeError("hone ended; its message stands above")
            verdicts.append(json.loads(line))
        return verdicts


def row(completion, truth, more):
    """A row as hone reads it: its columns, and what is right: text for the published rewards, or a list of expected calls."""
    key = "ground_truth" if isinstance(truth, (str, dict)) else "answer"
    return {**more, "completion": completion, key: truth}
`

function pythonList(words: readonly string[]): string {
  return `[${words.map((word) => JSON.stringify(word)).join(', ')}]`
}
