// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import { TimelockController } from "@openzeppelin/contracts/governance/TimelockController.sol";
import { IAccessControl } from "@openzeppelin/contracts/access/IAccessControl.sol";
import { Bonds } from "../src/Bonds.sol";
import { CommitteeStore } from "../src/CommitteeStore.sol";
import { CreditOracle } from "../src/CreditOracle.sol";
import { Disputes } from "../src/Disputes.sol";
import { ICreditOracle } from "../src/ICreditOracle.sol";
import { IModelRegistry } from "../src/IModelRegistry.sol";
import { ModelRegistry } from "../src/ModelRegistry.sol";
import { Payments } from "../src/Payments.sol";
import { WalletLinks } from "../src/WalletLinks.sol";
import { Addresses, Deployment, DeploymentFile, PeopleTerms } from "./Deployment.sol";
import { ScriptVm } from "./ScriptVm.sol";

/// @title Reads a deployment back and compares it with its configuration
/// @notice `forge script script/Check.s.sol --sig "run(string,string)" CONFIGURATION ADDRESSES --rpc-url …` prints one sentence a
/// difference and fails when there is one. Committee, model and source chains are those of the epoch that runs now: after a
/// change that was meant, change the configuration too.
///
/// Roles and proposers are taken from the events since the deployment, so one that the configuration does not name is found as
/// well. Last, the contracts are made anew from this source and the configuration, in this script's own copy of the chain, and
/// their code is compared, so that what no function shows is compared too.
contract Check {
    ScriptVm private constant VM = ScriptVm(address(uint160(uint256(keccak256("hevm cheat code")))));
    address private constant CONSOLE = 0x000000000000000000636F6e736F6c652e6c6f67;

    uint256 private _differences;

    /// @notice So many sentences were printed.
    error Different(uint256 differences);

    function run(string calldata configuration, string calldata addresses) external {
        Deployment memory wanted = DeploymentFile.read(configuration);
        Addresses memory made = DeploymentFile.readAddresses(addresses);
        _same("the chain id", block.chainid, wanted.chainId);
        if (_stands(wanted, made)) {
            _compare(wanted, made);
            _compareCode(wanted, made);
            if (wanted.people.asked) _comparePeople(wanted.people, made);
        }
        if (_differences > 0) revert Different(_differences);
        _print("The deployment is what the configuration says.");
    }

    // ------------------------------------------------------------------------------------------------------------- values

    function _stands(Deployment memory wanted, Addresses memory made) private returns (bool) {
        uint256 before = _differences;
        _hasCode("the timelock", made.timelock);
        _hasCode("the oracle", made.oracle);
        _hasCode("the model registry", made.registry);
        if (wanted.bonds.asked) _hasCode("the bonds", made.bonds);
        if (wanted.people.asked) {
            _hasCode("the payments", made.payments);
            _hasCode("the wallet links", made.links);
            _hasCode("the disputes", made.disputes);
        }
        return _differences == before;
    }

    function _compare(Deployment memory wanted, Addresses memory made) private {
        CreditOracle oracle = CreditOracle(made.oracle);
        uint64 epoch = oracle.epochAt(uint64(block.timestamp));
        _clock(oracle.config(), wanted.clock);
        _limits(oracle.limits(), wanted.limits);
        (, bytes32 config) = oracle.committeeAt(epoch);
        bytes32 digest = keccak256(
            abi.encode(
                wanted.committee.members,
                wanted.committee.identityKeys,
                wanted.committee.quorum,
                wanted.committee.secretHash
            )
        );
        _same("the digest of this epoch's committee", config, digest);
        _same("this epoch's model", oracle.modelAt(epoch), wanted.modelId);
        _sources(oracle.sourcesAt(epoch), wanted.sourceChains);
        _same("the oracle's guardian", oracle.guardian(), wanted.guardian);
        _same("the oracle's model registry", oracle.modelRegistry(), made.registry);
        _same("the oracle's bonds", oracle.bonds(), wanted.bonds.asked ? made.bonds : address(0));
        _same("the oracle's owner", oracle.owner(), made.timelock);
        _same("the oracle's next owner", oracle.pendingOwner(), address(0));
        _registry(wanted, made);
        _timelock(wanted, made);
    }

    function _clock(ICreditOracle.Config memory found, ICreditOracle.Config memory wanted) private {
        _same("genesis", found.genesis, wanted.genesis);
        _same("epochLength", found.epochLength, wanted.epochLength);
        _same("delay", found.delay, wanted.delay);
        _same("maxAge", found.maxAge, wanted.maxAge);
        _same("reportLife", found.reportLife, wanted.reportLife);
        _same("maxGap", found.maxGap, wanted.maxGap);
        _same("ringSize", found.ringSize, wanted.ringSize);
    }

    function _limits(ICreditOracle.Limits memory found, ICreditOracle.Limits memory wanted) private {
        _same("minBorrowers", found.minBorrowers, wanted.minBorrowers);
        _same("minMeanScore", found.minMeanScore, wanted.minMeanScore);
        _same("maxMeanScore", found.maxMeanScore, wanted.maxMeanScore);
        _same("maxMovedBps", found.maxMovedBps, wanted.maxMovedBps);
        _same("maxPsiBps", found.maxPsiBps, wanted.maxPsiBps);
    }

    function _sources(ICreditOracle.Source[] memory found, uint64[] memory wanted) private {
        _same("the number of source chains", found.length, wanted.length);
        for (uint256 i = 0; i < found.length && i < wanted.length; ++i) {
            _same("a source chain", found[i].chainId, wanted[i]);
            if (found[i].frozenAt == 0) continue;
            _say(string.concat("source chain ", VM.toString(uint256(found[i].chainId)), " is frozen."));
        }
    }

    function _registry(Deployment memory wanted, Addresses memory made) private {
        ModelRegistry registry = ModelRegistry(made.registry);
        _same("the model registry's owner", registry.owner(), made.timelock);
        _same("the model registry's next owner", registry.pendingOwner(), address(0));
        _same("the model registry's delay", registry.delay(), wanted.registry.delay);
        for (uint256 i = 0; i < wanted.registry.proposers.length; ++i) {
            if (registry.isProposer(wanted.registry.proposers[i])) continue;
            _say(string.concat(VM.toString(wanted.registry.proposers[i]), " is no proposer of models."));
        }
        ScriptVm.EthLog[] memory logs = _logs(made, made.registry, IModelRegistry.ProposerSet.selector);
        for (uint256 i = 0; i < logs.length; ++i) {
            address account = _address(logs[i].topics[1]);
            if (!registry.isProposer(account) || _holds(wanted.registry.proposers, account)) continue;
            _say(string.concat(VM.toString(account), " proposes models, and the configuration does not list it."));
        }
    }

    // -------------------------------------------------------------------------------------------------------------- roles

    function _timelock(Deployment memory wanted, Addresses memory made) private {
        TimelockController timelock = TimelockController(payable(made.timelock));
        _same("the timelock's delay", timelock.getMinDelay(), wanted.timelock.delay);
        _role(made, timelock.PROPOSER_ROLE(), "PROPOSER_ROLE", wanted.timelock.proposers);
        _role(made, timelock.CANCELLER_ROLE(), "CANCELLER_ROLE", wanted.timelock.proposers);
        _role(made, timelock.EXECUTOR_ROLE(), "EXECUTOR_ROLE", wanted.timelock.executors);
        address[] memory itself = new address[](1);
        itself[0] = made.timelock;
        _role(made, timelock.DEFAULT_ADMIN_ROLE(), "DEFAULT_ADMIN_ROLE", itself);
    }

    /// @dev Exactly these accounts have the role.
    function _role(Addresses memory made, bytes32 role, string memory name, address[] memory wanted) private {
        TimelockController timelock = TimelockController(payable(made.timelock));
        for (uint256 i = 0; i < wanted.length; ++i) {
            if (timelock.hasRole(role, wanted[i])) continue;
            _say(string.concat(VM.toString(wanted[i]), " lacks the timelock's ", name, "."));
        }
        ScriptVm.EthLog[] memory logs = _logs(made, made.timelock, IAccessControl.RoleGranted.selector);
        for (uint256 i = 0; i < logs.length; ++i) {
            address account = _address(logs[i].topics[2]);
            if (logs[i].topics[1] != role || !timelock.hasRole(role, account) || _holds(wanted, account)) continue;
            string memory role_ = string.concat(" has the timelock's ", name);
            _say(string.concat(VM.toString(account), role_, ", which the configuration does not give it."));
        }
    }

    function _logs(Addresses memory made, address emitter, bytes32 topic)
        private
        view
        returns (ScriptVm.EthLog[] memory)
    {
        bytes32[] memory topics = new bytes32[](1);
        topics[0] = topic;
        return VM.eth_getLogs(made.startBlock, block.number, emitter, topics);
    }

    // --------------------------------------------------------------------------------------------------------------- code

    function _compareCode(Deployment memory wanted, Addresses memory made) private {
        ModelRegistry registry = new ModelRegistry(
            CreditOracle(made.oracle), wanted.registry.delay, wanted.registry.proposers, made.timelock
        );
        _code("the timelock", made.timelock, type(TimelockController).runtimeCode);
        _code("the model registry", made.registry, address(registry).code);
        if (wanted.bonds.asked) _code("the bonds", made.bonds, _bondsCode(wanted, made));
        _code("the oracle", made.oracle, _oracleCode(wanted, made));
        _code("the oracle's store of committees", _storeOf(made.oracle), type(CommitteeStore).runtimeCode);
    }

    function _code(string memory what, address place, bytes memory wanted) private {
        if (keccak256(wanted) == place.codehash) return;
        _say(string.concat("the code of ", what, " is not what this source makes of the configuration."));
    }

    function _bondsCode(Deployment memory wanted, Addresses memory made) private returns (bytes memory) {
        Bonds bonds = new Bonds(
            CreditOracle(made.oracle),
            wanted.bonds.minimum,
            wanted.bonds.delay,
            wanted.bonds.reporterBps,
            wanted.bonds.beneficiary
        );
        return address(bonds).code;
    }

    /// @dev Terms that never change are in the code.
    function _comparePeople(PeopleTerms memory wanted, Addresses memory made) private {
        Disputes disputes = Disputes(made.disputes);
        _same("the disputes' arbiter", disputes.arbiter(), wanted.arbiter);
        _same("the disputes' owner", disputes.owner(), made.timelock);
        _same("the disputes' next owner", disputes.pendingOwner(), address(0));
        address twin = address(new Payments());
        _code("the payments", made.payments, _codeAt(made.payments, twin, "Payments"));
        twin = address(new WalletLinks(wanted.linkDelay));
        _code("the wallet links", made.links, _codeAt(made.links, twin, "WalletLinks"));
        twin = address(new Disputes(made.timelock, wanted.arbiter, wanted.maxUpheld, wanted.windowSeconds));
        _code("the disputes", made.disputes, _codeAt(made.disputes, twin, "Disputes"));
    }

    /// @dev The code of a twin, with what depends on its address as it would be at `place`.
    function _codeAt(address place, address twin, string memory name) private view returns (bytes memory code) {
        code = twin.code;
        _replace(code, _word(twin), _word(place));
        _replace(code, _domainOf(twin, name), _domainOf(place, name));
    }

    /// @dev As a twin's, and with the store where it would be.
    function _oracleCode(Deployment memory wanted, Addresses memory made) private returns (bytes memory code) {
        CreditOracle twin = new CreditOracle(
            wanted.clock,
            wanted.limits,
            wanted.committee,
            wanted.modelId,
            wanted.sourceChains,
            wanted.guardian,
            made.timelock
        );
        code = _codeAt(made.oracle, address(twin), "CreditOracle");
        _replace(code, _word(_storeOf(address(twin))), _word(_storeOf(made.oracle)));
    }

    /// @dev The first contract that an oracle creates, in its constructor.
    function _storeOf(address oracle) private pure returns (address) {
        return VM.computeCreateAddress(oracle, 1);
    }

    /// @dev The EIP-712 domain separator of a contract at this address.
    function _domainOf(address place, string memory name) private view returns (bytes32) {
        bytes32 kind = keccak256("EIP712Domain(string name,string version,uint256 chainId,address verifyingContract)");
        return keccak256(abi.encode(kind, keccak256(bytes(name)), keccak256("1"), block.chainid, place));
    }

    function _replace(bytes memory code, bytes32 from, bytes32 to) private pure {
        for (uint256 i = 0; i + 32 <= code.length; ++i) {
            assembly ("memory-safe") {
                let place := add(add(code, 0x20), i)
                if eq(mload(place), from) { mstore(place, to) }
            }
        }
    }

    function _word(address account) private pure returns (bytes32) {
        return bytes32(uint256(uint160(account)));
    }

    // ---------------------------------------------------------------------------------------------------------- sentences

    function _hasCode(string memory what, address place) private {
        if (place.code.length > 0) return;
        _say(string.concat("there is no contract at ", VM.toString(place), ", where ", what, " should be."));
    }

    function _same(string memory what, uint256 found, uint256 wanted) private {
        if (found != wanted) _differ(what, VM.toString(found), VM.toString(wanted));
    }

    function _same(string memory what, address found, address wanted) private {
        if (found != wanted) _differ(what, VM.toString(found), VM.toString(wanted));
    }

    function _same(string memory what, bytes32 found, bytes32 wanted) private {
        if (found != wanted) _differ(what, VM.toString(found), VM.toString(wanted));
    }

    function _differ(string memory what, string memory found, string memory wanted) private {
        _say(string.concat(what, " is ", found, ", the configuration says ", wanted, "."));
    }

    function _say(string memory sentence) private {
        ++_differences;
        _print(string.concat("different: ", sentence));
    }

    function _print(string memory line) private view {
        (bool printed,) = CONSOLE.staticcall(abi.encodeWithSignature("log(string)", line));
        assert(printed);
    }

    function _holds(address[] memory accounts, address account) private pure returns (bool) {
        for (uint256 i = 0; i < accounts.length; ++i) {
            if (accounts[i] == account) return true;
        }
        return false;
    }

    function _address(bytes32 topic) private pure returns (address) {
        return address(uint160(uint256(topic)));
    }
}
