// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import { LoanPool } from "../src/LoanPool.sol";
import { Receivables } from "../src/Receivables.sol";
import { TermLoans } from "../src/TermLoans.sol";
import { WrongChain } from "./Deployment.sol";
import { Lending, LendingAddresses, LendingFile, Pool } from "./Lending.sol";
import { ScriptVm } from "./ScriptVm.sol";

/// @title Puts what lends on chain beside a deployment of Deploy.s.sol: a loan book, its first pool, and receivables
/// @notice `forge script script/DeployLending.s.sol --sig "run(string,string)" CONFIGURATION ADDRESSES --rpc-url … --broadcast --slow`
///
/// Book and pool belong to the owners of the file from their first block on; the deployer owns nothing and can do nothing
/// afterwards. A pool lends once the book's owner, which should be the deployment's timelock, has called `listPool`: where
/// the deployer is that owner the script does, else it prints the call that the timelock is to be proposed.
contract DeployLending {
    ScriptVm private constant VM = ScriptVm(address(uint160(uint256(keccak256("hevm cheat code")))));
    address private constant CONSOLE = 0x000000000000000000636F6e736F6c652e6c6f67;

    /// @param configuration file that is read
    /// @param addresses file that is written
    function run(string calldata configuration, string calldata addresses) external {
        Lending memory wanted = LendingFile.read(configuration);
        if (wanted.chainId != block.chainid) revert WrongChain(wanted.chainId, block.chainid);
        LendingAddresses memory made;
        made.deployer = msg.sender;
        made.startBlock = block.number;
        VM.startBroadcast();
        _create(wanted, made);
        VM.stopBroadcast();
        LendingFile.write(made, addresses);
    }

    function _create(Lending memory wanted, LendingAddresses memory made) private {
        TermLoans loans = new TermLoans(wanted.oracle, wanted.links, wanted.owner);
        Pool memory pool = wanted.pool;
        LoanPool first = new LoanPool(loans, pool.coin, pool.name, pool.symbol, pool.terms, pool.table, pool.owner);
        made.loans = address(loans);
        made.pool = address(first);
        made.receivables = address(new Receivables(wanted.links));
        if (wanted.owner == made.deployer) loans.listPool(first);
        else _tell(loans, first);
    }

    function _tell(TermLoans loans, LoanPool pool) private view {
        bytes memory call = abi.encodeCall(loans.listPool, (pool));
        string memory what = string.concat("the owner lists the pool by ", VM.toString(call));
        (bool printed,) = CONSOLE.staticcall(
            abi.encodeWithSignature("log(string)", string.concat(what, " to ", VM.toString(address(loans))))
        );
        assert(printed);
    }
}
