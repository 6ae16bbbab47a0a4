import { createRootRoute, createRoute, createRouter, lazyRouteComponent, Outlet } from '@tanstack/react-router'
import { announceArrival } from './arrival.ts'
import { ErrorState } from './components/error-state.tsx'

/** Parameters of the query that a screen knows; all are strings, and any may be missing. */
function known<Name extends string>(...names: Name[]) {
  return (given: Record<string, unknown>): { [name in Name]?: string | undefined } => {
    const found = names.flatMap((name) => (typeof given[name] === 'string' ? [[name, given[name]]] : []))
    return Object.fromEntries(found)
  }
}

const root = createRootRoute({
  component: Outlet,
  notFoundComponent: lazyRouteComponent(() => import('./screens/not-found.tsx'), 'NotFoundScreen'),
})

const signIn = createRoute({
  getParentRoute: () => root,
  path: '/sign-in',
  validateSearch: known('continue', 'email', 'again'),
  component: lazyRouteComponent(() => import('./screens/account/sign-in.tsx'), 'SignInScreen'),
})

const signUp = createRoute({
  getParentRoute: () => root,
  path: '/sign-up',
  validateSearch: known('continue', 'email'),
  component: lazyRouteComponent(() => import('./screens/account/sign-up.tsx'), 'SignUpScreen'),
})

const verifyEmail = createRoute({
  getParentRoute: () => root,
  path: '/verify-email',
  validateSearch: known('state', 'error', 'continue'),
  component: lazyRouteComponent(() => import('./screens/account/verify-email.tsx'), 'VerifyEmailScreen'),
})

const forgotPassword = createRoute({
  getParentRoute: () => root,
  path: '/forgot-password',
  component: lazyRouteComponent(() => import('./screens/account/forgot-password.tsx'), 'ForgotPasswordScreen'),
})

const resetPassword = createRoute({
  getParentRoute: () => root,
  path: '/reset-password',
  validateSearch: known('token', 'error'),
  component: lazyRouteComponent(() => import('./screens/account/reset-password.tsx'), 'ResetPasswordScreen'),
})

const invitation = createRoute({
  getParentRoute: () => root,
  path: '/invitation',
  validateSearch: known('token'),
  component: lazyRouteComponent(() => import('./screens/account/invitation.tsx'), 'InvitationScreen'),
})

const signedOut = createRoute({
  getParentRoute: () => root,
  path: '/signed-out',
  component: lazyRouteComponent(() => import('./screens/account/signed-out.tsx'), 'SignedOutScreen'),
})

const testSignIn = createRoute({
  getParentRoute: () => root,
  path: '/test-sign-in',
  validateSearch: known('code', 'state', 'iss', 'error', 'error_description'),
  component: lazyRouteComponent(() => import('./screens/test-sign-in.tsx'), 'TestSignInScreen'),
})

const shell = createRoute({
  getParentRoute: () => root,
  id: 'shell',
  component: lazyRouteComponent(() => import('./screens/shell.tsx'), 'Shell'),
})

const overview = createRoute({
  getParentRoute: () => shell,
  path: '/',
  component: lazyRouteComponent(() => import('./screens/overview.tsx'), 'OverviewScreen'),
})

const agents = createRoute({
  getParentRoute: () => shell,
  path: '/agents',
  validateSearch: known('create', 'search'),
  component: lazyRouteComponent(() => import('./screens/agents.tsx'), 'AgentsScreen'),
})

const agent = createRoute({
  getParentRoute: () => shell,
  path: '/agents/$agentId',
  validateSearch: known('tab'),
  component: lazyRouteComponent(() => import('./screens/agent.tsx'), 'AgentScreen'),
})

const applications = createRoute({
  getParentRoute: () => shell,
  path: '/applications',
  validateSearch: known('create', 'search'),
  component: lazyRouteComponent(() => import('./screens/applications.tsx'), 'ApplicationsScreen'),
})

const application = createRoute({
  getParentRoute: () => shell,
  path: '/applications/$clientId',
  validateSearch: known('tab'),
  component: lazyRouteComponent(() => import('./screens/application.tsx'), 'ApplicationScreen'),
})

const signIns = createRoute({
  getParentRoute: () => shell,
  path: '/sign-ins',
  validateSearch: known('status', 'agent_id', 'client_id', 'request_id'),
  component: lazyRouteComponent(() => import('./screens/sign-ins.tsx'), 'SignInsScreen'),
})

const approvals = createRoute({
  getParentRoute: () => shell,
  path: '/approvals',
  validateSearch: known('status', 'request_id'),
  component: lazyRouteComponent(() => import('./screens/approvals.tsx'), 'ApprovalsScreen'),
})

const apiKeys = createRoute({
  getParentRoute: () => shell,
  path: '/api-keys',
  validateSearch: known('create'),
  component: lazyRouteComponent(() => import('./screens/api-keys.tsx'), 'ApiKeysScreen'),
})

const apps = createRoute({
  getParentRoute: () => shell,
  path: '/apps',
  component: lazyRouteComponent(() => import('./screens/apps.tsx'), 'AppsScreen'),
})

const connections = createRoute({
  getParentRoute: () => shell,
  path: '/connections',
  // The last three are what a provider's callback adds: how it came out, and for which connection.
  validateSearch: known('connect', 'search', 'status', 'error', 'connection_id'),
  component: lazyRouteComponent(() => import('./screens/connections.tsx'), 'ConnectionsScreen'),
})

const connection = createRoute({
  getParentRoute: () => shell,
  path: '/connections/$connectionId',
  component: lazyRouteComponent(() => import('./screens/connection.tsx'), 'ConnectionScreen'),
})

const providers = createRoute({
  getParentRoute: () => shell,
  path: '/providers',
  validateSearch: known('search', 'provider'),
  component: lazyRouteComponent(() => import('./screens/providers.tsx'), 'ProvidersScreen'),
})

const mcpServers = createRoute({
  getParentRoute: () => shell,
  path: '/mcp-servers',
  // The last three are what the callback adds: how it came out, and for which connection.
  validateSearch: known('server', 'status', 'error', 'connection_id'),
  component: lazyRouteComponent(() => import('./screens/mcp-servers.tsx'), 'McpServersScreen'),
})

const playground = createRoute({
  getParentRoute: () => shell,
  path: '/playground',
  component: lazyRouteComponent(() => import('./screens/playground.tsx'), 'PlaygroundScreen'),
})

const models = createRoute({
  getParentRoute: () => shell,
  path: '/models',
  validateSearch: known('provider'),
  component: lazyRouteComponent(() => import('./screens/models.tsx'), 'ModelsScreen'),
})

const usage = createRoute({
  getParentRoute: () => shell,
  path: '/usage',
  validateSearch: known('days', 'by'),
  component: lazyRouteComponent(() => import('./screens/usage.tsx'), 'UsageScreen'),
})

const providerKeys = createRoute({
  getParentRoute: () => shell,
  path: '/provider-keys',
  component: lazyRouteComponent(() => import('./screens/provider-keys.tsx'), 'ProviderKeysScreen'),
})

const audit = createRoute({
  getParentRoute: () => shell,
  path: '/audit',
  validateSearch: known('actor', 'action', 'client_id', 'agent_id', 'since', 'until'),
  component: lazyRouteComponent(() => import('./screens/audit.tsx'), 'AuditScreen'),
})

const organization = createRoute({
  getParentRoute: () => shell,
  path: '/organization',
  component: lazyRouteComponent(() => import('./screens/organization.tsx'), 'OrganizationScreen'),
})

const people = createRoute({
  getParentRoute: () => shell,
  path: '/people',
  validateSearch: known('search'),
  component: lazyRouteComponent(() => import('./screens/people.tsx'), 'PeopleScreen'),
})

const settings = createRoute({
  getParentRoute: () => shell,
  path: '/settings',
  validateSearch: known('tab'),
  component: lazyRouteComponent(() => import('./screens/settings.tsx'), 'SettingsScreen'),
})

const account = [signIn, signUp, verifyEmail, forgotPassword, resetPassword, invitation, signedOut, testSignIn] as const
const screens = [
  overview,
  agents,
  agent,
  applications,
  application,
  signIns,
  approvals,
  connections,
  connection,
  providers,
  mcpServers,
  apiKeys,
  apps,
  playground,
  models,
  usage,
  providerKeys,
  audit,
  organization,
  people,
  settings,
] as const

export const router = createRouter({
  routeTree: root.addChildren([...account, shell.addChildren(screens)]),
  basepath: '/console',
  defaultPreload: 'intent',
  scrollRestoration: true,
  defaultErrorComponent: ({ error, reset }) => <ErrorState error={error} retry={reset} />,
  // Plain strings: the router's own way would read a token of digits as a number, and not as the same one.
  parseSearch: (query) => Object.fromEntries(new URLSearchParams(query)),
  stringifySearch: (parameters) => {
    const given = Object.entries(parameters).flatMap(([name, value]) =>
      value === undefined ? [] : [[name, String(value)]],
    )
    return given.length === 0 ? '' : `?${new URLSearchParams(given)}`
  },
})

router.subscribe('onBeforeNavigate', ({ fromLocation, pathChanged }) => {
  if (fromLocation && pathChanged) announceArrival()
})

declare module '@tanstack/react-router' {
  interface Register {
    router: typeof router
  }
}
