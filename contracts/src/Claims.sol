// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import { Math } from "@openzeppelin/contracts/utils/math/Math.sol";
import { IReceivables } from "./IReceivables.sol";

/// @title Who is to be paid how much of an invoice
/// @notice All claims on an opened invoice together are what is outstanding. While the amount is only committed to, there is one
/// holder, of a claim of 0. A part that payments have brought to 0 keeps its place.
abstract contract Claims is IReceivables {
    struct Claim {
        address holder;
        uint256 amount;
    }

    /// @notice Holders that one invoice can have; it bounds the work of a payment.
    uint256 public constant MAX_HOLDERS = 16;

    mapping(bytes32 invoiceId => Claim[]) private _claims;

    /// @inheritdoc IReceivables
    function holdersOf(bytes32 invoiceId) external view returns (address[] memory holders) {
        Claim[] storage claims = _claims[invoiceId];
        holders = new address[](claims.length);
        for (uint256 i = 0; i < holders.length; ++i) {
            holders[i] = claims[i].holder;
        }
    }

    /// @inheritdoc IReceivables
    function claimOf(bytes32 invoiceId, address holder) public view returns (uint256) {
        (uint256 place, bool found) = _find(invoiceId, holder);
        return found ? _claims[invoiceId][place].amount : 0;
    }

    /// @dev The first claim: all of an invoice, by its supplier.
    function _startClaim(bytes32 invoiceId, address supplier, uint256 amount) internal {
        _claims[invoiceId].push(Claim(supplier, amount));
    }

    /// @dev The amount of the only claim has become known.
    function _openClaim(bytes32 invoiceId, uint256 amount) internal {
        _claims[invoiceId][0].amount = amount;
    }

    /// @dev What the account holds; it must be a holder.
    function _claimHeld(bytes32 invoiceId, address holder) internal view returns (uint256 amount) {
        (uint256 place, bool found) = _find(invoiceId, holder);
        if (!found) revert NotAHolder(invoiceId, holder);
        return _claims[invoiceId][place].amount;
    }

    /// @dev Takes `amount` away from a holder that has as much.
    function _lessenClaim(bytes32 invoiceId, address holder, uint256 amount) internal {
        (uint256 place,) = _find(invoiceId, holder);
        _claims[invoiceId][place].amount -= amount;
    }

    /// @dev All of a holder's claim goes to another, who may hold a part already.
    function _moveClaim(bytes32 invoiceId, address holder, address newHolder) internal {
        Claim[] storage claims = _claims[invoiceId];
        (uint256 place,) = _find(invoiceId, holder);
        (uint256 newPlace, bool found) = _find(invoiceId, newHolder);
        if (!found) {
            claims[place].holder = newHolder;
            return;
        }
        claims[newPlace].amount += claims[place].amount;
        claims[place] = claims[claims.length - 1];
        claims.pop();
    }

    /// @dev A part of a holder's claim goes to another, who may hold a part already.
    function _splitClaim(bytes32 invoiceId, address holder, address newHolder, uint256 amount) internal {
        Claim[] storage claims = _claims[invoiceId];
        _lessenClaim(invoiceId, holder, amount);
        (uint256 newPlace, bool found) = _find(invoiceId, newHolder);
        if (found) {
            claims[newPlace].amount += amount;
            return;
        }
        if (claims.length == MAX_HOLDERS) revert TooManyHolders(invoiceId, MAX_HOLDERS);
        claims.push(Claim(newHolder, amount));
    }

    /// @dev Shares `amount` of what is `outstanding` by claims, and takes the shares off them. A holder's share is what the
    /// claims up to and with its own are to have, rounded down, less what those before it have: so all shares together are the
    /// amount, and none is more than its claim or a whole unit away from the exact share.
    function _shareOut(bytes32 invoiceId, uint256 amount, uint256 outstanding)
        internal
        returns (Claim[] memory shares)
    {
        Claim[] storage claims = _claims[invoiceId];
        shares = claims;
        uint256 claimed = 0;
        uint256 shared = 0;
        for (uint256 i = 0; i < shares.length; ++i) {
            uint256 claim = shares[i].amount;
            claimed += claim;
            uint256 share = Math.mulDiv(amount, claimed, outstanding) - shared;
            shared += share;
            shares[i].amount = share;
            claims[i].amount = claim - share;
        }
    }

    /// @dev Nothing is outstanding any more.
    function _endClaims(bytes32 invoiceId) internal {
        delete _claims[invoiceId];
    }

    function _find(bytes32 invoiceId, address holder) private view returns (uint256 place, bool found) {
        Claim[] storage claims = _claims[invoiceId];
        uint256 count = claims.length;
        for (; place < count; ++place) {
            if (claims[place].holder == holder) return (place, true);
        }
    }
}
