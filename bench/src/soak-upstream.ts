import { createServer } from 'node:http'
import { setTimeout as sleep } from 'node:timers/promises'

// A provider of models that takes its time, and counts who holds on to it.
const WORDS = 12
const BETWEEN_MS = 15
const head = { id: 'chatcmpl-soak', created: 1_780_000_000, model: 'gpt-soak' }
const usage = { prompt_tokens: 20, completion_tokens: WORDS, total_tokens: 20 + WORDS }
const whole = JSON.stringify({
  ...head,
  object: 'chat.completion',
  choices: [{ index: 0, message: { role: 'assistant', content: 'word '.repeat(WORDS) }, finish_reason: 'stop' }],
  usage,
})
const chunk = (more: object) => `data: ${JSON.stringify({ ...head, object: 'chat.completion.chunk', ...more })}\n\n`
const word = chunk({ choices: [{ index: 0, delta: { content: 'word ' }, finish_reason: null }] })
const end = chunk({ choices: [{ index: 0, delta: {}, finish_reason: 'stop' }] })
const told = chunk({ choices: [], usage })

const counts = { calls: 0, open: 0, brokenOff: 0 }

const server = createServer(async (request, response) => {
  if (request.method === 'GET') {
    // The one that asks is none of them.
    server.getConnections((_error, sockets) => response.end(JSON.stringify({ ...counts, sockets: sockets - 1 })))
    return
  }
  counts.calls++
  counts.open++
  response.once('close', () => {
    counts.open--
    if (!response.writableFinished) counts.brokenOff++
  })
  let body = ''
  for await (const piece of request.setEncoding('utf8')) body += piece
  if (!body.includes('"stream":true')) {
    await sleep(WORDS * BETWEEN_MS)
    response.writeHead(200, { 'Content-Type': 'application/json' }).end(whole)
    return
  }
  response.writeHead(200, { 'Content-Type': 'text/event-stream' })
  for (let at = 0; at < WORDS && !response.destroyed; at++) {
    response.write(word)
    await sleep(BETWEEN_MS)
  }
  response.end(`${end}${told}data: [DONE]\n\n`)
}).listen(Number(process.env.PORT), '127.0.0.1')
// Whoever hangs up in the middle of a body ends nothing else.
process.on('unhandledRejection', () => {})
