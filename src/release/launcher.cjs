#!/usr/bin/env node
// Starts the binary of hone that came for this machine.
const { spawn } = require('node:child_process')
const { constants } = require('node:os')

const name = `hone-${process.platform}-${process.arch}`
const program = process.platform === 'win32' ? 'hone.exe' : 'hone'
function fail(what, hint) {
  console.error(`error: ${what}\n\nhint: ${hint}`)
  process.exit(2)
}
let binary
try {
  binary = require.resolve(`${name}/bin/${program}`)
} catch {
  fail(
    `Cannot find the package ${name}, which holds hone for this machine`,
    'install without --omit=optional; there are packages for linux-x64, linux-arm64, darwin-arm64 and win32-x64',
  )
}
const child = spawn(binary, process.argv.slice(2), { stdio: 'inherit' })
// The terminal sends an interrupt to the child too: a second one would end it at once.
process.on('SIGINT', () => {})
for (const signal of ['SIGTERM', 'SIGHUP']) process.on(signal, () => child.kill(signal))
child.on('error', ({ message }) => fail(`Cannot start ${binary}: ${message}`, 'install the package again'))
child.on('exit', (code, signal) => process.exit(code ?? 128 + constants.signals[signal]))
