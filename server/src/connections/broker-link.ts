import type { BrokerElsewhere } from '../config.ts'
import { createOutbound, type Outbound } from '../http/outbound.ts'

/** A broker in a process of its own, as a gateway reaches it. */
export interface BrokerLink {
  url: string
  key: string
  outbound: Outbound
}

/** The address is the operator's own: a private network is what it is for. */
export function openBrokerLink({ url, key }: BrokerElsewhere): BrokerLink {
  return { url, key, outbound: createOutbound({ allow: [new URL(url).host] }) }
}
