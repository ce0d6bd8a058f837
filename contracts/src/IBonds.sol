// SPDX-License-Identifier: Apache-2.0
// Not pinned to one compiler, unlike the contracts: others build this file with theirs.
pragma solidity ^0.8.20;

/// @title Members' bonds, in the chain's coin
/// @notice A member of the committee leaves a bond here, which it loses when it signs two reports of one epoch.
///
/// What is promised to members: a bond is taken only by the CreditOracle, upon that evidence; whatever lies here above the
/// minimum, and everything once the member is in no committee and none to come, is paid out after the delay. To those who
/// hand in evidence: a share of the bond that is there at that moment, also of what waits to be paid out. All payments are
/// fetched by whom they are owed, so nobody can hold up evidence by refusing money.
///
/// Assumed: the CreditOracle is the one that was named at deployment. A member can hand in the evidence against itself through
/// another account; what that costs it is the beneficiary's share.
interface IBonds {
    /// @notice One member's coins, all of which can be slashed.
    /// @param amount all that is here
    /// @param leaving the part of it that waits to be paid out
    /// @param leavesAt from when that part is paid out
    struct Bond {
        uint128 amount;
        uint128 leaving;
        uint64 leavesAt;
    }

    /// @notice Somebody added to a member's bond.
    event Deposited(address indexed member, address indexed from, uint256 amount);

    /// @notice The member asked for this much, in place of what it asked for before.
    event WithdrawalRequested(address indexed member, uint256 amount, uint64 leavesAt);

    /// @notice The member has what it asked for.
    event Withdrawn(address indexed member, uint256 amount);

    /// @notice The member lost its bond: `toReporter` is owed to who handed in the evidence, the rest to the beneficiary.
    event Slashed(address indexed member, address indexed reporter, uint256 toReporter, uint256 toBeneficiary);

    /// @notice An account has what it was owed from slashed bonds.
    event Collected(address indexed account, uint256 amount);

    /// @notice There is no contract at this address.
    error NoContract(address given);
    /// @notice A share is at most all of it: 10,000 basis points.
    error ShareOutOfRange(uint256 reporterBps);
    /// @notice The zero address cannot fetch what it is owed.
    error BeneficiaryZero();
    /// @notice Coins must stay as long as evidence can still come up: an epoch, and the time to report it.
    error DelayTooShort(uint64 delay, uint256 least);
    /// @notice Bonds of so many coins are not kept.
    error TooMuch(uint256 amount);
    /// @notice The member has not so much.
    error NotThatMuch(uint256 asked, uint256 amount);
    /// @notice A present member, or one that is to follow, keeps the minimum.
    error BelowMinimum(uint256 left, uint256 minimum);
    /// @notice Nothing waits to be paid out.
    error NothingLeaving(address member);
    /// @notice What waits is paid out from `leavesAt` on.
    error NotYet(uint64 leavesAt);
    /// @notice Only the CreditOracle slashes.
    error NotTheOracle(address caller);
    /// @notice The account is owed nothing.
    error NothingOwed(address account);

    /// @notice Adds the coins sent to a member's bond. Anyone may.
    function deposit(address member) external payable;

    /// @notice Asks to be paid `amount` of the caller's bond once the delay is over, in place of what was asked for before; 0 takes
    /// the request back. Until it is paid out it can still be slashed, but no longer counts as bond.
    function requestWithdrawal(uint256 amount) external;

    /// @notice Pays out what the caller has asked for, if the delay is over.
    function withdraw() external;

    /// @notice Takes a member's whole bond. Only the CreditOracle. Does not revert when there is none.
    function slash(address member, address reporter) external;

    /// @notice Pays the caller what it is owed from slashed bonds.
    function collect() external;

    /// @notice The bond that counts: without what waits to be paid out.
    function bondOf(address member) external view returns (uint256);

    /// @notice All that is known of a member's coins.
    function holdingOf(address member) external view returns (Bond memory);

    /// @notice What an account is owed from slashed bonds.
    function owedTo(address account) external view returns (uint256);

    /// @notice The bond that each member must have, in wei.
    function minimum() external view returns (uint256);

    /// @notice How long a withdrawal waits, in seconds.
    function delay() external view returns (uint64);
}
