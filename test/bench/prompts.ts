// Prompts as users have them, in the ids of a model.
import { datasets } from '../../fixtures/minicall/make.ts'
import { loadTokenizer } from '../../src/dialogue/chat.ts'
import { promptForm, promptIds } from '../../src/dialogue/prompt.ts'
import { items } from '../../src/eval/bfcl/items.ts'

/** Prompts of 400 to 600 tokens, questions with their functions in the words of a prompt form. */
export async function bfclPrompts(folder: string, bfcl: string, prompt: string): Promise<number[][]> {
  const tokenizer = await loadTokenizer(folder)
  const form = promptForm(prompt)
  const found: number[][] = []
  for (const category of ['live_simple', 'live_multiple', 'multiple'])
    for await (const { asked } of items(bfcl, category)) {
      const ids = promptIds(form, asked, tokenizer)
      if (ids.length >= 400 && ids.length <= 600) found.push(ids)
      if (found.length === 64) return found
    }
  return found
}

/** The first rows that MiniCall's demonstration trains on. */
export async function minicallPrompts(folder: string, count: number): Promise<number[][]> {
  const tokenizer = await loadTokenizer(folder)
  const rows = datasets(0).files['train.jsonl']!().slice(0, count)
  return rows.map((row) => promptIds(promptForm('native'), row, tokenizer))
}
