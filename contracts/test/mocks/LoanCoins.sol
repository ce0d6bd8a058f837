// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import { ERC20 } from "@openzeppelin/contracts/token/ERC20/ERC20.sol";

/// @notice A coin of any number of decimals, which anyone may mint.
contract SizedCoin is ERC20("Test USD", "tUSD") {
    uint8 private immutable _decimals;

    constructor(uint8 decimals_) {
        _decimals = decimals_;
    }

    function decimals() public view override returns (uint8) {
        return _decimals;
    }

    function mint(address to, uint256 amount) external {
        _mint(to, amount);
    }
}

/// @notice Burns a hundredth of what it moves, once that is switched on.
contract FeeCoin is SizedCoin(6) {
    bool public keepsFee;

    function keepFee() external {
        keepsFee = true;
    }

    function _update(address from, address to, uint256 amount) internal override {
        super._update(from, to, amount);
        if (keepsFee && from != address(0) && to != address(0)) super._update(to, address(0), amount / 100);
    }
}

/// @notice Answers false and moves nothing, once that is switched on.
contract FalseCoin is SizedCoin(6) {
    bool public refuses;

    function refuse() external {
        refuses = true;
    }

    function transfer(address to, uint256 amount) public override returns (bool) {
        return !refuses && super.transfer(to, amount);
    }

    function transferFrom(address from, address to, uint256 amount) public override returns (bool) {
        return !refuses && super.transferFrom(from, to, amount);
    }
}

/// @notice Calls whom it was told to, with what it was told, before or after it moves; a call that fails fails the move.
contract HookCoin is SizedCoin(6) {
    address private _target;
    bytes private _call;
    bool private _after;

    function hook(address target, bytes calldata call, bool after_) external {
        (_target, _call, _after) = (target, call, after_);
    }

    function _update(address from, address to, uint256 amount) internal override {
        if (!_after) _ring();
        super._update(from, to, amount);
        if (_after) _ring();
    }

    function _ring() private {
        if (_target == address(0)) return;
        (address target, bytes memory call) = (_target, _call);
        _target = address(0); // once
        (bool done, bytes memory answer) = target.call(call);
        if (done) return;
        assembly ("memory-safe") {
            revert(add(answer, 32), mload(answer))
        }
    }
}
