import { styleText } from 'node:util'
import type { Step } from '../agent/timeline.ts'
import type { AgentEnd } from './agent.ts'
import type { Sample } from './sample.ts'

type Style = Parameters<typeof styleText>[0]
const styled = (style: Style, text: string) => styleText(style, text, { stream: process.stdout })

export function printWelcome(issuer: string, website: string): void {
  console.log(`
${styled('bold', 'Auth Agent')}  ${issuer}/console  (the console: whoever signs up first is its administrator)
${styled('bold', 'Fieldnotes')}  ${website}  (the sample website)

The sample agent opens Fieldnotes in a real headless browser and signs in by itself:
`)
}

export function printStep({ step, ms }: Step): void {
  console.log(`${ms.toFixed(1).padStart(10)} ms  ${step}`)
}

export function printSignedIn(greeting: string, steps: readonly Step[]): void {
  const at = (name: string) => steps.find(({ step }) => step === name)?.total_ms ?? 0
  const sinceClick = at('greeted') - at('button clicked')
  const push = at('browser sent back') - at('agent authenticated')
  console.log(`
${styled('green', '✔')} ${styled('bold', `“${greeting}”`)}
  ${Math.round(sinceClick)} ms from the click to the greeting; the browser set out for the website ${Math.round(push)} ms after the agent's call.`)
}

export function printFailed({ error, message }: AgentEnd): void {
  console.error(`\n${styled('red', '✘')} The sample agent did not get in (${error}).\n  ${message}`)
  const advice = FAILURE_ADVICE[error ?? '']
  if (advice) console.error(`  ${advice}`)
}

const FAILURE_ADVICE: Record<string, string> = {
  no_browser:
    'The browser that npm brings runs on Linux x64; elsewhere, install Chrome. Server and website work without it.',
  invalid_agent: 'Was its secret rotated or did it expire? Delete sample.json to register a new sample agent.',
}

export interface ByHand {
  issuer: string
  website: string
  file: string
  sample: Sample
  adminKey: string | undefined
}

export function printByHand({ issuer, website, file, sample, adminKey }: ByHand): void {
  console.log(`
${styled('bold', 'Everything stays up. Try it by hand')} (Ctrl-C stops it all)

  the console   ${issuer}/console  (sign up, then watch Sign-ins while an agent signs in)
  the website   ${website}
  the server    ${issuer}  (reference at ${issuer}/docs)
  the agent     ${sample.agent.agent_id}
  credentials   ${file}  (readable for you only)
${adminKey ? `  admin key     ${adminKey}\n                ${styled('dim', 'for /api/admin/*; shown only this once')}\n` : ''}
  In your own browser: open the website, press the button, unfold the form of the waiting page. The secret is
  ${styled('cyan', `node -p "${readSecret(file)}.agent_secret"`)}

  With curl as the browser; its cookie jar shows the server that page and agent are one:
${curlLines(issuer, website, file)
  .map((line) => `  ${styled('cyan', line)}`)
  .join('\n')}
`)
}

/** The secret goes from the file into a pipe: it is neither shown nor an argument that others could list. */
function curlLines(issuer: string, website: string, file: string): string[] {
  const body = `JSON.stringify({...${readSecret(file)},request_id:'$R',model:'by-hand'})`
  return [
    `J=$(mktemp)`,
    `R=$(curl -sLc $J -b $J ${website}/login | grep -o 'req_[A-Za-z0-9_-]*' | head -1)`,
    `node -p "${body}" |`,
    `  curl -sb $J -H 'content-type: application/json' -d @- ${issuer}/api/agent/authenticate`,
    `U=$(curl -sb $J "${issuer}/api/check-status?request_id=$R" | grep -o '"redirect_to":"[^"]*' | cut -d'"' -f4)`,
    `curl -sLc $J -b $J "$U" | grep Hello`,
  ]
}

function readSecret(file: string): string {
  return `JSON.parse(fs.readFileSync('${file}')).agent`
}
