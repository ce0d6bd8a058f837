// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import { IERC20, SafeERC20 } from "@openzeppelin/contracts/token/ERC20/utils/SafeERC20.sol";
import { ICreditOracle } from "../ICreditOracle.sol";

contract MyLender {
    using SafeERC20 for IERC20;

    uint16 public constant THRESHOLD = 650; // a multiple of 10
    uint64 public constant MAX_AGE = 14 days; // of the snapshot, not of the posting
    uint256 public constant LIMIT = 500e6; // of all that one person owes here
    ICreditOracle public immutable ORACLE;
    IERC20 public immutable COIN;
    mapping(address borrower => uint256) public owed;

    error Refused(uint16 threshold, uint8 status);
    error LimitReached(uint256 wanted, uint256 limit);

    constructor(ICreditOracle oracle, IERC20 coin) {
        (ORACLE, COIN) = (oracle, coin);
    }

    function borrow(uint256 amount, ICreditOracle.AtLeastProof calldata proof) external {
        (uint8 status,,) = ORACLE.verifyAtLeast(msg.sender, proof, MAX_AGE); // reverts with the reason
        if (proof.threshold < THRESHOLD || status != 1) revert Refused(proof.threshold, status); // thin 2, disputed +128
        uint256 wanted = owed[msg.sender] + amount;
        if (wanted > LIMIT) revert LimitReached(wanted, LIMIT);
        owed[msg.sender] = wanted;
        COIN.safeTransfer(msg.sender, amount);
    }

    function repay(uint256 amount) external {
        owed[msg.sender] -= amount; // never asks the oracle: whoever wants to pay must be able to
        COIN.safeTransferFrom(msg.sender, address(this), amount);
    }

    function limitNow(address borrower) external view returns (uint256) {
        (bool ok, uint16 score,, uint8 status,,) = ORACLE.tryGetScore(borrower, MAX_AGE); // posted; never reverts
        return ok && status == 1 && score >= THRESHOLD ? LIMIT : 0;
    }
}
