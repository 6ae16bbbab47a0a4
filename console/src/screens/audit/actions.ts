import type { Tone } from '../../components/badge.tsx'
import type { AuditEvent } from './audit-log.ts'

/**
 * Every action of the server as a sentence. `{actor}`, `{agent}`, `{client}` and `{target}` are who the event names; any
 * other word in braces is a field of its detail.
 */
type Sentence = string | ((event: AuditEvent) => string)

const SENTENCES: Record<string, Sentence> = {
  'agent.authenticated': '{agent} signed in at {client}',
  'agent.approval_asked': '{agent} asked for approval to sign in at {client}',
  'agent.refused': '{agent} was refused at {client}: {reason}',
  'agent.authentication_failed': 'Somebody at {address} gave a wrong credential for {agent}',
  'agent.created': '{actor} registered the agent {agent}',
  'agent.updated': '{actor} changed the {fields} of {agent}',
  'agent.secret_rotated': '{actor} gave {agent} a new secret',
  'agent.disabled': '{actor} disabled {agent}',
  'agent.enabled': '{actor} enabled {agent}',
  'agent.sessions_revoked': '{actor} ended all sign-ins of {agent}',
  'agent.deleted': '{actor} deleted the agent {agent}',

  'approval.approved': '{actor} let {agent} in at {client}',
  'approval.denied': '{actor} did not let {agent} in at {client}',

  'client.created': '{actor} registered the application {client}',
  'client.updated': '{actor} changed the {fields} of {client}',
  'client.secret_rotated': '{actor} gave {client} a new secret',
  'client.deleted': '{actor} deleted the application {client}',

  'token.issued': ({ detail, agent_id }) =>
    detail.grant_type === 'client_credentials'
      ? '{actor} got a token of its own'
      : `{client} got tokens for ${agent_id === null ? '{user_id}' : '{agent}'}`,
  'token.refreshed': '{client} renewed its tokens for {agent}',
  'token.revoked': '{actor} gave a token back',
  'grant.revoked': ({ detail }) =>
    GRANT_ENDS[String(detail.reason)] ?? '{actor} ended the sign-in of {agent} at {client}',

  'app.approved': '{actor} approved the app {client}',
  'app.refused': '{actor} said no to the app {client}',
  'app.withdrawn': '{actor} withdrew the app {client}',

  'api_key.created': '{actor} made the API key “{name}”',
  'api_key.revoked': '{actor} revoked an API key',
  'credits.added': '{actor} gave {target} {cents} cents of credits: {reason}',
  'credits.promotion_granted': '{client} gave {target} {cents} cents of credits to begin with',
  'credits.expired': 'What was left of the credits that {client} gave {target} ended: {cents} cents',

  'connection.requested': '{actor} asked for a connection to {provider}',
  'connection.activated': '{actor} has a connection to {provider}',
  'connection.recovered': 'The connection of {actor} to {provider} works again',
  'connection.refused': 'A connection to {provider} did not come about: {reason}',
  'connection.refreshed': 'A token of {provider} was renewed',
  'connection.reauth_required': '{provider} accepts a consent no longer; its person is needed again',
  'connection.token_read': '{actor} read a token of {provider}',
  'connection.used': '{actor} called {provider}: {method} {path}, answered {status}',
  'connection.deleted': '{actor} revoked a connection to {provider}',
  'connection.integrity_error': 'The sealed tokens of a connection to {provider} could not be opened',
  'connection_grant.created': '{actor} let {agent} use the connection {target}',
  'connection_grant.removed': '{actor} took a grant of {agent} back',
  'provider.created': '{actor} set up the provider {target}',
  'provider.updated': '{actor} changed the {fields} of the provider {target}',
  'provider.deleted': '{actor} removed the provider {target}',
  'provider.misconfigured': '{provider} refuses our client: its set-up has to be mended',

  'model.called': ({ agent_id, detail }) => {
    const caller = agent_id === null ? '{actor}' : '{agent}'
    return detail.status === 'completed'
      ? `${caller} called the model {model} at {provider}`
      : `${caller} called the model {model}, and it did not come to its end: {${detail.error === undefined ? 'status' : 'error'}}`
  },
  'model.call_lost': 'A call of the model {model} was cut off by the end of a process, and is settled',
  'model_provider.created': '{actor} added the provider of models {target}',
  'model_provider.updated': '{actor} changed the provider of models {target}',
  'model_provider.deleted': '{actor} removed the provider of models {target}',
  'price.set':
    '{actor} set the price of {target} to {input_per_mtok} and {output_per_mtok} dollars for a million tokens',
  'price.deleted': '{actor} took the price of {target} back',
  'provider_key.set': '{actor} gave their own key at {provider}',
  'provider_key.deleted': '{actor} took their own key at {provider} away',

  'person.payment_method_set': '{actor} chose what pays for their calls of models: {payment_method}',
  'person.registered': '{actor} created an account',
  'person.updated': '{actor} changed their name',
  'person.disabled': '{actor} disabled {target}',
  'person.enabled': '{actor} enabled {target}',
  'person.authenticated': '{actor} signed in at {client}',
  'person.sign_in_failed': 'Somebody at {address} tried to sign in as {target} with a wrong password',
  'person.reauthenticated': '{actor} proved again that it is them',
  'person.reauthentication_failed': '{actor} gave a wrong password when asked for it again',
  'person.email_verified': '{actor} confirmed their email address',
  'person.password_changed': '{actor} changed their password',
  'person.password_reset': '{actor} set a new password by a mailed link',
  'person.account_linked': '{actor} can sign in with {target} now',
  'passkey.added': '{actor} added a passkey',
  'passkey.renamed': '{actor} renamed a passkey',
  'passkey.removed': '{actor} removed a passkey',
  'session.created': '{actor} signed in to the console from {address}',
  'session.ended': '{actor} signed a browser out',
  'session.organization_changed': '{actor} works in this organization now',

  'organization.created': '{actor} made this organization',
  'organization.renamed': '{actor} renamed this organization to “{name}”',
  'organization.member_added': ({ actor, target }) =>
    actor === target ? '{actor} joined as {role}' : '{actor} added {target} as {role}',
  'organization.member_removed': ({ actor, target }) =>
    actor === target ? '{actor} left this organization' : '{actor} removed {target}',
  'organization.role_changed': '{actor} made {target} {to}, from {from}',
  'invitation.created': '{actor} invited {email} as {role}',
  'invitation.accepted': '{actor} accepted an invitation',
  'invitation.withdrawn': '{actor} withdrew an invitation',
}

const GRANT_ENDS: Record<string, string> = {
  code_replayed: 'The sign-in of {agent} at {client} was ended: its code was used twice',
  refresh_token_reused: 'The sign-in of {agent} at {client} was ended: an old refresh token was used again',
  revoked_by_client: '{client} ended the sign-in of {agent}',
}

/** Where the server has learned an action that this console does not know yet, its name has to do. */
export function sentenceOf(event: AuditEvent): string {
  const sentence = SENTENCES[event.action] ?? `{actor}: ${event.action.replaceAll(/[._]/g, ' ')}`
  return typeof sentence === 'string' ? sentence : sentence(event)
}

export function toneOf({ action, detail }: AuditEvent): Tone {
  if (/failed$|refused$|denied$/.test(action)) return 'danger'
  if (detail.reason === 'code_replayed' || detail.reason === 'refresh_token_reused') return 'danger'
  if (/asked$|deleted$|removed$|disabled$|revoked$|withdrawn$/.test(action)) return 'warning'
  if (/authenticated$|approved$|accepted$/.test(action)) return 'success'
  return 'neutral'
}

const GROUPS: readonly { group: string; kinds: readonly string[] }[] = [
  { group: 'Agents', kinds: ['agent', 'approval'] },
  { group: 'Applications', kinds: ['client'] },
  { group: 'Sign-ins and tokens', kinds: ['token', 'grant'] },
  { group: 'Connections', kinds: ['connection', 'connection_grant', 'provider'] },
  { group: 'Apps, keys and credits', kinds: ['app', 'api_key', 'credits'] },
  { group: 'Models', kinds: ['model', 'model_provider', 'price', 'provider_key'] },
  { group: 'People', kinds: ['person', 'passkey', 'session'] },
  { group: 'Organization', kinds: ['organization', 'invitation'] },
]

export const kindOf = (action: string) => action.split('.', 1)[0] ?? ''

/** For the filter. */
export const ACTION_GROUPS = GROUPS.map(({ group, kinds }) => ({
  group,
  actions: Object.keys(SENTENCES).filter((action) => kinds.includes(kindOf(action))),
}))
