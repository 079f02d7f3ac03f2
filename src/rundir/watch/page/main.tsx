// The browser side of `hone watch`: one page that opens on what a person asks a run first.
import { render } from 'preact'
import { Details } from './details.tsx'
import { Groups } from './groups.tsx'
import { Header } from './header.tsx'
import { Health } from './health.tsx'
import { Learning } from './learning.tsx'
import { Runs } from './runs.tsx'
import { Notes, Settings } from './settings.tsx'
import { take, view } from './state.ts'
import { Study } from './study.tsx'
import { Time } from './time.tsx'

function Page() {
  return (
    <>
      <Header />
      <main>
        {view.study && <Study study={view.study} />}
        {view.runs.length > 1 && <Runs />}
        <Learning />
        <Health />
        <Time />
        <Groups />
        <Details />
        <Notes />
        <Settings />
      </main>
    </>
  )
}

const page = document.querySelector('#page')!
page.replaceChildren()
render(<Page />, page)

if (view.live)
  new EventSource('changes').onmessage = ({ data }: MessageEvent<string>) => {
    const change = JSON.parse(data)
    // Runs came to a study: they are asked for anew.
    if (change.run === undefined) location.reload()
    else take(change)
  }
