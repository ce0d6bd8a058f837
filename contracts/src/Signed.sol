// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import { Nonces } from "@openzeppelin/contracts/utils/Nonces.sol";
import { ISigned } from "./ISigned.sol";
import { SignedMessages } from "./SignedMessages.sol";

/// @title Words that an account signs and somebody else brings
/// @notice See ISigned.
abstract contract Signed is ISigned, SignedMessages, Nonces {
    /// @inheritdoc ISigned
    function skipNonce() external {
        _useNonce(msg.sender);
    }

    /// @inheritdoc ISigned
    function nonces(address account) public view override(ISigned, Nonces) returns (uint256) {
        return super.nonces(account);
    }
}
