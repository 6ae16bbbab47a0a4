import { type ModelChoice, modelChoice, modelName } from './model-name.ts'

/** Which model is called, as it is now. What a settings panel holds, and a call reads as it begins. */
export interface ModelSelection {
  /** The same object until something else is chosen, as React's `useSyncExternalStore` wants it. */
  readonly choice: ModelChoice
  /** `provider/model`. */
  readonly modelId: string
  /** By its name, or as provider and model. Calls that run go on with what they began with. */
  choose(chosen: string | ModelChoice): void
  /** Tells of every change until the function that it returns is called. */
  subscribe(listener: (choice: ModelChoice) => void): () => void
}

/** A choice of a model that can be changed and watched. */
export function createSelection(initial: string | ModelChoice): ModelSelection {
  const listeners = new Set<{ tell: (choice: ModelChoice) => void }>()
  let choice = choiceOf(initial)
  return {
    get choice() {
      return choice
    },
    get modelId() {
      return modelName(choice)
    },
    choose(chosen) {
      const next = choiceOf(chosen)
      if (modelName(next) === modelName(choice)) return
      choice = next
      for (const { tell } of [...listeners]) tell(next)
    },
    subscribe(listener) {
      const entry = { tell: listener }
      listeners.add(entry)
      return () => {
        listeners.delete(entry)
      }
    },
  }
}

/** By way of its name, so that what comes in as two parts is held to the same rules. */
function choiceOf(chosen: string | ModelChoice): ModelChoice {
  return Object.freeze(modelChoice(typeof chosen === 'string' ? chosen : modelName(chosen)))
}
