import type { Operation } from './backend.ts'
import { unsupported } from './fields.ts'
import type { ModelEntry } from './provider-settings.ts'
import type { ServedModel } from './registry.ts'

/** What a model is for: to answer, in whatever dialect, or to embed. */
export type ModelOperation = 'chat' | 'embeddings'

const neededFor = (operation: Operation): ModelOperation => (operation === 'embeddings' ? 'embeddings' : 'chat')

/** As the operator says it, or the name: nobody else knows. */
export function operationsOf({ id, upstream_model, operations }: ModelEntry): readonly ModelOperation[] {
  return operations ?? (/embed/i.test(`${id} ${upstream_model ?? ''}`) ? ['embeddings'] : ['chat'])
}

/** A name may be wrong: only what the operator says is refused. */
export function refuseOtherOperation(operation: Operation, { name, entry }: ServedModel): void {
  if (entry.operations?.includes(neededFor(operation)) ?? true) return
  const instead = operation === 'embeddings' ? 'answers, and embeds nothing' : 'embeds, and answers nothing'
  throw unsupported('model', `${name} ${instead}; ask another model`)
}
