// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import { IERC20, SafeERC20 } from "@openzeppelin/contracts/token/ERC20/utils/SafeERC20.sol";

/// @title Coins that arrive whole
/// @notice A coin that keeps a fee of what it moves is refused, so that what is booked is what is here.
library ExactCoins {
    using SafeERC20 for IERC20;

    /// @notice Of `asked`, only `moved` arrived.
    error CoinMovedLess(uint256 asked, uint256 moved);

    /// @dev Moves `amount` of the caller's, by the allowance that it gave this contract.
    function take(IERC20 coin, address to, uint256 amount) internal {
        uint256 before = coin.balanceOf(to);
        coin.safeTransferFrom(msg.sender, to, amount);
        _check(coin, to, before, amount);
    }

    /// @dev Moves `amount` of this contract's own.
    function give(IERC20 coin, address to, uint256 amount) internal {
        uint256 before = coin.balanceOf(to);
        coin.safeTransfer(to, amount);
        _check(coin, to, before, amount);
    }

    function _check(IERC20 coin, address to, uint256 before, uint256 amount) private view {
        uint256 balance = coin.balanceOf(to);
        uint256 moved = balance > before ? balance - before : 0;
        if (moved < amount) revert CoinMovedLess(amount, moved);
    }
}
