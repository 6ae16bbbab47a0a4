import {
  AppWindow,
  Blocks,
  Bot,
  Building2,
  Cable,
  ChartNoAxesColumn,
  Cpu,
  Gauge,
  KeyRound,
  LogIn,
  type LucideIcon,
  MessagesSquare,
  PlugZap,
  ScrollText,
  Settings,
  ShieldCheck,
  UsersRound,
  WalletCards,
  Waypoints,
} from 'lucide-react'
import { useMe } from '../me.ts'

export interface Place {
  to:
    | '/'
    | '/agents'
    | '/applications'
    | '/sign-ins'
    | '/approvals'
    | '/connections'
    | '/mcp-servers'
    | '/playground'
    | '/models'
    | '/usage'
    | '/provider-keys'
    | '/api-keys'
    | '/apps'
    | '/audit'
    | '/organization'
    | '/people'
    | '/providers'
    | '/settings'
  label: string
  icon: LucideIcon
  /** Pressed after `g`. */
  key: string
  /** Of whoever runs the server: nobody else can do anything there. */
  operatorOnly?: true
}

interface PlaceGroup {
  group: string
  places: readonly Place[]
}

const PLACES: readonly PlaceGroup[] = [
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
      { to: '/connections', label: 'Connections', icon: Cable, key: 'c' },
      { to: '/mcp-servers', label: 'MCP servers', icon: Waypoints, key: 'w' },
      { to: '/api-keys', label: 'API keys', icon: KeyRound, key: 'k' },
      { to: '/apps', label: 'Approved apps', icon: PlugZap, key: 'y' },
    ],
  },
  {
    group: 'Models',
    places: [
      { to: '/playground', label: 'Playground', icon: MessagesSquare, key: 'h' },
      { to: '/models', label: 'Models', icon: Cpu, key: 'd' },
      { to: '/usage', label: 'Usage', icon: Gauge, key: 'u' },
      { to: '/provider-keys', label: 'Provider keys', icon: WalletCards, key: 'e' },
    ],
  },
  {
    group: 'Manage',
    places: [
      { to: '/audit', label: 'Audit', icon: ScrollText, key: 'l' },
      { to: '/organization', label: 'Organization', icon: Building2, key: 'm' },
      { to: '/people', label: 'People', icon: UsersRound, key: 'n', operatorOnly: true },
      { to: '/providers', label: 'Providers', icon: Blocks, key: 'r', operatorOnly: true },
      { to: '/settings', label: 'Settings', icon: Settings, key: 't' },
    ],
  },
]

/** The screens of the sidebar, in its groups, that are of use to who looks. */
export function usePlaceGroups(): readonly PlaceGroup[] {
  const { operator } = useMe()
  return PLACES.map(({ group, places }) => ({
    group,
    places: places.filter(({ operatorOnly }) => operator || !operatorOnly),
  }))
}

/** The same without the groups. */
export function usePlaces(): readonly Place[] {
  return usePlaceGroups().flatMap(({ places }) => places)
}
