import type { Contender, Measured, Row } from '../compare.ts'
import { expectStatus, member, postJson, UnexpectedReply } from '../request.ts'

/** Where chat completions are asked for. */
export type ChatSide = { label: string; side: Measured; path: string; model: string; headers: string[] }

/** The same question at each side, answered in one piece or as it comes. */
export function chatCompletion(sides: readonly ChatSide[], stream: boolean, concurrency: number): Row {
  return {
    title: `chat completion, ${stream ? 'server-sent events' : 'JSON'}, ${concurrency} at a time`,
    contenders: sides.map((side) => contender(side, stream)),
  }
}

export function chatRequest({ path, model, headers }: ChatSide, stream: boolean): Buffer {
  const question = { model, messages: [{ role: 'user', content: 'Say forty words.' }], max_tokens: 100 }
  return Buffer.from(postJson(path, { ...question, ...(stream && { stream }) }, headers))
}

function contender(chat: ChatSide, stream: boolean): Contender {
  const { label, side } = chat
  const request = chatRequest(chat, stream)
  return {
    label,
    side,
    prepare: async () => async (connection) => {
      const reply = await connection.send(request)
      expectStatus(reply, 200)
      if (!stream) member(reply, 'content')
      else if (!reply.body.endsWith('data: [DONE]\n\n')) throw new UnexpectedReply('a whole stream', reply)
    },
  }
}
