"""A reward exported for TRL inside a real GRPOTrainer: two steps of a tiny model whose words are pieces of tool calls.
Usage: bun src/main.ts export --reward tool-n1:partial-reason --for trl -o DIR/hone_trl.py; python test/bench/trl_reward.py DIR
Needs trl and torch. Prints the rewards TRL logged beside those of `hone score` on the same completions; exits 1 where they differ."""
import json, os, subprocess, sys, tempfile
os.environ.setdefault('HF_HUB_OFFLINE', '1')
import torch
from datasets import Dataset
from tokenizers import Tokenizer, models, pre_tokenizers
from transformers import PreTrainedTokenizerFast, Qwen2Config, Qwen2ForCausalLM
from trl import GRPOConfig, GRPOTrainer

sys.path.insert(0, sys.argv[1])
import hone_trl

torch.manual_seed(0)
CALL = '[{"name":"f","arguments":{"x":1}}]'
words = ['<pad>', '<bos>', '<eos>', '<think>', '</think>', '<tool_call>', '</tool_call>', CALL, '5', '[]', 'ask']
tokenizer = Tokenizer(models.WordLevel({word: i for i, word in enumerate(words)}, unk_token='<pad>'))
tokenizer.pre_tokenizer = pre_tokenizers.WhitespaceSplit()
fast = PreTrainedTokenizerFast(tokenizer_object=tokenizer, pad_token='<pad>', bos_token='<bos>', eos_token='<eos>', unk_token='<pad>')
config = Qwen2Config(vocab_size=len(words), hidden_size=32, num_hidden_layers=1, num_attention_heads=2, num_key_value_heads=1,
                     intermediate_size=64, bos_token_id=1, eos_token_id=2, pad_token_id=0)
folder = tempfile.mkdtemp()
Qwen2ForCausalLM(config).save_pretrained(folder)
fast.save_pretrained(folder)

seen = []
def reward(completions, **columns):
    scores = hone_trl.hone_reward(completions=completions, **columns)
    seen.extend(zip(completions, columns['ground_truth'], scores))
    return scores

data = Dataset.from_list([{'prompt': 'ask ask', 'ground_truth': CALL}] * 16)
arguments = GRPOConfig(output_dir=folder, per_device_train_batch_size=16, num_generations=8, max_completion_length=12, max_steps=2,
                       use_cpu=True, bf16=False, report_to='none', logging_steps=1, save_strategy='no', disable_tqdm=True)
trainer = GRPOTrainer(model=Qwen2ForCausalLM.from_pretrained(folder), reward_funcs=reward, args=arguments, train_dataset=data, processing_class=fast)
trainer.train()
logged = [entry['reward'] for entry in trainer.state.log_history if 'reward' in entry]

rows = ''.join(json.dumps({'completion': text, 'ground_truth': truth}) + '\n' for text, truth, _ in seen)
command = hone_trl.COMMAND + ['score', '-', '--reward', hone_trl.ARGUMENTS[1]]
out = subprocess.run(command, input=rows, capture_output=True, text=True, check=True).stdout
scored = [json.loads(line)['score'] for line in out.splitlines()]
same = scored == [score for _, _, score in seen]
print(json.dumps({'completions': len(seen), 'logged': logged, 'mean': sum(scored) / len(scored), 'same': same}))
sys.exit(0 if same and len(logged) == 2 else 1)
