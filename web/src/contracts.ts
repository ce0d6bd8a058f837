// The few functions of the contracts that a borrower's wallet calls, and the errors they refuse with (refusals.ts).

import { parseAbi } from "viem";

export const ORACLE = parseAbi([
  "function enrol()",
  "function withdraw()",
  "error AlreadyEnrolled(address account)",
  "error NotEnrolled(address account)",
]);

export const LOANS = parseAbi([
  "struct Conditions { uint128 owed; uint16 lateFeeBps; uint32 grace; uint32 coolingOff; }",
  "struct Draw { uint128 principal; uint32 interval; uint16 instalments; Conditions worst; address[] guarantors; }",
  "struct AtLeastProof { uint64 epoch; uint8 status; uint16 threshold; bytes32 opening; bytes32 rung; bytes32[] path; }",
  "function borrow(address pool, Draw draw, AtLeastProof proof) returns (uint256 loanId)",
  "event LoanDrawn(uint256 indexed loanId, address indexed borrower, address indexed pool, address coin, uint128 principal, uint128 owed, uint64 dueTime, uint16 instalments, bool starter)",
  "error NotCurrentEpoch(uint64 epoch, uint64 current)",
  "error AtLeastNotProven(address borrower, uint16 threshold)",
  "error TooOld(uint64 snapshotTime, uint64 maxAge)",
  "error NoRoot()",
  "error AmountZero()",
  "error NoRowFits(uint16 shown, uint8 status, uint16 least)",
  "error TermOutOfRange(uint256 termSeconds, uint32 longest)",
  "error PrincipalTooLarge(uint128 principal, uint128 largest)",
  "error OwesMoreThanAgreed(uint128 owed, uint128 agreed)",
  "error WorseThanAgreed(uint16 lateFeeBps, uint32 grace, uint32 coolingOff)",
  "error ExposureExceeded(address borrower, uint256 exposureCents, uint256 limitCents)",
  "error LoanOverdue(uint256 loanId, uint64 dueTime)",
  "error TooManyLoans(address borrower, uint256 open)",
  "error NotEnoughIdle(uint256 asked, uint256 idle)",
]);

export const POOL = parseAbi([
  "struct Row { uint16 atLeast; uint8 statuses; uint16 maxWidth; uint16 yearlyRateBps; uint16 expectedLossBps; uint128 limit; }",
  "struct Terms { uint128 maxPrincipal; uint32 maxTerm; uint16 maxInstalments; uint32 grace; uint32 coolingOff; uint16 lateFeeBps; uint64 maxScoreAge; uint16 starterRateBps; uint128 starterLimit; }",
  "function rowFor(uint8 status, uint16 shown, uint16 width) view returns (uint16 row, Row found)",
  "function terms() view returns (Terms)",
  "error NoRowFits(uint16 shown, uint8 status, uint16 least)",
]);

/** The width of a proof of "at least", which shows none, to a pool's table. */
export const WIDTH_NOT_SHOWN = 65_535;

export const DISPUTES = parseAbi([
  "function dispute(bytes32 factId, bytes32 wordsHash)",
  "error AlreadyDisputed(address account, bytes32 factId)",
  "error TooManyDisputes(address account, uint256 most)",
]);
