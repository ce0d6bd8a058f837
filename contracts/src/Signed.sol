// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import { EIP712 } from "@openzeppelin/contracts/utils/cryptography/EIP712.sol";
import { SignatureChecker } from "@openzeppelin/contracts/utils/cryptography/SignatureChecker.sol";
import { Nonces } from "@openzeppelin/contracts/utils/Nonces.sol";
import { ISigned } from "./ISigned.sol";

/// @title Words that an account signs and somebody else brings
/// @notice See ISigned. A signature with a high s is refused, so that there is one of each.
abstract contract Signed is ISigned, EIP712, Nonces {
    /// @inheritdoc ISigned
    function skipNonce() external {
        _useNonce(msg.sender);
    }

    /// @inheritdoc ISigned
    function nonces(address account) public view override(ISigned, Nonces) returns (uint256) {
        return super.nonces(account);
    }

    /// @dev That `account`, a key or a contract, signed this struct, and may still mean it.
    function _checkSigned(address account, bytes32 structHash, uint64 deadline, bytes calldata signature)
        internal
        view
    {
        if (block.timestamp > deadline) revert SignatureExpired(deadline);
        if (!SignatureChecker.isValidSignatureNowCalldata(account, _hashTypedDataV4(structHash), signature)) {
            revert WrongSignature(account);
        }
    }
}
