import { createServer } from 'node:http'

// What a server costs that does nothing: the load generator must be able to ask more than this can answer.
const body = JSON.stringify({ access_token: 'a'.repeat(600), token_type: 'Bearer', expires_in: 3600 })
const headers = { 'Content-Type': 'application/json', 'Content-Length': body.length }

createServer((request, response) => {
  request.resume()
  response.writeHead(200, headers).end(body)
}).listen(Number(process.env.PORT), '127.0.0.1')
