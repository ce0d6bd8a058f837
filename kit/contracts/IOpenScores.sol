// SPDX-License-Identifier: Apache-2.0
// Not pinned to one compiler, unlike the contracts: others build this file with theirs.
pragma solidity ^0.8.20;

import { ICreditOracle } from "./ICreditOracle.sol";

/// @title Scores that their borrowers show to everyone, read by any client of EIP-3668 (CCIP Read)
/// @notice `scoreOf` reverts with OffchainLookup; viem, ethers and others then ask one of the gateways and call `answered` with what it said.
/// The gateway is not trusted: its answer is a proof, checked here against the oracle's current root. It can refuse, and does for borrowers
/// who did not open their score, in the same words whether it knows them or not.
///
/// The gateways are fixed when this contract is made. Whoever needs others makes another: nobody can point a client elsewhere later.
interface IOpenScores {
    /// @notice What a client of EIP-3668 needs: whom to ask what, and which function takes the answer.
    error OffchainLookup(address sender, string[] urls, bytes callData, bytes4 callbackFunction, bytes extraData);
    /// @notice A client needs somewhere to ask.
    error NoGateways();

    /// @notice The open score of a borrower from a snapshot at most `maxAge` seconds old. Always reverts with OffchainLookup.
    /// @return score from 300 to 850
    /// @return width half of the 90 % interval
    /// @return status 1 full record, 2 short record; plus 128 while the borrower disputes a fact
    function scoreOf(address borrower, uint64 maxAge)
        external
        view
        returns (uint16 score, uint16 width, uint8 status, uint64 epoch, uint64 snapshotTime);

    /// @notice What the gateway said, checked. Reverts as the oracle's `verifyScore` does when it proves nothing.
    /// @param response abi.encode(ICreditOracle.ScoreProof)
    /// @param extraData abi.encode(borrower, maxAge), as `scoreOf` gave it
    function answered(bytes calldata response, bytes calldata extraData)
        external
        view
        returns (uint16 score, uint16 width, uint8 status, uint64 epoch, uint64 snapshotTime);

    /// @notice Where clients ask, as EIP-3668 writes it: with {sender} and {data}.
    function gateways() external view returns (string[] memory urls);

    /// @notice Whose roots count.
    // solhint-disable-next-line func-name-mixedcase
    function ORACLE() external view returns (ICreditOracle);
}

/// @notice What a gateway is asked; no contract has it.
interface IGateway {
    /// @notice A proof of the borrower's score in the current epoch.
    function openProof(address borrower) external view returns (ICreditOracle.ScoreProof memory proof);
}
