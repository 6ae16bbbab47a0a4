import { createServer } from 'node:http'
import { Provider } from 'oidc-provider'
import { configuration } from './configuration.ts'
import { interaction } from './interaction.ts'
import type { PeerSettings } from './settings.ts'

const settings: PeerSettings = JSON.parse(process.env.PEER_SETTINGS ?? '')
const provider = new Provider(`http://127.0.0.1:${settings.port}`, configuration(settings))
provider.on('server_error', (_, error) => console.error(error))

const interact = interaction(provider, settings.accounts)
const serve = provider.callback()

// The login is outside of Koa, where it is cheapest for the peer.
const server = createServer((request, response) => {
  if (!request.url?.startsWith('/interaction/')) return serve(request, response)
  interact(request, response).catch((error) => {
    console.error(error)
    response.writeHead(500).end()
  })
})
server.listen(settings.port, '127.0.0.1')
process.on('SIGTERM', () => process.exit(0))
