import { mkdtempSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { compare } from './compare.ts'
import { commitMs } from './machine.ts'
import { startPeer } from './peer.ts'
import { comparisonTable, costLines } from './results.ts'
import { clientCredentials } from './rows/client-credentials.ts'
import { codeExchange } from './rows/code-exchange.ts'
import { introspection } from './rows/introspection.ts'
import { refresh } from './rows/refresh.ts'
import { signIn } from './rows/sign-in.ts'
import { expectLikeForLike } from './token.ts'

const folder = mkdtempSync(join(tmpdir(), 'bench-'))
console.log('commit', commitMs(folder))
const sides = []
for (const kind of ['durable', 'memory'] as const)
  sides.push(await startPeer(kind, { folder, redirectUri: 'http://127.0.0.1:9/callback' }))
try {
  for (const side of sides) await expectLikeForLike(side)
  for (const row of [signIn, clientCredentials, codeExchange, refresh, introspection]) {
    const t = performance.now()
    const c = await compare(row(sides), { concurrency: 32, rounds: 5, warmUpSeconds: 3, roundSeconds: 1 })
    console.log(comparisonTable([c]))
    if (row === signIn) console.log(costLines(c))
    console.log('took', (performance.now() - t) / 1000)
  }
} finally {
  for (const side of sides) await side.server.stop()
}
