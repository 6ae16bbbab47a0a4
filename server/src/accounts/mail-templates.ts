export interface MailContent {
  subject: string
  text: string
  html: string
}

/** Names in a mail were chosen by somebody else: one line of text that reads one way, no markup, and no link but ours. */
const oneLine = (text: string) =>
  text
    .replace(/:\/\/|[\s\p{Bidi_Control}\p{Cc}]+/gu, ' ')
    .trim()
    .slice(0, 200)
const escaped = (text: string) => text.replace(/[&<>"']/g, (sign) => `&#${sign.charCodeAt(0)};`)

interface Letter {
  subject: string
  paragraphs: readonly string[]
  button: { label: string; url: string }
  /** Below the button. */
  ending: readonly string[]
}

function letter({ subject, paragraphs, button, ending }: Letter): MailContent {
  const text = [...paragraphs, `${button.label}:\n${button.url}`, ...ending].join('\n\n')
  const html = [
    '<!doctype html><html lang="en"><body style="font:16px/1.5 system-ui,sans-serif;max-width:34em;margin:2em auto;padding:0 1em">',
    ...paragraphs.map((paragraph) => `<p>${escaped(paragraph)}</p>`),
    `<p><a href="${escaped(button.url)}" style="display:inline-block;padding:.6em 1.2em;border-radius:.5em;background:#18181b;color:#fff;text-decoration:none">${escaped(button.label)}</a></p>`,
    ...ending.map((paragraph) => `<p style="color:#52525b">${escaped(paragraph)}</p>`),
    '</body></html>',
  ].join('\n')
  return { subject: oneLine(subject), text: `${text}\n`, html }
}

/** Says no name: whoever typed the address may have typed anything for a name. */
export function verifyAddressMail({ url }: { url: string }): MailContent {
  return letter({
    subject: 'Confirm your e-mail address',
    paragraphs: ['Somebody, we hope you, signed up for Auth Agent with this address.'],
    button: { label: 'Confirm the address', url },
    ending: ['The link works for one hour. If it was not you, do nothing: the address stays unconfirmed.'],
  })
}

export function resetPasswordMail({ url }: { url: string }): MailContent {
  return letter({
    subject: 'Set a new password',
    paragraphs: ['Somebody, we hope you, asked to set a new password for your Auth Agent account.'],
    button: { label: 'Set a new password', url },
    ending: [
      'The link works once, for one hour. It signs out every browser that is signed in.',
      'If it was not you, do nothing: your password stays as it is.',
    ],
  })
}

/** For who signs up with an address that has an account. */
export function accountExistsMail({ url }: { url: string }): MailContent {
  return letter({
    subject: 'You have an account already',
    paragraphs: ['Somebody, we hope you, tried to sign up for Auth Agent with this address, which has an account.'],
    button: { label: 'Sign in', url },
    ending: ['If you forgot the password, set a new one there. If it was not you, do nothing.'],
  })
}

export function invitationMail(invitation: {
  organizationName: string
  inviter: string
  role: string
  url: string
  expiresAt: number
}): MailContent {
  const organization = oneLine(invitation.organizationName)
  return letter({
    subject: `You are invited to “${organization}”`,
    paragraphs: [
      `${oneLine(invitation.inviter)} invites you to the organization “${organization}” on Auth Agent, as ${invitation.role}.`,
    ],
    button: { label: 'See the invitation', url: invitation.url },
    ending: [
      `The link works once, until ${dateOf(invitation.expiresAt)}.`,
      'If you do not know the sender, do nothing.',
    ],
  })
}

export function approvalMail(approval: {
  agentName: string
  clientName: string
  /** Of the website, as its redirect URI names it: the name above is the website's own claim. */
  host: string
  url: string
  expiresAt: number
}): MailContent {
  const agent = oneLine(approval.agentName)
  return letter({
    subject: `${agent} asks to sign in at ${oneLine(approval.host)}`,
    paragraphs: [
      `Your agent “${agent}” wants to sign in at “${oneLine(approval.clientName)}” (${oneLine(approval.host)}) for you.`,
      'It waits for your answer.',
    ],
    button: { label: 'Look at it and decide', url: approval.url },
    ending: [`It can be answered until ${dateOf(approval.expiresAt)}. Without an answer the agent does not get in.`],
  })
}

function dateOf(time: number): string {
  return `${new Date(time).toISOString().slice(0, 16).replace('T', ' ')} UTC`
}
