// The service, spoken to in one place: JSON, the session in an HttpOnly cookie, problems as sentences.

import { language } from "./language.svelte";

export interface Operator {
  name: string;
  licence: string | null;
  demo: boolean;
  chainId: number;
  contract: string;
  loans: string | null;
  pool: string | null;
  coin: string | null;
  links: string | null;
  disputes: string | null;
  rpc: string | null;
  explorer: string | null;
  reportKey: string;
}

export interface Reason {
  code: number;
  points: number;
  text: string;
}

export interface Help {
  feature: string;
  points: number;
  text: string;
}

export interface Step {
  text: string;
  days: number;
  low: number;
  high: number;
}

export interface Statement {
  account: string;
  epoch: number;
  snapshotTime: number;
  nextUpdate: number | null;
  activeFrom: number | null;
  model: string;
  status: string;
  disputed: boolean;
  flags: { held: boolean | null; stale: boolean | null; upcoming: boolean | null; vetoed: boolean | null };
  score: number | null;
  band?: string | null;
  low?: number;
  high?: number;
  badBps?: number;
  segment?: string;
  capped?: { cap: number; without: number; text: string } | null;
  helped?: Help[];
  heldBack?: Reason[];
  target?: number | null;
  planText?: string | null;
  plan?: Step[];
}

export interface Past {
  epoch: number;
  snapshotTime: number;
  status: string;
  score: number | null;
  low: number | null;
  high: number | null;
  model: string;
}

export interface Fact {
  factId: string;
  kind: string;
  chainId: number;
  blockNumber: number;
  txHash: string;
  blockTime: number;
  counterparty: string | null;
  valueCents: number | null;
  dueTime: number | null;
  outcome: string;
  disputed: boolean;
  excluded: boolean;
  scoreWith: number | null;
  scoreWithout: number | null;
}

/** An epoch's score as it is, and as it would be without one fact; null where there is none. */
export interface Without {
  epoch: number;
  scoreWith: number | null;
  scoreWithout: number | null;
}

export interface Dispute {
  factId: string;
  reason: string;
  words: string;
  time: number;
  decisions: { outcome: number; reasons: string; time: number }[];
}

export interface Consent {
  id: string;
  reader: string;
  readerName: string;
  what: string;
  purpose: string;
  notAfter: number;
  count: number;
  remaining: number;
  stopped: number | null;
  active: boolean;
}

export interface Read {
  number: number;
  time: number;
  reader: string;
  what: string;
  purpose: string;
  consent: string;
  result: string;
}

export interface DemoWallet {
  name: string;
  address: `0x${string}`;
  privateKey: `0x${string}`;
  secondOf: string | null;
}

export interface Model {
  modelId: string;
  scorecard: { name: string; segments: Record<string, { terms: unknown[] }> };
  card: string | null;
  cardHash: string | null;
}

export interface EpochStatus {
  epoch: number;
  snapshotTime: number;
  root: string;
  modelId: string;
  borrowers: number;
  meanScore: number;
  movedBps: number;
  psiBps: number;
  standing: string | null;
  activeFrom: number | null;
  signatures: number;
  members: number | null;
  quorum: number | null;
}

export interface Dissent {
  epoch: number;
  member: string;
  root: string;
  fields: string[];
  borrowers: number | null;
  isAll: boolean;
  twoStories: boolean;
}

/** How the service is; null is what it does not know now. */
export interface Status {
  databaseAnswers: boolean;
  chainTime: number | null;
  readEpoch: number | null;
  nextUpdate: number | null;
  maxAge: number | null;
  limits: { maxPsiBps: number } | null;
  epochs: EpochStatus[];
  dissentWatched: boolean;
  dissent: Dissent[] | null;
}

/** What the service, or its absence, says: one sentence for the person. */
export class Problem extends Error {
  constructor(
    readonly status: number,
    detail: string,
  ) {
    super(detail);
  }
}

let signedOut = () => {};

/** Call this when the service says that nobody is signed in. */
export function onSignedOut(then: () => void): void {
  signedOut = then;
}

async function ask<T>(method: string, path: string, body?: unknown): Promise<T> {
  const headers: Record<string, string> = { accept: "application/json", "accept-language": language.now };
  if (body !== undefined) headers["content-type"] = "application/json";
  let answer: Response;
  try {
    answer = await fetch(`/v1${path}`, {
      method,
      headers,
      credentials: "same-origin",
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
  } catch {
    throw new Problem(0, "");
  }
  if (answer.status === 204) return undefined as T;
  const found: unknown = await answer.json().catch(() => ({}));
  if (answer.ok) return found as T;
  if (answer.status === 401) signedOut();
  const told = (found as { detail?: string }).detail;
  throw new Problem(answer.status, told ?? `${answer.status}`);
}

export const get = <T>(path: string) => ask<T>("GET", path);
export const post = <T>(path: string, body: unknown = {}) => ask<T>("POST", path, body);
export const remove = <T>(path: string) => ask<T>("DELETE", path);
