import type { Code } from '../../components/code-block.tsx'
import type { KeyPair } from './key-pair.ts'

export interface SnippetOf {
  /** This server: the one that the agent trusts. */
  issuer: string
  agentId: string
  model: string
  /** Where it is not known any more, a stand-in. */
  secret: string
}

/** Names the file that the private key is saved as. */
export const KEY_FILE = 'agent-key.json'

/** Ready to run, for an agent with a secret. Kept true by docs/snippets/agent.ts, which says the same. */
export function secretSnippets(of: SnippetOf): Code[] {
  return [
    { language: 'Playwright', code: playwright(of, SECRET) },
    { language: 'curl', code: curl(of, SECRET) },
    ownTokenSnippet(of),
  ]
}

/** All that a secret is good for, where the policy asks for more at websites. */
export function ownTokenSnippet(of: SnippetOf): Code {
  return { language: 'Own token', code: ownToken(of) }
}

/** The same for an agent with a key pair. */
export function keySnippets(of: SnippetOf, alg: KeyPair['alg']): Code[] {
  return [
    { language: 'Playwright', code: playwright(of, keyProof(alg)) },
    { language: 'curl', code: curl(of, keyProof(alg)) },
  ]
}

/** What is different between a secret and a key. */
interface Proof {
  install: string
  run: (of: SnippetOf) => string
  imports: string
  prepare: string
  /** A field of the call, in TypeScript. */
  field: string
  shell: string
  shellField: string
}

const SECRET: Proof = {
  install: 'playwright',
  run: ({ agentId, secret }) => `AGENT_ID=${agentId} AGENT_SECRET=${secret}`,
  imports: '',
  prepare: '',
  field: 'agent_secret: process.env.AGENT_SECRET',
  shell: '',
  shellField: '--data-urlencode "agent_secret=$AGENT_SECRET"',
}

const keyProof = (alg: KeyPair['alg']): Proof => ({
  install: 'playwright jose',
  run: ({ agentId }) => `AGENT_ID=${agentId}`,
  imports: `import { randomUUID } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { importJWK, SignJWT } from 'jose'
`,
  prepare: `const agent = process.env.AGENT_ID
const key = JSON.parse(readFileSync('${KEY_FILE}', 'utf8'))
const { request_id, client_id, redirect_uri } = request
const assertion = await new SignJWT({ request_id, client_id, origin: new URL(redirect_uri).origin })
  .setProtectedHeader({ alg: '${alg}', typ: 'agent-assertion+jwt' })
  .setIssuer(agent).setSubject(agent).setAudience(issuer)
  .setJti(randomUUID()).setIssuedAt().setExpirationTime('60s')
  .sign(await importJWK(key, '${alg}'))
`,
  field: 'agent_assertion: assertion',
  shell: `
# Node signs: an assertion is good for this one request, for a minute.
ASSERTION=$(PAGE="$PAGE" ISSUER="$ISSUER" node --input-type=module -e '
import { createPrivateKey, randomUUID, sign } from "node:crypto"
import { readFileSync } from "node:fs"
const { PAGE, ISSUER, AGENT_ID } = process.env
const { request_id, client_id, redirect_uri } = JSON.parse(/id="auth-agent-request"[^>]*>([^<]+)/.exec(PAGE)[1])
const now = Math.floor(Date.now() / 1000)
const claims = { iss: AGENT_ID, sub: AGENT_ID, aud: ISSUER, request_id, client_id,
  origin: new URL(redirect_uri).origin, jti: randomUUID(), iat: now, exp: now + 60 }
const text = [{ alg: "${alg}", typ: "agent-assertion+jwt" }, claims]
  .map((part) => Buffer.from(JSON.stringify(part)).toString("base64url")).join(".")
const key = createPrivateKey({ key: JSON.parse(readFileSync("${KEY_FILE}", "utf8")), format: "jwk" })
const signature = sign(${alg === 'ES256' ? '"sha256"' : 'null'}, Buffer.from(text), { key, dsaEncoding: "ieee-p1363" })
console.log(text + "." + signature.toString("base64url"))')
`,
  shellField: '-d "agent_assertion=$ASSERTION"',
})

function playwright(of: SnippetOf, proof: Proof): string {
  return `// npm install ${proof.install}
// ${proof.run(of)} node sign-in.ts
${proof.imports}import { chromium } from 'playwright'

const issuer = '${of.issuer}'
const page = await (await chromium.launch()).newPage()

// Your website, and its button, which leads to our waiting page.
await page.goto('https://website.example')
await page.getByText('Sign in with Auth Agent').click()
await page.waitForSelector('#auth-agent-request', { state: 'attached' })
// The address bar, not the page, says who is asking.
if (new URL(page.url()).origin !== issuer) throw new Error(\`Not Auth Agent: \${page.url()}\`)
const request = JSON.parse(await page.textContent('#auth-agent-request') ?? '')

${proof.prepare}// With the cookies of this browser: the proof that it is the one that asked.
const answer = await page.context().request.post(\`\${issuer}/api/agent/authenticate\`, {
  data: {
    request_id: request.request_id,
    agent_id: process.env.AGENT_ID,
    ${proof.field},
    model: ${JSON.stringify(of.model)},
  },
})
if (!answer.ok()) throw new Error((await answer.json()).error_description)

// The page goes back by itself, signed in.
await page.waitForURL((url) => url.origin !== issuer)
console.log(\`Signed in at \${page.url()}\`)`
}

function curl(of: SnippetOf, proof: Proof): string {
  return `export ${proof.run(of)}
ISSUER=${of.issuer}
# Where the button of your website leads.
SIGN_IN_URL=https://website.example/sign-in

# To the waiting page, as a browser goes. The cookies in the jar are part of the proof.
PAGE=$(curl -sSL -b jar -c jar "$SIGN_IN_URL")
REQUEST_ID=$(echo "$PAGE" | grep -o 'req_[a-z0-9]*' | head -n 1)
${proof.shell}
curl -sS -b jar -c jar "$ISSUER/api/agent/authenticate" -d "request_id=$REQUEST_ID" \\
  -d "agent_id=$AGENT_ID" ${proof.shellField} --data-urlencode model=${quoted(of.model)}

# Back to the website, signed in.
curl -sSL -b jar -c jar "$ISSUER/authorize/resume?request_id=$REQUEST_ID"`
}

/** For the shell: a model is named by whoever may name it, and what is copied from here is run. */
const quoted = (text: string) => `'${text.replaceAll("'", "'\\''")}'`

function ownToken({ issuer, agentId, secret }: SnippetOf): string {
  return `# A token of the agent's own, for this server's API: shows at once that the secret is right.
curl ${issuer}/token -u '${agentId}:${secret}' -d grant_type=client_credentials`
}
