#!/usr/bin/env bash
# What a GPU makes of hone, in one go of at most 8 minutes: whether numbers are right, how fast a step and a token are and beside what,
# and a real run. Usage: test/bench/cuda.sh [OUT]
#
#   HONE          the program (default: bun src/main.ts); where there is no Bun, the binary named here runs the benchmarks too
#   HONE_ORT_DIR  a folder with the CUDA provider, unless `hone doctor --install cuda` has put it in place
#   HONE_SHARED   reference folders (oracle/) and TRL's side of a step (peers/trl_step_gpu.py)
#   PEERS         Python with torch, transformers, trl and peft
#   MODEL         folder of SmolLM2-135M-Instruct, for the real run
#   DEVICE, SIZES cuda, full; `DEVICE=cpu SIZES=tiny` tries the script itself where there is no GPU
#   LIMIT         seconds for all of it (480)
#
# Whatever is missing is said in the table instead of being left out. Each part writes OUT/NAME.out and OUT/NAME.err. Exit 1 where a part failed.
set -uo pipefail
cd "$(dirname "$0")/../.." || exit 2

OUT=${1:-cuda-results}
DEVICE=${DEVICE:-cuda}
SIZES=${SIZES:-full}
LIMIT=${LIMIT:-480}
mkdir -p "$OUT" || exit 2
read -ra hone <<<"${HONE:-bun src/main.ts}"
bun=(bun)
command -v bun >/dev/null || bun=(env BUN_BE_BUN=1 "${hone[0]}")
summary=()
failed=0

row() { summary+=("$1"$'\t'"$2"); }

# part NAME COMMAND…: runs within what is left of the time; its last line of stdout is what the table says of it.
part() {
  local name=$1 left=$((LIMIT - SECONDS)) status=0
  shift
  if [ "$left" -le 0 ]; then
    row "$name" "not run: the time was over"
    failed=1
    return 1
  fi
  echo "$name" >&2
  timeout "$left" "$@" >"$OUT/$name.out" 2>"$OUT/$name.err" || status=$?
  if [ "$status" -eq 0 ]; then return 0; fi
  failed=1
  row "$name" "exit $status: $(grep -m 1 '^error' "$OUT/$name.err" || tail -n 1 "$OUT/$name.err")"
  return 1
}

lines() {
  local line
  while read -r line; do row "$1" "$line"; done <"$OUT/$1.out"
}

case $SIZES in
full)
  dtypes=(f32 tf32 bf16 f16) steps=("m1 512 64 8 4 3" "m3 1024 128 8 4 3 lora" "m4 1024 64 8 1 3 lora") decode=("m3 2048 32 128" "m4 2048 32 128") token_dtypes=(bf16 f16) step_dtype=bf16 run_steps=10 run_prompt=1024 run_tokens=128
  ;;
tiny)
  dtypes=(f32 f16) steps=("m1 16 4 2 1 2") decode=("m1 64 2") token_dtypes=(f32) step_dtype=f32 run_steps=1 run_prompt=384 run_tokens=8
  ;;
*)
  echo "SIZES is full or tiny, not $SIZES" >&2
  exit 2
  ;;
esac

if command -v nvidia-smi >/dev/null; then
  row card "$(nvidia-smi --query-gpu=name,driver_version,memory.total --format=csv,noheader | head -n 1)"
else
  row card "none that nvidia-smi knows"
fi
if part doctor "${hone[@]}" doctor; then row doctor ok; fi

for dtype in "${dtypes[@]}"; do
  for family in qwen2 qwen3 llama3; do
    folder=${HONE_SHARED:-}/oracle/$family
    if [ ! -d "$folder" ]; then
      row "verify-$family-$dtype" "not run: no $folder"
      continue
    fi
    if part "verify-$family-$dtype" "${hone[@]}" verify "$folder" --device "$DEVICE" --dtype "$dtype"; then
      row "verify-$family-$dtype" "$(tail -n 1 "$OUT/verify-$family-$dtype.err")"
    fi
  done
done

for line in "${decode[@]}"; do
  read -ra words <<<"$line"
  for dtype in "${token_dtypes[@]}"; do
    name=tokens-${words[0]}-$dtype
    if part "$name" "${bun[@]}" test/bench/tokens.ts "${words[@]}" --dtype "$dtype" --device "$DEVICE"; then lines "$name"; fi
  done
done

for line in "${steps[@]}"; do
  read -ra words <<<"$line"
  name=step-${words[0]}
  if part "$name" "${bun[@]}" test/bench/step.ts "${words[@]}" --device "$DEVICE" --dtype "$step_dtype"; then lines "$name"; fi
  peer=${HONE_SHARED:-}/peers/trl_step_gpu.py
  if [ "$SIZES" = tiny ] || [ ! -x "${PEERS:-}" ] || [ ! -f "$peer" ]; then
    row "trl-${words[0]}" "not run: needs PEERS, $peer and a GPU"
  elif BF16=1 part "trl-${words[0]}" "$PEERS" "$peer" "${words[@]}"; then
    row "trl-${words[0]}" "$(tail -n 1 "$OUT/trl-${words[0]}.out")"
  fi
done

if [ -d "${MODEL:-}" ]; then
  for command in sft train; do
    settings="$OUT/$command.json"
    rows=$OUT/minicall/train.jsonl
    [ -f "$rows" ] || part minicall "${bun[@]}" fixtures/minicall/make.ts "$OUT/minicall"
    common="\"model\": \"$MODEL\", \"data\": \"$rows\", \"device\": \"$DEVICE\", \"prompt\": \"native\", \"steps\": $run_steps, \"output\": \"$OUT/$command\""
    if [ "$command" = sft ]; then
      echo "{ $common, \"batchSize\": 16, \"maxLength\": 1024 }" >"$settings"
    else
      echo "{ $common, \"promptsPerStep\": 8, \"groupSize\": 8, \"maxPromptLength\": $run_prompt, \"maxCompletionLength\": $run_tokens }" >"$settings"
    fi
    started=$SECONDS
    if part "run-$command" "${hone[@]}" "$command" "$settings"; then row "run-$command" "$run_steps steps in $((SECONDS - started)) s"; fi
  done
else
  row run "not run: MODEL names no folder"
fi

printf '%s\n' "${summary[@]}" | tee "$OUT/table.tsv" | expand -t 24
echo "$SECONDS s in all" >&2
exit "$failed"
