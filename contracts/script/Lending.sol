// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import { IERC20 } from "@openzeppelin/contracts/token/ERC20/IERC20.sol";
import { ICreditOracle } from "../src/ICreditOracle.sol";
import { ILoanPool } from "../src/ILoanPool.sol";
import { IWalletLinks } from "../src/IWalletLinks.sol";
import { DeploymentFile } from "./Deployment.sol";
import { ScriptVm } from "./ScriptVm.sol";

/// @title What is to be lent by a deployment's scores, as a JSON file says it
/// @notice lending.example.json shows every field. `links` zero: each wallet is a person. `owner` owns the book and lists its pools.
struct Lending {
    uint256 chainId;
    ICreditOracle oracle;
    IWalletLinks links;
    address owner;
    Pool pool;
}

/// @notice The first pool: whoever owns it sets its terms and its table.
struct Pool {
    IERC20 coin;
    string name;
    string symbol;
    address owner;
    ILoanPool.Terms terms;
    ILoanPool.Row[] table;
}

/// @notice Where it stands: the second file, which DeployLending writes.
struct LendingAddresses {
    address deployer;
    uint256 startBlock;
    address loans;
    address pool;
    address receivables;
}

/// @notice The file names an address where there is no contract.
error NothingThere(string key, address place);

/// @title The two files, read and written
library LendingFile {
    ScriptVm private constant VM = ScriptVm(address(uint160(uint256(keccak256("hevm cheat code")))));

    function read(string memory path) internal view returns (Lending memory found) {
        string memory json = VM.readFile(path);
        found.chainId = VM.parseJsonUint(json, ".chainId");
        found.oracle = ICreditOracle(_contract(json, ".creditOracle"));
        if (VM.keyExistsJson(json, ".walletLinks")) found.links = IWalletLinks(_contract(json, ".walletLinks"));
        found.owner = VM.parseJsonAddress(json, ".owner");
        found.pool = Pool({
            coin: IERC20(_contract(json, ".pool.coin")),
            name: VM.parseJsonString(json, ".pool.name"),
            symbol: VM.parseJsonString(json, ".pool.symbol"),
            owner: VM.parseJsonAddress(json, ".pool.owner"),
            terms: _terms(json),
            table: _table(json)
        });
    }

    function write(LendingAddresses memory made, string memory path) internal {
        VM.serializeAddress("made", "deployer", made.deployer);
        VM.serializeUint("made", "startBlock", made.startBlock);
        VM.serializeAddress("made", "termLoans", made.loans);
        VM.serializeAddress("made", "loanPool", made.pool);
        VM.writeJson(VM.serializeAddress("made", "receivables", made.receivables), path);
    }

    function _terms(string memory json) private pure returns (ILoanPool.Terms memory) {
        return ILoanPool.Terms({
            maxPrincipal: _uint128(json, ".pool.terms.maxPrincipal"),
            maxTerm: _uint32(json, ".pool.terms.maxTerm"),
            maxInstalments: _uint16(json, ".pool.terms.maxInstalments"),
            grace: _uint32(json, ".pool.terms.grace"),
            coolingOff: _uint32(json, ".pool.terms.coolingOff"),
            lateFeeBps: _uint16(json, ".pool.terms.lateFeeBps"),
            maxScoreAge: uint64(DeploymentFile.number(json, ".pool.terms.maxScoreAge", type(uint64).max)),
            starterRateBps: _uint16(json, ".pool.terms.starterRateBps"),
            starterLimit: _uint128(json, ".pool.terms.starterLimit")
        });
    }

    function _table(string memory json) private view returns (ILoanPool.Row[] memory table) {
        uint256 rows = 0;
        while (VM.keyExistsJson(json, _row(rows))) ++rows;
        table = new ILoanPool.Row[](rows);
        for (uint256 i = 0; i < rows; ++i) {
            string memory row = _row(i);
            table[i] = ILoanPool.Row({
                atLeast: _uint16(json, string.concat(row, ".atLeast")),
                statuses: uint8(DeploymentFile.number(json, string.concat(row, ".statuses"), type(uint8).max)),
                maxWidth: _uint16(json, string.concat(row, ".maxWidth")),
                yearlyRateBps: _uint16(json, string.concat(row, ".yearlyRateBps")),
                expectedLossBps: _uint16(json, string.concat(row, ".expectedLossBps")),
                limit: _uint128(json, string.concat(row, ".limit"))
            });
        }
    }

    function _row(uint256 index) private pure returns (string memory) {
        return string.concat(".pool.table[", VM.toString(index), "]");
    }

    function _contract(string memory json, string memory key) private view returns (address place) {
        place = VM.parseJsonAddress(json, key);
        if (place.code.length == 0) revert NothingThere(key, place);
    }

    function _uint16(string memory json, string memory key) private pure returns (uint16) {
        return uint16(DeploymentFile.number(json, key, type(uint16).max));
    }

    function _uint32(string memory json, string memory key) private pure returns (uint32) {
        return uint32(DeploymentFile.number(json, key, type(uint32).max));
    }

    function _uint128(string memory json, string memory key) private pure returns (uint128) {
        return uint128(DeploymentFile.number(json, key, type(uint128).max));
    }
}
