import { createServer } from 'node:http'

// A provider elsewhere: its token endpoint gives to everybody, and its API answers everything alike.
const tokens = JSON.stringify({
  access_token: 'a'.repeat(200),
  refresh_token: 'r'.repeat(100),
  token_type: 'Bearer',
  expires_in: 86_400,
  scope: 'read',
})
const answer = JSON.stringify({ data: Array.from({ length: 10 }, (_, id) => ({ id, name: `Repository ${id}` })) })

createServer((request, response) => {
  request.resume()
  const body = request.url === '/token' ? tokens : answer
  response.writeHead(200, { 'Content-Type': 'application/json', 'Content-Length': body.length }).end(body)
}).listen(Number(process.env.PORT), '127.0.0.1')
