// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import { Committees } from "./Committees.sol";
import { ICreditOracle } from "./ICreditOracle.sol";

/// @title Checks committees and keeps them as code
/// @notice Part of a CreditOracle, which deploys it and alone points to what it stores; a contract of its own because both
/// together would be larger than a contract may be. It has no state and no owner, so that anyone may call it.
contract CommitteeStore {
    /// @notice Stores a committee that can sign; reverts with ICreditOracle's errors when it cannot.
    /// @return pointer where it is; see Committees for its layout
    /// @return digest what reports carry
    function store(ICreditOracle.Committee calldata committee) external returns (address pointer, bytes32 digest) {
        Committees.check(committee);
        return (Committees.store(committee), Committees.digest(committee));
    }

    /// @notice Stores a stored committee without one of its members.
    /// @return the new place; the old one when the account is not a member, or the only one
    function without(address pointer, address member) external returns (address) {
        bytes memory code = Committees.load(pointer);
        uint256 size = Committees.sizeIn(code);
        uint256 index = Committees.indexIn(code, member);
        if (index == size || size == 1) return pointer;
        return Committees.store(Committees.without(Committees.unpack(code), index));
    }
}
