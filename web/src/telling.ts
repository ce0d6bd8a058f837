// Any failure as one sentence for the person: what happened, what to do.

import { Problem } from "./api";
import { say } from "./language.svelte";
import { isDeclined } from "./wallet";
import { WORDS } from "./words";

export function sentence(error: unknown): string {
  if (isDeclined(error)) return say(WORDS.declined);
  if (!(error instanceof Problem)) return error instanceof Error ? error.message : String(error);
  if (error.status === 0) return say(WORDS.notReached);
  if (error.status === 401) return say(WORDS.over);
  if (error.status === 403) return say(WORDS.noConsent);
  if (error.status === 429) return say(WORDS.tooOften);
  return error.message;
}
