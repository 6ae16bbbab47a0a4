import { mkdtempSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { compare } from './compare.ts'
import { comparisonTable, costLines } from './results.ts'
import { arrival } from './rows/arrival.ts'
import { browserArrival } from './rows/browser-arrival.ts'
import { clientCredentials } from './rows/client-credentials.ts'
import { codeExchange } from './rows/code-exchange.ts'
import { introspection } from './rows/introspection.ts'
import { refresh } from './rows/refresh.ts'
import { signIn } from './rows/sign-in.ts'
import { startSubject } from './subject.ts'
import { expectLikeForLike } from './token.ts'
import { startWebsite } from './website.ts'

const folder = mkdtempSync(join(tmpdir(), 'bench-'))
const website = await startWebsite()
const side = await startSubject({ folder, redirectUri: website.redirectUri })
try {
  await expectLikeForLike(side)
  for (const row of [signIn, clientCredentials, codeExchange, refresh, introspection]) {
    const c = await compare(row([side]), { concurrency: 32, rounds: 2, warmUpSeconds: 2, roundSeconds: 1 })
    console.log(comparisonTable([c]))
    if (row === signIn) console.log(costLines(c))
  }
  console.log(await arrival(side, website))
  console.log(await browserArrival(side, website))
} finally {
  await side.server.stop()
  website.close()
}
