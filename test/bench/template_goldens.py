"""What transformers makes of chat templates: python template_goldens.py ROWS TEMPLATES OUT

ROWS is what `bun test/dialogue/template-rows.ts DATA ROWS` writes, TEMPLATES a folder of .jinja files. Of each template and data file OUT
holds how many rows it takes and how many it refuses, and one SHA-256 of all its texts, each followed by a zero.
"""
import collections, datetime, hashlib, json, pathlib, sys

import jinja2, transformers
from transformers.utils import chat_template_utils


class Day(datetime.datetime):
    @classmethod
    def now(cls):
        return cls(2026, 3, 5, 9, 7, 3)


chat_template_utils.datetime = Day
VARIABLES = {'bos_token': '<|begin|>', 'eos_token': '<|end|>', 'enable_thinking': False}

rows, templates, out = map(pathlib.Path, sys.argv[1:])
found = collections.defaultdict(lambda: {'rendered': 0, 'refused': 0, 'sha256': hashlib.sha256()})
sources = {path.name: path.read_text('utf-8') for path in sorted(templates.glob('*.jinja'))}
for line in rows.open(encoding='utf-8'):
    row = json.loads(line)
    for name, source in sources.items():
        entry = found[f'{name} {row["file"]}']
        try:
            (text,), _ = chat_template_utils.render_jinja_template(
                conversations=[row['messages']], tools=row['tools'], chat_template=source, add_generation_prompt=row['generate'], **VARIABLES)
            entry['rendered'] += 1
        except jinja2.exceptions.TemplateError as error:
            text = f'refused: {error}'
            entry['refused'] += 1
        entry['sha256'].update(text.encode('utf-8', 'surrogatepass') + b'\0')
result = {
    'made by': f'test/bench/template_goldens.py with transformers {transformers.__version__} and Jinja2 {jinja2.__version__}',
    'renderings': {name: {**entry, 'sha256': entry['sha256'].hexdigest()} for name, entry in sorted(found.items())},
}
out.write_text(json.dumps(result, indent=1) + '\n', 'utf-8')
