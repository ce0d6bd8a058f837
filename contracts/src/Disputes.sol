// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import { Ownable } from "@openzeppelin/contracts/access/Ownable.sol";
import { Ownable2Step } from "@openzeppelin/contracts/access/Ownable2Step.sol";
import { EIP712 } from "@openzeppelin/contracts/utils/cryptography/EIP712.sol";
import { IDisputes } from "./IDisputes.sol";
import { Signed } from "./Signed.sol";

/// @title Disputes
/// @notice See IDisputes, which says what is promised.
/// @dev The owner (a timelock) names the arbiter and can do nothing else: it opens, withdraws and decides nothing.
contract Disputes is IDisputes, Signed, Ownable2Step {
    struct Dispute {
        bool isOpen;
        Outcome outcome;
    }

    /// @dev What was upheld in the window of this number.
    struct Window {
        uint192 number;
        uint64 upheld;
    }

    bytes32 private constant DISPUTE_TYPEHASH =
        keccak256("Dispute(address account,bytes32 factId,bytes32 wordsHash,uint256 nonce,uint64 deadline)");
    uint256 private constant MAX_OPEN = 8;

    /// @notice How many facts can be upheld in one window.
    uint64 public immutable maxUpheld;
    /// @notice How long a window lasts, in seconds; windows begin at multiples of it.
    uint64 public immutable windowSeconds;

    /// @inheritdoc IDisputes
    address public arbiter;

    Counts private _counts;
    Window private _window;
    mapping(address account => uint256) private _open;
    mapping(address account => mapping(bytes32 factId => Dispute)) private _disputes;

    /// @param owner names the arbiter: a timelock
    /// @param arbiter_ decides; zero: nobody yet
    constructor(address owner, address arbiter_, uint64 maxUpheld_, uint64 windowSeconds_)
        EIP712("Disputes", "1")
        Ownable(owner)
    {
        if (windowSeconds_ == 0) revert WindowZero();
        maxUpheld = maxUpheld_;
        windowSeconds = windowSeconds_;
        _setArbiter(arbiter_);
    }

    // ------------------------------------------------------------------------------------------------------------ accounts

    /// @inheritdoc IDisputes
    function dispute(bytes32 factId, bytes32 wordsHash) external {
        _dispute(msg.sender, factId, wordsHash);
    }

    /// @inheritdoc IDisputes
    function disputeFor(address account, bytes32 factId, bytes32 wordsHash, uint64 deadline, bytes calldata signature)
        external
    {
        uint256 nonce = _useNonce(account);
        bytes32 message = keccak256(abi.encode(DISPUTE_TYPEHASH, account, factId, wordsHash, nonce, deadline));
        _checkSigned(account, message, deadline, signature);
        _dispute(account, factId, wordsHash);
    }

    /// @inheritdoc IDisputes
    function withdrawDispute(bytes32 factId) external {
        _close(msg.sender, factId);
        delete _disputes[msg.sender][factId];
        ++_counts.withdrawn;
        emit DisputeWithdrawn(msg.sender, factId);
    }

    // ------------------------------------------------------------------------------------------------------------- arbiter

    /// @inheritdoc IDisputes
    function decide(address account, bytes32 factId, Outcome outcome, bytes32 reasonsHash) external {
        if (msg.sender != arbiter) revert NotTheArbiter(msg.sender);
        if (outcome == Outcome.None) revert OutcomeMissing();
        if (outcome == Outcome.Unconfirmed) _checkOpen(account, factId);
        else _close(account, factId);
        _count(outcome);
        _disputes[account][factId].outcome = outcome;
        emit DisputeDecided(account, factId, outcome, reasonsHash);
    }

    /// @inheritdoc IDisputes
    function setArbiter(address arbiter_) external onlyOwner {
        _setArbiter(arbiter_);
    }

    // --------------------------------------------------------------------------------------------------------------- reads

    /// @inheritdoc IDisputes
    function disputeOf(address account, bytes32 factId) external view returns (bool isOpen, Outcome outcome) {
        Dispute memory found = _disputes[account][factId];
        return (found.isOpen, found.outcome);
    }

    /// @inheritdoc IDisputes
    function openOf(address account) external view returns (uint256) {
        return _open[account];
    }

    /// @inheritdoc IDisputes
    function counts() external view returns (Counts memory) {
        return _counts;
    }

    /// @inheritdoc IDisputes
    function upholdableNow() public view returns (uint256) {
        return _window.number == _windowNow() ? maxUpheld - _window.upheld : maxUpheld;
    }

    // ------------------------------------------------------------------------------------------------------------- private

    function _dispute(address account, bytes32 factId, bytes32 wordsHash) private {
        if (_disputes[account][factId].isOpen) revert AlreadyDisputed(account, factId);
        if (_open[account] == MAX_OPEN) revert TooManyDisputes(account, MAX_OPEN);
        ++_open[account];
        ++_counts.disputed;
        _disputes[account][factId] = Dispute(true, Outcome.None);
        emit Disputed(account, factId, wordsHash);
    }

    function _checkOpen(address account, bytes32 factId) private view {
        if (!_disputes[account][factId].isOpen) revert NotDisputed(account, factId);
    }

    function _close(address account, bytes32 factId) private {
        _checkOpen(account, factId);
        --_open[account];
        _disputes[account][factId].isOpen = false;
    }

    function _count(Outcome outcome) private {
        if (outcome == Outcome.Unconfirmed) {
            ++_counts.unconfirmed;
        } else if (outcome == Outcome.NotUpheld) {
            ++_counts.notUpheld;
        } else {
            _takeFromWindow();
            ++_counts.upheld;
        }
    }

    function _takeFromWindow() private {
        uint192 number = _windowNow();
        if (upholdableNow() == 0) revert TooManyUpheld(maxUpheld, (uint256(number) + 1) * windowSeconds);
        _window = Window(number, _window.number == number ? _window.upheld + 1 : 1);
    }

    function _windowNow() private view returns (uint192) {
        return uint192(block.timestamp / windowSeconds);
    }

    function _setArbiter(address arbiter_) private {
        arbiter = arbiter_;
        emit ArbiterSet(arbiter_);
    }
}
