// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import { ERC20 } from "@openzeppelin/contracts/token/ERC20/ERC20.sol";
import { ERC20Permit } from "@openzeppelin/contracts/token/ERC20/extensions/ERC20Permit.sol";
import { ERC3009 } from "@openzeppelin/contracts/token/ERC20/extensions/draft-ERC3009.sol";

/// @title A stable coin for development chains
/// @notice Anyone may mint any amount: it is worth nothing anywhere. It takes permits (EIP-2612) and authorizations (EIP-3009), as
/// the common stable coins do.
contract DevCoin is ERC20("Development USD", "devUSD"), ERC20Permit("Development USD"), ERC3009 {
    /// @notice As many as the common stable coins have.
    function decimals() public pure override returns (uint8) {
        return 6;
    }

    /// @notice Makes `amount` new units for `to`.
    function mint(address to, uint256 amount) external {
        _mint(to, amount);
    }
}
