// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import { TimelockController } from "@openzeppelin/contracts/governance/TimelockController.sol";
import { Bonds } from "../src/Bonds.sol";
import { CreditOracle } from "../src/CreditOracle.sol";
import { Disputes } from "../src/Disputes.sol";
import { ModelRegistry } from "../src/ModelRegistry.sol";
import { Payments } from "../src/Payments.sol";
import { WalletLinks } from "../src/WalletLinks.sol";
import { Addresses, Deployment, DeploymentFile, PeopleTerms, WrongChain } from "./Deployment.sol";
import { ScriptVm } from "./ScriptVm.sol";

/// @title Puts a deployment on chain: timelock, oracle, model registry and, where asked for, bonds and people's contracts
/// @notice `forge script script/Deploy.s.sol --sig "run(string,string)" CONFIGURATION ADDRESSES --rpc-url … --broadcast --slow`,
/// then Check.s.sol with the same two files. `--slow` sends one transaction after the other.
///
/// The deployer owns the oracle only until the last transaction: registry and bonds must know the oracle's address and the oracle theirs, and
/// a timelock takes an ownership over by its own call. So the timelock starts without a delay and with the deployer in
/// every role, accepts, takes its delay, and the deployer gives up all roles. A run that broke off half-way is of no use: Check says
/// so, and another is begun.
contract Deploy {
    ScriptVm private constant VM = ScriptVm(address(uint160(uint256(keccak256("hevm cheat code")))));

    /// @param configuration file that is read
    /// @param addresses file that is written
    function run(string calldata configuration, string calldata addresses) external {
        Deployment memory wanted = DeploymentFile.read(configuration);
        if (wanted.chainId != block.chainid) revert WrongChain(wanted.chainId, block.chainid);
        Addresses memory made;
        made.deployer = msg.sender;
        made.startBlock = block.number;
        VM.startBroadcast();
        _create(wanted, made);
        if (wanted.people.asked) _createForPeople(wanted.people, made);
        _handOver(wanted, made);
        VM.stopBroadcast();
        DeploymentFile.writeAddresses(made, addresses);
    }

    function _create(Deployment memory wanted, Addresses memory made) private {
        address[] memory deployer = new address[](1);
        deployer[0] = made.deployer;
        made.timelock = address(new TimelockController(0, deployer, deployer, made.deployer));
        CreditOracle oracle = new CreditOracle(
            wanted.clock,
            wanted.limits,
            wanted.committee,
            wanted.modelId,
            wanted.sourceChains,
            wanted.guardian,
            made.deployer
        );
        made.oracle = address(oracle);
        made.registry =
            address(new ModelRegistry(oracle, wanted.registry.delay, wanted.registry.proposers, made.timelock));
        oracle.setModelRegistry(made.registry);
        if (!wanted.bonds.asked) return;
        made.bonds = address(
            new Bonds(
                oracle, wanted.bonds.minimum, wanted.bonds.delay, wanted.bonds.reporterBps, wanted.bonds.beneficiary
            )
        );
        oracle.setBonds(made.bonds);
    }

    function _createForPeople(PeopleTerms memory terms, Addresses memory made) private {
        made.payments = address(new Payments());
        made.links = address(new WalletLinks(terms.linkDelay));
        made.disputes = address(new Disputes(made.timelock, terms.arbiter, terms.maxUpheld, terms.windowSeconds));
    }

    function _handOver(Deployment memory wanted, Addresses memory made) private {
        CreditOracle oracle = CreditOracle(made.oracle);
        TimelockController timelock = TimelockController(payable(made.timelock));
        oracle.transferOwnership(made.timelock);
        _act(timelock, made.oracle, abi.encodeCall(oracle.acceptOwnership, ()));
        _act(timelock, made.timelock, abi.encodeCall(timelock.updateDelay, (wanted.timelock.delay)));
        for (uint256 i = 0; i < wanted.timelock.proposers.length; ++i) {
            timelock.grantRole(timelock.PROPOSER_ROLE(), wanted.timelock.proposers[i]);
            timelock.grantRole(timelock.CANCELLER_ROLE(), wanted.timelock.proposers[i]);
        }
        for (uint256 i = 0; i < wanted.timelock.executors.length; ++i) {
            timelock.grantRole(timelock.EXECUTOR_ROLE(), wanted.timelock.executors[i]);
        }
        bytes32[4] memory roles = [
            timelock.PROPOSER_ROLE(), timelock.CANCELLER_ROLE(), timelock.EXECUTOR_ROLE(), timelock.DEFAULT_ADMIN_ROLE()
        ];
        for (uint256 i = 0; i < roles.length; ++i) {
            timelock.renounceRole(roles[i], made.deployer);
        }
    }

    /// @dev The timelock, still without a delay, makes one call.
    function _act(TimelockController timelock, address target, bytes memory data) private {
        timelock.schedule(target, 0, data, 0, 0, 0);
        timelock.execute(target, 0, data, 0, 0);
    }
}
