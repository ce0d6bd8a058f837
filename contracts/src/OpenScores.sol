// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import { ICreditOracle } from "./ICreditOracle.sol";
import { IGateway, IOpenScores } from "./IOpenScores.sol";

/// @title OpenScores
/// @notice See IOpenScores, which says what is promised.
contract OpenScores is IOpenScores {
    /// @inheritdoc IOpenScores
    ICreditOracle public immutable ORACLE;

    string[] private _gateways;

    /// @param oracle whose roots count
    /// @param urls where clients ask, in the order in which they try them
    constructor(ICreditOracle oracle, string[] memory urls) {
        if (urls.length == 0) revert NoGateways();
        ORACLE = oracle;
        _gateways = urls;
    }

    /// @inheritdoc IOpenScores
    function scoreOf(address borrower, uint64 maxAge) external view returns (uint16, uint16, uint8, uint64, uint64) {
        revert OffchainLookup(
            address(this),
            _gateways,
            abi.encodeCall(IGateway.openProof, (borrower)),
            this.answered.selector,
            abi.encode(borrower, maxAge)
        );
    }

    /// @inheritdoc IOpenScores
    function answered(bytes calldata response, bytes calldata extraData)
        external
        view
        returns (uint16 score, uint16 width, uint8 status, uint64 epoch, uint64 snapshotTime)
    {
        (address borrower, uint64 maxAge) = abi.decode(extraData, (address, uint64));
        return ORACLE.verifyScore(borrower, abi.decode(response, (ICreditOracle.ScoreProof)), maxAge);
    }

    /// @inheritdoc IOpenScores
    function gateways() external view returns (string[] memory) {
        return _gateways;
    }
}
