// hone doctor: what hone found on this machine, and what is missing and why.
import { doctor, DoctorFlags } from '../job/doctor/doctor.ts'
import { command } from '../shell/command.ts'

export default command({
  description: 'show what hone found on this machine: runtime, processor, memory, devices',
  group: 'program',
  examples: ['hone doctor', 'hone doctor --format json', 'hone doctor --install cuda'],
  flags: DoctorFlags,
  tellsOfVariables: true,
  run: doctor,
})
