// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import { Nonces } from "@openzeppelin/contracts/utils/Nonces.sol";
import { EpochClock } from "./EpochClock.sol";
import { ICreditOracle } from "./ICreditOracle.sol";
import { SignedMessages } from "./SignedMessages.sol";

/// @title What is signed: reports by members, enrolments and consents by borrowers
/// @notice EIP-712 typed data of one domain, so that a signature counts here and nowhere else. A borrower's counts once.
abstract contract SignedWords is EpochClock, SignedMessages, Nonces {
    bytes32 private constant REPORT_TYPEHASH = keccak256(
        "EpochReport(uint64 epoch,bytes32 config,bytes32 modelId,uint64 snapshotBlock,uint64 snapshotTime,"
        "bytes32 homeHash,bytes32 snapshotHash,bytes32 root,bytes32 scoresHash,uint64 previousEpoch,"
        "uint32 borrowers,uint16 meanScore,uint16 movedBps,uint32 psiBps)"
    );

    /// @dev The fourteen words of a report.
    uint256 internal constant REPORT_BYTES = 448;

    /// @inheritdoc ICreditOracle
    function digestOf(EpochReport calldata report) public view returns (bytes32) {
        bytes32 typehash = REPORT_TYPEHASH;
        bytes32 message;
        // All fields are words in place, so calldata is EIP-712's encoding already. A word out of its field's range makes a digest
        // that no member signs.
        assembly ("memory-safe") {
            let free := mload(0x40)
            mstore(free, typehash)
            calldatacopy(add(free, 0x20), report, REPORT_BYTES)
            message := keccak256(free, add(0x20, REPORT_BYTES))
        }
        return _hashTypedDataV4(message);
    }

    /// @inheritdoc ICreditOracle
    function nonces(address account) public view override(ICreditOracle, Nonces) returns (uint256) {
        return super.nonces(account);
    }
}
