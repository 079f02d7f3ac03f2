// The table of pages written by hand, and the one door through which they come: a page is a file of topics/ and a line here.
import type { Page } from './page.ts'
import agents from './topics/agents.md' with { type: 'text' }
import configuration from './topics/configuration.md' with { type: 'text' }
import contributing from './topics/contributing.md' with { type: 'text' }
import evaluation from './topics/evaluation.md' with { type: 'text' }
import exitCodes from './topics/exit-codes.md' with { type: 'text' }
import fromTrl from './topics/from-trl.md' with { type: 'text' }
import fromVerl from './topics/from-verl.md' with { type: 'text' }
import gpu from './topics/gpu.md' with { type: 'text' }
import lora from './topics/lora.md' with { type: 'text' }
import measurements from './topics/measurements.md' with { type: 'text' }
import ownData from './topics/own-data.md' with { type: 'text' }
import ownReward from './topics/own-reward.md' with { type: 'text' }
import ownReplies from './topics/own-replies.md' with { type: 'text' }
import preferences from './topics/preferences.md' with { type: 'text' }
import probes from './topics/probes.md' with { type: 'text' }
import reading from './topics/reading.md' with { type: 'text' }
import rolloutServer from './topics/rollout-server.md' with { type: 'text' }
import rows from './topics/rows.md' with { type: 'text' }
import serving from './topics/serving.md' with { type: 'text' }
import sharing from './topics/sharing.md' with { type: 'text' }
import start from './topics/start.md' with { type: 'text' }
import studies from './topics/studies.md' with { type: 'text' }
import troubleshooting from './topics/troubleshooting.md' with { type: 'text' }

/** Group → name → Markdown, in the order of the list of contents. */
const groups: Record<string, Record<string, string>> = {
  Start: { start, troubleshooting },
  'Data and rewards': { 'own-data': ownData, rows, 'own-reward': ownReward },
  Training: {
    lora,
    configuration,
    reading,
    agents,
    preferences,
    'own-replies': ownReplies,
    studies,
    gpu,
    'rollout-server': rolloutServer,
  },
  'Using a model': { evaluation, probes, serving, sharing },
  'Coming from elsewhere': { 'from-trl': fromTrl, 'from-verl': fromVerl },
  'Command line': { 'exit-codes': exitCodes },
  'About hone': { measurements, contributing },
}

export const pages: readonly Page[] = Object.entries(groups).flatMap(([group, texts]) =>
  Object.entries(texts).map(([name, markdown]) => ({ name, group, what: summary(markdown), markdown })),
)

/** The first sentence below the title. */
function summary(markdown: string): string {
  const paragraph = markdown.split('\n\n')[1] ?? ''
  return /^.*?(?=\.(?:\s|$))/s.exec(paragraph)?.[0].replace(/\s+/g, ' ') ?? ''
}
