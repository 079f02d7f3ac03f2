#!/usr/bin/env bash
# A real model on real rows: fine-tuning of all weights on right answers, then GRPO, judged on rows of BFCL that are in neither.
# Usage: test/bench/real.sh MODEL DATA OUT, with MODEL the folder of SmolLM2-135M-Instruct and DATA that of the benchmarks' own files
# (bfcl_v4, acebench, apibank_toolrl, toolrl_rlla). About an hour and a half on two cores. HONE names the program (bun src/main.ts).
set -euo pipefail
mkdir -p "$3"
model=$(realpath "$1") data=$(realpath "$2") out=$(realpath "$3")
cd "$(dirname "$0")/../.."
read -ra hone <<<"${HONE:-bun src/main.ts}"

printf '{tools}\nAnswer with calls of these tools: <tool_call>[{"name": ..., "arguments": {...}}]</tool_call>\n' >"$out/short.txt"
prep() { "${hone[@]}" prep --tokenizer "$model" --prompt "$out/short.txt" "$@"; }
prep "$data"/bfcl_v4/BFCL_v4_live_{simple,multiple}.json "$data"/acebench/data_all/data_en/data_normal_*.json "$data"/apibank_toolrl/*.json \
  "$data"/toolrl_rlla/rlla_sft.json "$data"/toolrl_rlla/test.parquet --dedupe --max-tokens 360 -o "$out/train.jsonl"
prep "$data/bfcl_v4/BFCL_v4_simple_python.json" --max-tokens 400 -o "$out/simple.jsonl"
prep "$data/bfcl_v4/BFCL_v4_multiple.json" --max-tokens 400 -o "$out/multiple.jsonl"

common=(--data "$out/train.jsonl" --eval-data "$out/simple.jsonl,$out/multiple.jsonl" --eval-rows 100 --eval-every 0 --prompt "$out/short.txt"
  --eval-reward calls:tool-n1 --max-completion-length 96)
"${hone[@]}" sft --model "$model" --output "$out/sft" "${common[@]}" \
  --preset full --learning-rate 1e-4 --batch-size 8 --steps 40 --max-length 500
"${hone[@]}" train --model "$out/sft" --output "$out/grpo" "${common[@]}" --no-eval-at-start \
  --preset quick --reward calls:tool-n1 --learning-rate 1e-5 --steps 12 --prompts-per-step 8 --group-size 8 --max-prompt-length 400
"${hone[@]}" compare "$out/sft" "$out/grpo"
