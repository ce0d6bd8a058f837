// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import { IERC20 } from "@openzeppelin/contracts/token/ERC20/IERC20.sol";
import { ERC20 } from "@openzeppelin/contracts/token/ERC20/ERC20.sol";
import { IPayments } from "../src/IPayments.sol";

/// @notice A coin without permits, of which a hundredth of each transfer vanishes.
contract FeeCoin is ERC20("Fee", "FEE") {
    function mint(address to, uint256 amount) external {
        _mint(to, amount);
    }

    function _update(address from, address to, uint256 amount) internal override {
        super._update(from, to, amount);
        if (from != address(0) && to != address(0)) _burn(to, amount / 100);
    }
}

/// @notice A coin that says no instead of reverting.
contract FalseCoin {
    function balanceOf(address) external pure returns (uint256) {
        return 0;
    }

    function transferFrom(address, address, uint256) external pure returns (bool) {
        return false;
    }
}

/// @notice A coin that pays once more from within a payment.
contract ReentrantCoin is ERC20("Again", "AGAIN") {
    function mint(address to, uint256 amount) external {
        _mint(to, amount);
    }

    function transferFrom(address from, address to, uint256 amount) public override returns (bool) {
        IPayments(msg.sender).pay(IERC20(address(this)), to, amount, IPayments.Purpose.None, 0);
        return super.transferFrom(from, to, amount);
    }
}
