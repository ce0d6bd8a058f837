// The few functions of the contracts that a borrower's wallet calls, and the errors they refuse with (refusals.ts).

import { parseAbi } from "viem";

export const ORACLE = parseAbi([
  "function enrol()",
  "function withdraw()",
  "function isEnrolled(address account) view returns (bool)",
  "struct ScoreProof { uint64 epoch; uint8 status; uint16 score; uint16 width; bytes32 salt; bytes32 detail; bytes32 top; bytes32[] path; }",
  "function postScore(ScoreProof proof)",
  "function withdrawScore()",
  "function scoreOf(address borrower) view returns (uint16 score, uint16 width, uint8 status, uint64 epoch, uint64 snapshotTime)",
  "error ScoreNotProven(address borrower, uint16 score)",
  "error Insufficient(address borrower)",
  "error NewerPosted(uint64 epoch, uint64 posted)",
  "error NotCurrentEpoch(uint64 epoch, uint64 current)",
  "error TooOld(uint64 snapshotTime, uint64 maxAge)",
  "error NoRoot()",
  "error AlreadyEnrolled(address account)",
  "error NotEnrolled(address account)",
]);

export const LOANS = parseAbi([
  "struct Conditions { uint128 owed; uint16 lateFeeBps; uint32 grace; uint32 coolingOff; }",
  "struct Draw { uint128 principal; uint32 interval; uint16 instalments; Conditions worst; address[] guarantors; }",
  "struct AtLeastProof { uint64 epoch; uint8 status; uint16 threshold; bytes32 opening; bytes32 rung; bytes32[] path; }",
  "function borrow(address pool, Draw draw, AtLeastProof proof) returns (uint256 loanId)",
  "struct Loan { address borrower; uint40 start; uint32 interval; uint8 instalments; uint8 marked; uint8 state; address pool; uint32 grace; uint32 coolingOff; uint16 lateFeeBps; uint16 row; uint128 principal; uint128 owed; uint128 outstanding; uint128 fees; }",
  "function repay(uint256 loanId, uint128 amount) returns (uint128 paid)",
  "function cancel(uint256 loanId)",
  "function loanOf(uint256 loanId) view returns (Loan)",
  "function openLoansOf(address borrower) view returns (uint256[])",
  "function nextDueOf(uint256 loanId) view returns (uint64 dueTime, uint128 amount)",
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
  "error PoolNotListed(address pool)",
  "error LoanNotOpen(uint256 loanId)",
  "error NotTheBorrower(address caller, address borrower)",
  "error CoolingOffOver(uint256 loanId, uint256 until)",
  "error AlreadyDefaulted(uint256 loanId)",
  "error CoinMovedLess(uint256 asked, uint256 moved)",
  "error ERC20InsufficientBalance(address sender, uint256 balance, uint256 needed)",
  "error ERC20InsufficientAllowance(address spender, uint256 allowance, uint256 needed)",
]);

/** ITermLoans.State of loans that are owed and not in default: Open and Overdue. */
export const STANDING: readonly number[] = [1, 6];

export const POOL = parseAbi([
  "function name() view returns (string)",
  "function asset() view returns (address)",
  "struct Row { uint16 atLeast; uint8 statuses; uint16 maxWidth; uint16 yearlyRateBps; uint16 expectedLossBps; uint128 limit; }",
  "struct Terms { uint128 maxPrincipal; uint32 maxTerm; uint16 maxInstalments; uint32 grace; uint32 coolingOff; uint16 lateFeeBps; uint64 maxScoreAge; uint16 starterRateBps; uint128 starterLimit; }",
  "function table() view returns (uint16 firstRow, Row[] rows)",
  "function rowFor(uint8 status, uint16 shown, uint16 width) view returns (uint16 row, Row found)",
  "function terms() view returns (Terms)",
  "error NoRowFits(uint16 shown, uint8 status, uint16 least)",
]);

/** The width of a proof of "at least", which shows none, to a pool's table. */
export const WIDTH_NOT_SHOWN = 65_535;

export const COIN = parseAbi([
  "function decimals() view returns (uint8)",
  "function balanceOf(address account) view returns (uint256)",
  "function allowance(address owner, address spender) view returns (uint256)",
  "function approve(address spender, uint256 amount) returns (bool)",
]);

export const LINKS = parseAbi([
  "function link(address other, uint64 deadline, bytes signature)",
  "function unlink()",
  "function bookOf(address wallet) view returns (address[])",
  "function leavesAt(address wallet) view returns (uint64)",
  "function delay() view returns (uint64)",
  "function nonces(address account) view returns (uint256)",
  "error SelfLink(address wallet)",
  "error BothLinked(bytes32 person, bytes32 other)",
  "error TooManyWallets(bytes32 person, uint256 most)",
  "error Leaving(address wallet, uint64 effectiveTime)",
  "error NotLinked(address wallet)",
  "error SignatureExpired(uint64 deadline)",
  "error WrongSignature(address account)",
]);

export const DISPUTES = parseAbi([
  "function dispute(bytes32 factId, bytes32 wordsHash)",
  "function withdrawDispute(bytes32 factId)",
  "function disputeOf(address account, bytes32 factId) view returns (bool isOpen, uint8 outcome)",
  "error NotDisputed(address account, bytes32 factId)",
  "error AlreadyDisputed(address account, bytes32 factId)",
  "error TooManyDisputes(address account, uint256 most)",
]);
