import { airtable } from './airtable.ts'
import { airtableToken } from './airtable-token.ts'
import { anthropic } from './anthropic.ts'
import { asana } from './asana.ts'
import { atlassian } from './atlassian.ts'
import { bitbucket } from './bitbucket.ts'
import { box } from './box.ts'
import { calendly } from './calendly.ts'
import { canva } from './canva.ts'
import { clickup } from './clickup.ts'
import { discord } from './discord.ts'
import { docusign } from './docusign.ts'
import { dropbox } from './dropbox.ts'
import { facebook } from './facebook.ts'
import { figma } from './figma.ts'
import { freshdesk } from './freshdesk.ts'
import { github } from './github.ts'
import { githubToken } from './github-token.ts'
import { gitlab } from './gitlab.ts'
import { google } from './google.ts'
import { googleMaps } from './google-maps.ts'
import { hubspot } from './hubspot.ts'
import { intercom } from './intercom.ts'
import { linear } from './linear.ts'
import { linearKey } from './linear-key.ts'
import { linkedin } from './linkedin.ts'
import { mailchimp } from './mailchimp.ts'
import { mailgun } from './mailgun.ts'
import { microsoft } from './microsoft.ts'
import { miro } from './miro.ts'
import { monday } from './monday.ts'
import { notion } from './notion.ts'
import { openai } from './openai.ts'
import { pagerduty } from './pagerduty.ts'
import { paypal } from './paypal.ts'
import { pipedrive } from './pipedrive.ts'
import type { Provider } from './provider.ts'
import { quickbooks } from './quickbooks.ts'
import { reddit } from './reddit.ts'
import { salesforce } from './salesforce.ts'
import { sendgrid } from './sendgrid.ts'
import { shopify } from './shopify.ts'
import { slack } from './slack.ts'
import { slackUser } from './slack-user.ts'
import { spotify } from './spotify.ts'
import { square } from './square.ts'
import { stripe } from './stripe.ts'
import { stripeKey } from './stripe-key.ts'
import { todoist } from './todoist.ts'
import { twilio } from './twilio.ts'
import { twitch } from './twitch.ts'
import { typeform } from './typeform.ts'
import { webflow } from './webflow.ts'
import { x } from './x.ts'
import { xero } from './xero.ts'
import { zendesk } from './zendesk.ts'
import { zoho } from './zoho.ts'
import { zoom } from './zoom.ts'

/** The providers that an operator need only give a client id and secret for, or a person a key. */
export const providers: readonly Provider[] = [
  airtable,
  airtableToken,
  anthropic,
  asana,
  atlassian,
  bitbucket,
  box,
  calendly,
  canva,
  clickup,
  discord,
  docusign,
  dropbox,
  facebook,
  figma,
  freshdesk,
  github,
  githubToken,
  gitlab,
  google,
  googleMaps,
  hubspot,
  intercom,
  linear,
  linearKey,
  linkedin,
  mailchimp,
  mailgun,
  microsoft,
  miro,
  monday,
  notion,
  openai,
  pagerduty,
  paypal,
  pipedrive,
  quickbooks,
  reddit,
  salesforce,
  sendgrid,
  shopify,
  slack,
  slackUser,
  spotify,
  square,
  stripe,
  stripeKey,
  todoist,
  twilio,
  twitch,
  typeform,
  webflow,
  x,
  xero,
  zendesk,
  zoho,
  zoom,
]
