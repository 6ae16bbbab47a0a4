import { readFileSync } from 'node:fs'

type CallFrame = { functionName: string; url: string; lineNumber: number }
type Profile = { nodes: { id: number; callFrame: CallFrame }[]; samples: number[]; timeDeltas: number[] }

export type SelfTime = { name: string; share: number }

/** Who was on the processor, as shares of the time in which somebody was: by function, and by file or package. */
export function readProfile(path: string): { functions: SelfTime[]; places: SelfTime[] } {
  const profile: Profile = JSON.parse(readFileSync(path, 'utf8'))
  const frames = new Map(profile.nodes.map(({ id, callFrame }) => [id, callFrame]))
  const functions = new Map<string, number>()
  const places = new Map<string, number>()
  for (const [index, id] of profile.samples.entries()) {
    const frame = frames.get(id)
    if (!frame || frame.functionName === '(idle)') continue
    const time = profile.timeDeltas[index] ?? 0
    const place = placeOf(frame)
    add(functions, `${frame.functionName || '(anonymous)'} ${place}:${frame.lineNumber + 1}`, time)
    add(places, packageOf(place), time)
  }
  return { functions: shares(functions), places: shares(places) }
}

function add(times: Map<string, number>, name: string, time: number): void {
  times.set(name, (times.get(name) ?? 0) + time)
}

function shares(times: Map<string, number>): SelfTime[] {
  const total = [...times.values()].reduce((sum, time) => sum + time, 0)
  return [...times].map(([name, time]) => ({ name, share: time / total })).sort((a, b) => b.share - a.share)
}

/** The file as a reader of the repository knows it. */
function placeOf({ url, functionName }: CallFrame): string {
  if (!url) return functionName.startsWith('(') ? functionName : 'native'
  const inPackage = url.lastIndexOf('/node_modules/')
  if (inPackage >= 0) return url.slice(inPackage + '/node_modules/'.length)
  const inServer = url.lastIndexOf('/server/src/')
  return inServer >= 0 ? url.slice(inServer + 1) : url
}

function packageOf(place: string): string {
  if (place.startsWith('server/') || place.startsWith('(') || place === 'native') return place
  if (place.startsWith('node:')) return 'node'
  return place
    .split('/')
    .slice(0, place.startsWith('@') ? 2 : 1)
    .join('/')
}
