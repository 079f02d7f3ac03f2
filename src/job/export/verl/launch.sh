#!/usr/bin/env bash
# Starts this job with verl 0.9 on Ray. One node: ./launch.sh. Several: on each, NNODES=N NODE_RANK=r HEAD=address ./launch.sh, the
# head with NODE_RANK=0; the folder must lie at the same place everywhere. Further words are overrides of verl's own.
# GPUS: per node. HONE_BIN: hone on these machines, for the reward.
set -euo pipefail
JOB_DIR=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
export JOB_DIR
NNODES=${NNODES:-1} NODE_RANK=${NODE_RANK:-0} PORT=${PORT:-6379}
GPUS=${GPUS:-$(nvidia-smi --list-gpus | wc -l)}

if [ "$NNODES" -gt 1 ] && [ "$NODE_RANK" -gt 0 ]; then
  exec ray start --address="${HEAD:?address of the head}:$PORT" --block
fi
if [ "$NNODES" -gt 1 ]; then
  ray start --head --port="$PORT"
fi

# overrides.yaml as words of Hydra's.
mapfile -t overrides < <(python3 - "$JOB_DIR/overrides.yaml" <<'PYTHON'
import json, sys, yaml

def words(tree, path=()):
    for name, value in tree.items():
        if isinstance(value, dict):
            yield from words(value, (*path, name))
        else:
            yield ".".join((*path, name)) + "=" + json.dumps(value)

with open(sys.argv[1]) as file:
    print("\n".join(words(yaml.safe_load(file))))
PYTHON
)
exec python3 -m verl.trainer.main_ppo \
  trainer.nnodes="$NNODES" trainer.n_gpus_per_node="$GPUS" trainer.logger='["console","tensorboard"]' \
  trainer.project_name=hone trainer.experiment_name="$(basename "$JOB_DIR")" \
  actor_rollout_ref.rollout.name="${ROLLOUT:-vllm}" actor_rollout_ref.rollout.tensor_model_parallel_size="${TP:-1}" \
  "${overrides[@]}" "$@"
