/** What tabs tell each other. `organization`: this session works for another organization now. */
export type SessionNews = 'signed-in' | 'signed-out' | 'organization'

/** One for the whole tab: a channel does not hear itself, but would hear a second one of the same page. */
const channel = new BroadcastChannel('auth-agent-session')

export function tellTabs(news: SessionNews): void {
  channel.postMessage(news)
}

/** Returns what ends the listening, as an effect wants it. */
export function hearTabs(hear: (news: SessionNews) => void): () => void {
  const listener = ({ data }: MessageEvent<SessionNews>) => hear(data)
  channel.addEventListener('message', listener)
  return () => channel.removeEventListener('message', listener)
}
