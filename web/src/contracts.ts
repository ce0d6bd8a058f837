// The few functions of the contracts that a borrower's wallet calls.

import { parseAbi } from "viem";

export const ORACLE = parseAbi([
  "function enrol()",
  "function withdraw()",
  "error AlreadyEnrolled(address account)",
  "error NotEnrolled(address account)",
]);

export const LOANS = parseAbi([
  "struct Draw { uint128 principal; uint32 interval; uint16 instalments; address[] guarantors; }",
  "struct AtLeastProof { uint64 epoch; uint8 status; uint16 threshold; bytes32 opening; bytes32 rung; bytes32[] path; }",
  "function borrow(address pool, Draw draw, AtLeastProof proof) returns (uint256 loanId)",
  "error NotCurrentEpoch(uint64 epoch, uint64 current)",
  "error AtLeastNotProven(address borrower, uint16 threshold)",
  "error TooOld(uint64 snapshotTime, uint64 maxAge)",
  "error NoRoot()",
]);

export const DISPUTES = parseAbi(["function dispute(bytes32 factId, bytes32 wordsHash)"]);
