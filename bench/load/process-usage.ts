import { readdirSync, readFileSync } from 'node:fs'

/** Linux counts CPU time in hundredths of a second. */
const TICKS_PER_SECOND = 100

/** CPU seconds of a process: its main thread, and all its threads. */
export function cpuSeconds(pid: number): { main: number; all: number } {
  const threads = readdirSync(`/proc/${pid}/task`).map((tid) => ({ tid: Number(tid), seconds: secondsOf(pid, tid) }))
  return {
    main: threads.find(({ tid }) => tid === pid)?.seconds ?? 0,
    all: secondsOf(pid),
  }
}

function secondsOf(pid: number, tid?: string): number {
  const text = readFileSync(tid === undefined ? `/proc/${pid}/stat` : `/proc/${pid}/task/${tid}/stat`, 'utf8')
  // The name may hold spaces and brackets: fields are counted from behind it.
  const fields = text.slice(text.lastIndexOf(')') + 2).split(' ')
  return (Number(fields[11]) + Number(fields[12])) / TICKS_PER_SECOND
}

/** CPU of all threads that run, to the nanosecond; a thread that has ended is not in it. */
export function cpuSecondsFine(pid: number): number {
  const nanoseconds = readdirSync(`/proc/${pid}/task`).map((tid) => {
    const [onCpu = '0'] = readFileSync(`/proc/${pid}/task/${tid}/schedstat`, 'utf8').split(' ')
    return Number(onCpu)
  })
  return nanoseconds.reduce((sum, one) => sum + one, 0) / 1e9
}

/** Resident memory in MB. */
export function rssMb(pid: number): number {
  const kb = /VmRSS:\s+(\d+) kB/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1]
  return Number(kb) / 1024
}

/** The most that it ever was. */
export function rssPeakMb(pid: number): number {
  const kb = /VmHWM:\s+(\d+) kB/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1]
  return Number(kb) / 1024
}
