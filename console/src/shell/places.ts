import {
  AppWindow,
  Bot,
  Building2,
  ChartNoAxesColumn,
  KeyRound,
  LogIn,
  type LucideIcon,
  PlugZap,
  ScrollText,
  Settings,
  ShieldCheck,
} from 'lucide-react'

export interface Place {
  to:
    | '/'
    | '/agents'
    | '/applications'
    | '/sign-ins'
    | '/approvals'
    | '/api-keys'
    | '/apps'
    | '/audit'
    | '/organization'
    | '/settings'
  label: string
  icon: LucideIcon
  /** Pressed after `g`. */
  key: string
}

/** The screens of the sidebar, in its groups. */
export const PLACES: readonly { group: string; places: readonly Place[] }[] = [
  {
    group: 'Identity',
    places: [
      { to: '/', label: 'Overview', icon: ChartNoAxesColumn, key: 'o' },
      { to: '/agents', label: 'Agents', icon: Bot, key: 'a' },
      { to: '/applications', label: 'Applications', icon: AppWindow, key: 'p' },
      { to: '/sign-ins', label: 'Sign-ins', icon: LogIn, key: 's' },
      { to: '/approvals', label: 'Approvals', icon: ShieldCheck, key: 'v' },
    ],
  },
  {
    group: 'Access',
    places: [
      { to: '/api-keys', label: 'API keys', icon: KeyRound, key: 'k' },
      { to: '/apps', label: 'Approved apps', icon: PlugZap, key: 'y' },
    ],
  },
  {
    group: 'Manage',
    places: [
      { to: '/audit', label: 'Audit', icon: ScrollText, key: 'l' },
      { to: '/organization', label: 'Organization', icon: Building2, key: 'm' },
      { to: '/settings', label: 'Settings', icon: Settings, key: 't' },
    ],
  },
]

export const ALL_PLACES: readonly Place[] = PLACES.flatMap(({ places }) => places)
