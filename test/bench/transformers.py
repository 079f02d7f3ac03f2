"""transformers' generate as a peer of generate.ts: greedy, in float32 on as many threads as asked, prompts of a batch padded on the left.
Usage: python transformers.py MODEL THREADS. Reads {"prompts": [[id…]…], "tokens": n} a line from stdin, answers {"seconds", "ids"} a line."""
import json, os, sys, time
os.environ.setdefault('HF_HUB_OFFLINE', '1')
sys.path = [path for path in sys.path if path and os.path.abspath(path) != os.path.dirname(os.path.abspath(__file__))]  # this file is no package
import torch
from transformers import AutoModelForCausalLM

torch.set_num_threads(int(sys.argv[2]))
model = AutoModelForCausalLM.from_pretrained(sys.argv[1], dtype=torch.float32).eval()
model.generation_config.eos_token_id = None  # no id ends a completion: each has all its tokens
print('ready', flush=True)
for line in sys.stdin:
    work = json.loads(line)
    longest = max(map(len, work['prompts']))
    ids = torch.tensor([[0] * (longest - len(prompt)) + prompt for prompt in work['prompts']])
    mask = torch.tensor([[0] * (longest - len(prompt)) + [1] * len(prompt) for prompt in work['prompts']])
    start = time.perf_counter()
    with torch.inference_mode():
        out = model.generate(ids, attention_mask=mask, do_sample=False, max_new_tokens=work['tokens'], pad_token_id=0)
    seconds = time.perf_counter() - start
    print(json.dumps(dict(seconds=seconds, ids=out[:, longest:].tolist())), flush=True)
