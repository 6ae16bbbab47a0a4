import { Activity, AtSign, Bot, Cable, Fingerprint, IdCard, type LucideIcon, RefreshCw, Zap } from 'lucide-react'

export interface ScopeWords {
  icon: LucideIcon
  /** Two or three words, for a badge. */
  label: string
  /** What whoever has it can do, after "can". */
  can: string
}

/** What the server's scopes mean to the person who gives them. */
const WORDS: Record<string, ScopeWords> = {
  openid: { icon: Fingerprint, label: 'Your id', can: 'recognize you, by an id that is always the same' },
  profile: { icon: IdCard, label: 'Your name', can: 'see your name' },
  email: { icon: AtSign, label: 'Your email', can: 'see your email address' },
  offline_access: { icon: RefreshCw, label: 'Stay signed in', can: 'keep you signed in while you are away' },
  'agent-fuel': { icon: Zap, label: 'Call models', can: 'call models on your budget' },
  'usage-tracking': { icon: Activity, label: 'See usage', can: 'see how much you use, and what it costs' },
  connections: { icon: Cable, label: 'Connections', can: 'use the accounts that you connected' },
  manage: { icon: Bot, label: 'Manage', can: 'change agents and applications' },
}

/** The names that older apps know them by. */
const ALIASES: Record<string, string> = { api_access: 'agent-fuel', credit_usage: 'usage-tracking' }

export function wordsOf(scope: string): ScopeWords | undefined {
  return WORDS[ALIASES[scope] ?? scope]
}
