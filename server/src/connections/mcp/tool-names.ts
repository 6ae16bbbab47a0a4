import { sha256 } from '../../crypto/jws.ts'

/** Clients take 64 signs, and put a name of their own in front. */
const MAX_PREFIX = 40
const ID_END = 8

/** The tool for a provider: whatever account the caller has there, or is going to have. */
export function providerTool(providerName: string): string {
  return `${prefixOf(providerName)}_request`
}

/** The tool for one of several accounts at a provider. The name says which as long as there is a connection. */
export function connectionTool(providerName: string, connectionId: string): string {
  return `${providerTool(providerName)}_${connectionId.slice(-ID_END)}`
}

/** What a tool of that provider is for; undefined: it is not one of that provider. */
export function readTool(name: string, providerName: string): { idEnd?: string } | undefined {
  const tool = providerTool(providerName)
  if (name === tool) return {}
  const idEnd = name.startsWith(`${tool}_`) ? name.slice(tool.length + 1) : ''
  return /^[a-z0-9]+$/.test(idEnd) && idEnd.length === ID_END ? { idEnd } : undefined
}

/** Tools are named by letters, digits, - and _. What is cut or changed for it gets a checksum, to stay unique. */
function prefixOf(providerName: string): string {
  if (/^[a-z0-9_-]+$/.test(providerName) && providerName.length <= MAX_PREFIX) return providerName
  const checksum = Buffer.from(sha256(providerName), 'base64url').toString('hex').slice(0, 6)
  return `${providerName.replace(/[^a-z0-9_-]/g, '-').slice(0, MAX_PREFIX - 7)}-${checksum}`
}
