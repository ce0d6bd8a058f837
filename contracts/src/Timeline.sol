// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

/// @title What holds from which epoch on
/// @notice A value a change, each linked to the one before it. The first holds from epoch 0. The epoch of the newest change is
/// kept by the caller, beside what it reads anyway, so that the newest value costs one slot.
struct Timeline {
    mapping(uint64 fromEpoch => Change) changes;
}

struct Change {
    bytes32 value;
    uint64 previousFrom;
}

using { valueAt, change, split } for Timeline global;

/// @dev The value that holds for `epoch`.
function valueAt(Timeline storage self, uint64 newestFrom, uint64 epoch) view returns (bytes32) {
    while (newestFrom > epoch) newestFrom = self.changes[newestFrom].previousFrom;
    return self.changes[newestFrom].value;
}

/// @dev Lets `value` hold from `fromEpoch` on; what was to change then or later is void. Returns the new newest epoch.
function change(Timeline storage self, uint64 newestFrom, uint64 fromEpoch, bytes32 value) returns (uint64) {
    while (newestFrom >= fromEpoch && newestFrom > 0) newestFrom = self.changes[newestFrom].previousFrom;
    self.changes[fromEpoch] = Change({ value: value, previousFrom: newestFrom });
    return fromEpoch;
}

/// @dev Makes `fromEpoch` the epoch of a change, to the value that holds then anyway, so that the value can be replaced from
/// there on; every change that was to come still comes. Returns the new newest epoch.
function split(Timeline storage self, uint64 newestFrom, uint64 fromEpoch) returns (uint64) {
    uint64 next = 0; // the earliest change after fromEpoch, if any
    uint64 from = newestFrom;
    while (from > fromEpoch) (next, from) = (from, self.changes[from].previousFrom);
    if (from == fromEpoch) return newestFrom;
    self.changes[fromEpoch] = Change({ value: self.changes[from].value, previousFrom: from });
    if (next == 0) return fromEpoch;
    self.changes[next].previousFrom = fromEpoch;
    return newestFrom;
}
