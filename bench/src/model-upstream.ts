import { createServer } from 'node:http'

// A provider of models in OpenAI's shape that answers at once: in one piece, or in forty.
const head = { id: 'chatcmpl-bench', created: 1_780_000_000, model: 'gpt-bench' }
const usage = { prompt_tokens: 20, completion_tokens: 40, total_tokens: 60 }
const words = Array.from({ length: 40 }, (_, index) => `word${index} `)

const whole = JSON.stringify({
  ...head,
  object: 'chat.completion',
  choices: [{ index: 0, message: { role: 'assistant', content: words.join('') }, finish_reason: 'stop' }],
  usage,
})
const chunk = (delta: object, finish_reason: string | null) =>
  `data: ${JSON.stringify({ ...head, object: 'chat.completion.chunk', choices: [{ index: 0, delta, finish_reason }] })}\n\n`
const events = [
  chunk({ role: 'assistant', content: '' }, null),
  ...words.map((content) => chunk({ content }, null)),
  chunk({}, 'stop'),
]
const told = `data: ${JSON.stringify({ ...head, object: 'chat.completion.chunk', choices: [], usage })}\n\n`

createServer((request, response) => {
  let body = ''
  request.setEncoding('utf8').on('data', (text: string) => {
    body += text
  })
  request.on('end', () => {
    if (!body.includes('"stream":true')) {
      response.writeHead(200, { 'Content-Type': 'application/json', 'Content-Length': whole.length }).end(whole)
      return
    }
    response.writeHead(200, { 'Content-Type': 'text/event-stream' })
    for (const event of events) response.write(event)
    response.end(`${body.includes('include_usage') ? told : ''}data: [DONE]\n\n`)
  })
}).listen(Number(process.env.PORT), '127.0.0.1')
