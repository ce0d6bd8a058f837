// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import { ICreditOracle } from "./ICreditOracle.sol";
import { SignedWords } from "./SignedWords.sol";

/// @title Who asked to be scored
/// @notice Only an account itself, or who carries its signature, decides.
abstract contract Enrolments is SignedWords {
    bytes32 private constant ENROLMENT_TYPEHASH =
        keccak256("Enrolment(address account,bool scored,uint256 nonce,uint64 deadline)");

    mapping(address account => bool) private _enrolled;

    /// @inheritdoc ICreditOracle
    function enrol() external {
        _enrol(msg.sender);
    }

    /// @inheritdoc ICreditOracle
    function withdraw() external {
        _withdraw(msg.sender);
    }

    /// @inheritdoc ICreditOracle
    function setEnrolmentFor(address account, bool scored, uint64 deadline, bytes calldata signature) external {
        bytes32 message = keccak256(abi.encode(ENROLMENT_TYPEHASH, account, scored, _useNonce(account), deadline));
        _checkSigned(account, message, deadline, signature);
        scored ? _enrol(account) : _withdraw(account);
    }

    /// @inheritdoc ICreditOracle
    function isEnrolled(address account) external view returns (bool) {
        return _enrolled[account];
    }

    function _enrol(address account) private {
        if (_enrolled[account]) revert AlreadyEnrolled(account);
        _enrolled[account] = true;
        emit Enrolled(account);
    }

    function _withdraw(address account) private {
        if (!_enrolled[account]) revert NotEnrolled(account);
        _enrolled[account] = false;
        emit Withdrawn(account);
    }
}
