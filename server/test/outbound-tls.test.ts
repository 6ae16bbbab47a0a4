import type { TLSSocket } from 'node:tls'
import { getCACertificates, setDefaultCACertificates } from 'node:tls'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { createOutbound } from '../src/http/outbound.ts'
import { CA } from './outbound-certificates.ts'
import { tlsUpstream } from './outbound-upstream.ts'

const NAME = 'api.provider.test'
const at = (address: string) => createOutbound({ allow: ['127.0.0.0/8'], lookup: async () => [address] })

describe('over TLS', () => {
  const usual = getCACertificates('default')
  beforeAll(() => setDefaultCACertificates([...usual, CA]))
  afterAll(() => setDefaultCACertificates(usual))

  test('the name is that of the URL, the address the one that was checked', async () => {
    const seen: unknown[] = []
    await using server = await tlsUpstream((request, response) => {
      const { servername, localAddress } = request.socket as TLSSocket
      seen.push([servername, request.headers.host, localAddress])
      response.end('ok')
    }, '127.0.0.2')
    const url = `https://${NAME}:${server.port}/`
    expect(await (await at('127.0.0.2').fetch(url)).text()).toBe('ok')
    expect(seen).toEqual([[NAME, `${NAME}:${server.port}`, '127.0.0.2']])
    // RFC 6066 §3: the final dot is no part of the name that is asked for.
    expect((await at('127.0.0.2').fetch(`https://${NAME}.:${server.port}/`)).status).toBe(200)
    expect(seen[1]).toEqual([NAME, `${NAME}.:${server.port}`, '127.0.0.2'])
  })

  test('an address is asked for by no name, and proves itself', async () => {
    const names: unknown[] = []
    await using server = await tlsUpstream((request, response) => {
      names.push((request.socket as TLSSocket).servername)
      response.end('ok')
    }, '127.0.0.3')
    expect((await at('').fetch(`https://127.0.0.3:${server.port}/`)).status).toBe(200)
    expect(names).toEqual([false])
  })

  test('connections are kept for the same name only', async () => {
    await using server = await tlsUpstream((_, response) => response.end('ok'), '127.0.0.2')
    const outbound = at('127.0.0.2')
    for (let i = 0; i < 3; i++) await outbound.fetch(`https://${NAME}:${server.port}/`)
    expect(server.connections()).toBe(1)
    await expect(outbound.fetch(`https://other.test:${server.port}/`)).rejects.toMatchObject({ reason: 'tls' })
  })

  test('a certificate of another name or address is refused, and nothing is sent', async () => {
    let requests = 0
    await using server = await tlsUpstream((_, response) => response.end(`${++requests}`), '127.0.0.2')
    for (const host of ['other.test', '127.0.0.2'])
      for (const method of ['GET', 'POST'])
        await expect(at('127.0.0.2').fetch(`https://${host}:${server.port}/`, { method })).rejects.toMatchObject({
          name: 'OutboundFailed',
          reason: 'tls',
          code: 'ERR_TLS_CERT_ALTNAME_INVALID',
        })
    expect(requests).toBe(0)
  })
})

test('a certificate of an unknown authority is refused, whatever the environment says', async () => {
  await using server = await tlsUpstream((_, response) => response.end('ok'), '127.0.0.2')
  process.env.NODE_TLS_REJECT_UNAUTHORIZED = '0'
  try {
    await expect(at('127.0.0.2').fetch(`https://${NAME}:${server.port}/`)).rejects.toMatchObject({ reason: 'tls' })
  } finally {
    delete process.env.NODE_TLS_REJECT_UNAUTHORIZED
  }
})
