// What the CUDA provider consists of: which Python packages carry which libraries. No Python is needed to read them: a wheel is a zip.

export interface WheelRow {
  /** Name in the index. */
  package: string
  /** The release that fits an ONNX Runtime of that version. */
  fits(release: string, runtime: string): boolean
  /** Names of the libraries, as the loader looks for them, by the name that they have in the wheel. */
  files(runtime: string): Readonly<Record<string, string>>
  /** The loader may have them already: from a CUDA toolkit, or from the driver. */
  mayBeThere: boolean
}

/** Libraries of CUDA 13, which ONNX Runtime's provider is linked to; a later minor release of them runs with any driver for 13. */
const ofCuda = (name: string, major: string, ...files: string[]): WheelRow => ({
  package: name,
  fits: (release) => release.startsWith(`${major}.`),
  files: () => Object.fromEntries(files.map((file) => [file, file])),
  mayBeThere: true,
})

export const wheels: readonly WheelRow[] = [
  {
    package: 'onnxruntime-gpu',
    fits: (release, runtime) => release === runtime,
    files: (runtime) => ({
      [`libonnxruntime.so.${runtime}`]: 'libonnxruntime.so.1',
      'libonnxruntime_providers_shared.so': 'libonnxruntime_providers_shared.so',
      'libonnxruntime_providers_cuda.so': 'libonnxruntime_providers_cuda.so',
    }),
    mayBeThere: false,
  },
  ofCuda('nvidia-cuda-runtime', '13', 'libcudart.so.13'),
  ofCuda('nvidia-cublas', '13', 'libcublasLt.so.13', 'libcublas.so.13'),
  ofCuda('nvidia-curand', '10', 'libcurand.so.10'),
]

/** The CUDA that the provider is built for, as drivers count it: 1000 × major + 10 × minor. */
export const CUDA_VERSION = 13_000

/** What the name of a wheel says (PEP 427); undefined for a name that is none. */
export interface WheelName {
  package: string
  release: string
  /** Such as cp312; py3 for any. */
  python: string
  platforms: readonly string[]
}

export function readWheelName(file: string): WheelName | undefined {
  const parts = file.endsWith('.whl') ? file.slice(0, -4).split('-') : []
  const [name, release, python, abi, platforms] = parts.length === 6 ? parts.toSpliced(2, 1) : parts
  if (name === undefined || release === undefined || python === undefined || platforms === undefined) return undefined
  // Builds for a Python without its lock have other libraries of Python's, and the same of ours.
  return { package: normalized(name), release, python: `${python}-${abi}`, platforms: platforms.split('.') }
}

/** Names of packages as they compare (PEP 503). */
export const normalized = (name: string): string => name.toLowerCase().replaceAll(/[-_.]+/g, '-')

/** Whether a wheel runs on this kind of Linux. */
export const runsHere = ({ platforms }: WheelName, arch: string): boolean =>
  platforms.some((each) => each.startsWith('manylinux') && each.endsWith(arch === 'arm64' ? '_aarch64' : '_x86_64'))

/** Releases in order, by their numbers. */
export const byRelease = (a: string, b: string): number => a.localeCompare(b, 'en', { numeric: true })
