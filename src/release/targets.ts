// The machines that hone is built for: those that Bun compiles for and ONNX Runtime has a library for.

export interface Target {
  /** As Node names them. */
  platform: 'linux' | 'darwin' | 'win32'
  arch: 'x64' | 'arm64'
  /** npm package of Bun's own binary for it, and where that lies in it. */
  runtime: { package: string; file: string }
  /** File name of the program. */
  program: string
  /** What is downloaded: a gzipped tarball, or what Windows unpacks by itself. */
  archive: 'tar.gz' | 'zip'
}

export const targets = {
  'linux-x64': {
    platform: 'linux',
    arch: 'x64',
    runtime: { package: '@oven/bun-linux-x64', file: 'bin/bun' },
    program: 'hone',
    archive: 'tar.gz',
  },
  'linux-arm64': {
    platform: 'linux',
    arch: 'arm64',
    runtime: { package: '@oven/bun-linux-aarch64', file: 'bin/bun' },
    program: 'hone',
    archive: 'tar.gz',
  },
  'darwin-arm64': {
    platform: 'darwin',
    arch: 'arm64',
    runtime: { package: '@oven/bun-darwin-aarch64', file: 'bin/bun' },
    program: 'hone',
    archive: 'tar.gz',
  },
  'windows-x64': {
    platform: 'win32',
    arch: 'x64',
    runtime: { package: '@oven/bun-windows-x64', file: 'bin/bun.exe' },
    program: 'hone.exe',
    archive: 'zip',
  },
} satisfies Record<string, Target>
export type TargetName = keyof typeof targets

/** The target that this program runs on; undefined where there is none. */
export const ownTarget = (): TargetName | undefined =>
  (Object.keys(targets) as TargetName[]).find(
    (name) => targets[name].platform === process.platform && targets[name].arch === process.arch,
  )
