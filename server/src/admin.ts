import { parseArgs } from 'node:util'
import { z } from '@hono/zod-openapi'
import { EmailAddress, NewPassword, PersonName } from './accounts/auth-schemas.ts'
import { makeAdmin } from './accounts/first-admin.ts'
import { readConfig } from './config.ts'
import { explain } from './explain.ts'
import { openWorld } from './world.ts'

const USAGE = `npm run admin -- create <email> [--name <name>] [--password <password>]

Makes a person an administrator of the first organization, who sees everything: somebody new, or somebody who has an
account. Without --password it prints a link, good for 24 hours and once, where they set one. The server may be running.`

const Person = z.object({ email: EmailAddress, name: PersonName.optional(), password: NewPassword.optional() })

/** People who run the server, by hand. */
const given = parse()
if (!given) {
  console.log(USAGE)
  process.exit(process.argv.length > 2 ? 1 : 0)
}
const person = Person.safeParse(given)
if (!person.success) {
  for (const { path, message } of person.error.issues) console.error(`${path.join('.')} ${message}`)
  process.exit(1)
}

try {
  await create(person.data)
} catch (error) {
  explain(error)
  process.exitCode = 1
}

function parse() {
  try {
    const options = { name: { type: 'string' }, password: { type: 'string' } } as const
    const { positionals, values } = parseArgs({ options, allowPositionals: true })
    const [command, email, ...rest] = positionals
    return command === 'create' && email !== undefined && rest.length === 0 ? { email, ...values } : undefined
  } catch {
    return undefined
  }
}

async function create({ email, name, password }: z.output<typeof Person>): Promise<void> {
  const { deps, close } = await openWorld(readConfig({ LOG_LEVEL: 'warn', ...process.env }))
  try {
    const made = await makeAdmin(deps, { email, name, password })
    console.log(`${made.email} ${made.known ? 'is now' : 'was made'} an administrator of the first organization.`)
    if (made.link === undefined) console.log(`They sign in with the password given, at ${deps.config.issuer}/console`)
    else console.log(`They set a password here, within 24 hours, once:\n\n  ${made.link}\n`)
  } finally {
    await close()
  }
}
