// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import { ERC20 } from "@openzeppelin/contracts/token/ERC20/ERC20.sol";

/// @notice A token that misbehaves in one way at a time.
contract BadCoin is ERC20("Bad coin", "BAD") {
    enum Way {
        None,
        TakesAFee,
        SaysFalse,
        RefusesOne,
        CallsBack
    }

    Way private _way;
    address private _one;
    bytes private _call;
    /// @notice Whether the call back was let through, and what it answered.
    bool public calledBack;
    bytes public answer;

    function mint(address to, uint256 amount) external {
        _mint(to, amount);
    }

    /// @notice `one` is whom it refuses, or whom it calls back with `call`.
    function misbehave(Way way, address one, bytes calldata call) external {
        (_way, _one, _call) = (way, one, call);
    }

    function transfer(address to, uint256 amount) public override returns (bool) {
        return _way != Way.SaysFalse && super.transfer(to, amount);
    }

    function transferFrom(address from, address to, uint256 amount) public override returns (bool) {
        return _way != Way.SaysFalse && super.transferFrom(from, to, amount);
    }

    function _update(address from, address to, uint256 amount) internal override {
        require(_way != Way.RefusesOne || to != _one, "blocked");
        super._update(from, to, amount);
        if (from == address(0)) return;
        if (_way == Way.TakesAFee) super._update(to, address(0xFEE), amount / 100 + 1);
        if (_way == Way.CallsBack) (calledBack, answer) = _one.call(_call);
    }
}
