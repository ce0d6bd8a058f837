// Any failure as one sentence for the person: what happened, what to do.

import { Problem } from "./api";
import { say } from "./language.svelte";
import { isDeclined } from "./wallet";
import { WORDS } from "./words";

export function sentence(error: unknown): string {
  if (isDeclined(error)) return say(WORDS.declined);
  if (error instanceof Problem && error.status === 0) return say(WORDS.notReached);
  return error instanceof Error ? error.message : String(error);
}
