"""BFCL's multi-turn categories as an environment of hone: the package's own classes answer, its own checker judges.

    hone eval --bench rows --data rows.jsonl --model DIR --env-cmd 'python3 test/env/bfcl_multi_turn.py'
    python3 test/env/bfcl_multi_turn.py --rows multi_turn_base > rows.jsonl

Needs the package bfcl-eval (2026.3.23) in that Python. A row's id names its entry; functions that an entry holds back are told in words
where it gives them, as the package does for models that are prompted.
"""

import contextlib
import json
import pathlib
import sys

import bfcl_eval
from bfcl_eval.constants.default_prompts import DEFAULT_USER_PROMPT_FOR_ADDITIONAL_FUNCTION_PROMPTING, MAXIMUM_STEP_LIMIT
from bfcl_eval.constants.executable_backend_config import MULTI_TURN_FUNC_DOC_FILE_MAPPING
from bfcl_eval.eval_checker.multi_turn_eval.multi_turn_checker import multi_turn_checker
from bfcl_eval.eval_checker.multi_turn_eval.multi_turn_utils import execute_multi_turn_func_call

DATA = pathlib.Path(bfcl_eval.__file__).parent / "data"


def lines(path):
    return [json.loads(line) for line in path.read_text().splitlines() if line.strip()]


class Entries:
    """Entries with their right answers by id, a category at a time."""

    def __init__(self):
        self.known = {}

    def __getitem__(self, name):
        category = name.rsplit("_", 1)[0]
        if category not in self.known:
            file = f"BFCL_v4_{category}.json"
            truths = {each["id"]: each["ground_truth"] for each in lines(DATA / "possible_answer" / file)}
            self.known[category] = {each["id"]: (each, truths[each["id"]]) for each in lines(DATA / file)}
        return self.known[category][name]


def plain(schema):
    """BFCL's types as JSON Schema's."""
    names = {"dict": "object", "float": "number", "tuple": "array", "any": "string"}
    if isinstance(schema, dict):
        return {
            key: names.get(value, value) if key == "type" and isinstance(value, str) else plain(value)
            for key, value in schema.items()
        }
    return [plain(each) for each in schema] if isinstance(schema, list) else schema


def functions(entry):
    docs = [
        doc
        for name in entry["involved_classes"]
        for doc in lines(DATA / "multi_turn_func_doc" / MULTI_TURN_FUNC_DOC_FILE_MAPPING[name])
        if doc["name"] not in entry.get("excluded_function", [])
    ]
    return [{key: plain(doc[key]) for key in ("name", "description", "parameters")} for doc in docs]


class Episode:
    def __init__(self, entry, truth, name):
        self.entry, self.truth, self.name = entry, truth, f"hone_{name}"
        self.turn, self.steps = 0, 0
        # Of every turn the calls of its steps, as the checker reads them.
        self.made = [[]]
        self.docs = functions(entry)
        self.held = {int(turn): names for turn, names in entry.get("missed_function", {}).items()}

    def reset(self):
        later = [name for names in self.held.values() for name in names]
        return {"messages": self.entry["question"][0], "tools": [doc for doc in self.docs if doc["name"] not in later]}

    def step(self, calls):
        if calls:
            self.steps += 1
            if self.steps > MAXIMUM_STEP_LIMIT:
                return {"messages": [], "done": True, "reward": 0}
            written = [self.written(call) for call in calls]
            self.made[-1].append(written)
            with contextlib.redirect_stdout(sys.stderr):
                results, _ = execute_multi_turn_func_call(written, **self.context())
            return {"messages": [{"role": "tool", "content": result} for result in results], "done": False}
        self.turn, self.steps = self.turn + 1, 0
        if self.turn == len(self.entry["question"]):
            return {"messages": [], "done": True, "reward": int(self.verdict()["valid"])}
        self.made.append([])
        return {"messages": self.question(), "done": False}

    def question(self):
        if self.turn not in self.held:
            return self.entry["question"][self.turn]
        docs = [doc for doc in self.docs if doc["name"] in self.held[self.turn]]
        return [{"role": "user", "content": DEFAULT_USER_PROMPT_FOR_ADDITIONAL_FUNCTION_PROMPTING.format(functions=docs)}]

    @staticmethod
    def written(call):
        arguments = call["arguments"] if isinstance(call["arguments"], dict) else {}
        return f"{call['name']}({','.join(f'{key}={value!r}' for key, value in arguments.items())})"

    def context(self):
        return {
            "initial_config": self.entry["initial_config"],
            "involved_classes": self.entry["involved_classes"],
            "model_name": self.name,
            "test_entry_id": self.entry["id"],
            "long_context": "long_context" in self.entry["id"],
        }

    def verdict(self):
        with contextlib.redirect_stdout(sys.stderr):
            return multi_turn_checker(self.made, self.truth, self.entry, "", self.name)


def answer(request, entries, episodes):
    name = request["id"]
    if request["op"] == "reset":
        episodes[name] = Episode(*entries[request["row"]["id"]], name)
        return episodes[name].reset()
    if request["op"] == "step":
        return episodes[name].step(request["calls"])
    episodes.pop(name, None)
    return None


def main():
    if sys.argv[1:2] == ["--rows"]:
        for entry in lines(DATA / f"BFCL_v4_{sys.argv[2]}.json"):
            print(json.dumps({"id": entry["id"], "source": "bfcl", "messages": [], "tools": [], "answer": [], "meta": {}}))
        return
    entries, episodes = Entries(), {}
    for line in sys.stdin:
        request = json.loads(line)
        try:
            said = answer(request, entries, episodes)
        except Exception as error:  # One episode's, never the program's end.
            said = {"error": f"{type(error).__name__}: {error}"}
        if said is not None:
            print(json.dumps({"id": request["id"], **said}), flush=True)


main()
