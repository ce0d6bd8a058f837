// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import { EIP712 } from "@openzeppelin/contracts/utils/cryptography/EIP712.sol";
import { SignatureChecker } from "@openzeppelin/contracts/utils/cryptography/SignatureChecker.sol";
import { ISigned } from "./ISigned.sol";

/// @title That an account signed a message of this contract's domain
/// @notice By a key, or as a contract says (ERC-1271). A signature with a high s is refused, so that there is one of each.
abstract contract SignedMessages is EIP712 {
    /// @dev That `account` signed this struct, and may still mean it.
    function _checkSigned(address account, bytes32 structHash, uint64 deadline, bytes calldata signature)
        internal
        view
    {
        if (block.timestamp > deadline) revert ISigned.SignatureExpired(deadline);
        if (!SignatureChecker.isValidSignatureNowCalldata(account, _hashTypedDataV4(structHash), signature)) {
            revert ISigned.WrongSignature(account);
        }
    }
}
