// What a lender needs beside its own contract: ABIs with every error, the service, proofs, consents, open scores.

export { creditOracle, loanPool, openScores, termLoans } from "./abi.js";
export { giveConsent, readByConsent, type Consent, type Deployment, type Purpose, type TypedSigner } from "./consent.js";
export { openScore, type OpenScore } from "./open_scores.js";
export { atLeastArgs, scoreArgs } from "./proofs.js";
export { refusalOf, type Refusal } from "./refusals.js";
export {
  CreditService,
  Problem,
  type AtLeastProof,
  type Ladder,
  type Operator,
  type Score,
  type ScoreProof,
  type Session,
  type Shown,
  type Signer,
  type Verified,
} from "./service.js";
export type { components, paths } from "./schema.js";
