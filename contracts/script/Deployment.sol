// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import { ICreditOracle } from "../src/ICreditOracle.sol";
import { ScriptVm } from "./ScriptVm.sol";

/// @title What is to stand on chain, as a JSON file says it
/// @notice deployment.example.json shows every field. `committee` is what `credit-oracle init` writes as committee.json; without
/// `bonds` none are asked, and without `people` there are no payments, wallet links and disputes. Numbers too large for JSON are
/// decimal text.
struct Deployment {
    uint256 chainId;
    ICreditOracle.Config clock;
    ICreditOracle.Limits limits;
    ICreditOracle.Committee committee;
    bytes32 modelId;
    uint64[] sourceChains;
    address guardian;
    Timelock timelock;
    Registry registry;
    BondTerms bonds;
    PeopleTerms people;
}

/// @notice `executors` holding the zero address: anyone executes what is due.
struct Timelock {
    uint256 delay;
    address[] proposers;
    address[] executors;
}

struct Registry {
    uint64 delay;
    address[] proposers;
}

/// @notice `asked` is whether the file has a part `bonds`.
struct BondTerms {
    bool asked;
    uint256 minimum;
    uint64 delay;
    uint256 reporterBps;
    address beneficiary;
}

/// @notice `asked` is whether the file has a part `people`. What they mean: see IWalletLinks and IDisputes.
struct PeopleTerms {
    bool asked;
    uint64 linkDelay;
    address arbiter;
    uint64 maxUpheld;
    uint64 windowSeconds;
}

/// @notice Where it stands: the second file, which Deploy writes and Check reads. `bonds`, `payments`, `links`, `disputes` zero: none.
struct Addresses {
    address deployer;
    uint256 startBlock;
    address timelock;
    address oracle;
    address registry;
    address bonds;
    address payments;
    address links;
    address disputes;
}

/// @notice The configuration is for another chain than the one behind the RPC address.
error WrongChain(uint256 configured, uint256 actual);

/// @notice A number of the file does not fit where it goes.
error NumberTooLarge(string key, uint256 value);

/// @title The two files, read and written
library DeploymentFile {
    ScriptVm private constant VM = ScriptVm(address(uint160(uint256(keccak256("hevm cheat code")))));

    function read(string memory path) internal view returns (Deployment memory found) {
        string memory json = VM.readFile(path);
        found.chainId = VM.parseJsonUint(json, ".chainId");
        found.clock = _clock(json);
        found.limits = _limits(json);
        found.committee = ICreditOracle.Committee({
            members: VM.parseJsonAddressArray(json, ".committee.members"),
            identityKeys: VM.parseJsonBytes32Array(json, ".committee.identityKeys"),
            quorum: uint8(number(json, ".committee.quorum", type(uint8).max)),
            secretHash: VM.parseJsonBytes32(json, ".committee.secretHash")
        });
        found.modelId = VM.parseJsonBytes32(json, ".modelId");
        found.sourceChains = _chains(json);
        found.guardian = VM.parseJsonAddress(json, ".guardian");
        found.timelock = Timelock({
            delay: VM.parseJsonUint(json, ".timelock.delay"),
            proposers: VM.parseJsonAddressArray(json, ".timelock.proposers"),
            executors: VM.parseJsonAddressArray(json, ".timelock.executors")
        });
        found.registry = Registry({
            delay: _uint64(json, ".modelRegistry.delay"),
            proposers: VM.parseJsonAddressArray(json, ".modelRegistry.proposers")
        });
        if (VM.keyExistsJson(json, ".bonds")) found.bonds = _bonds(json);
        if (VM.keyExistsJson(json, ".people")) found.people = _people(json);
    }

    function readAddresses(string memory path) internal view returns (Addresses memory found) {
        string memory json = VM.readFile(path);
        found.deployer = VM.parseJsonAddress(json, ".deployer");
        found.startBlock = VM.parseJsonUint(json, ".startBlock");
        found.timelock = VM.parseJsonAddress(json, ".timelock");
        found.oracle = VM.parseJsonAddress(json, ".creditOracle");
        found.registry = VM.parseJsonAddress(json, ".modelRegistry");
        found.bonds = VM.parseJsonAddress(json, ".bonds");
        if (!VM.keyExistsJson(json, ".payments")) return found; // written before there were any
        found.payments = VM.parseJsonAddress(json, ".payments");
        found.links = VM.parseJsonAddress(json, ".walletLinks");
        found.disputes = VM.parseJsonAddress(json, ".disputes");
    }

    function writeAddresses(Addresses memory made, string memory path) internal {
        VM.serializeAddress("made", "deployer", made.deployer);
        VM.serializeUint("made", "startBlock", made.startBlock);
        VM.serializeAddress("made", "timelock", made.timelock);
        VM.serializeAddress("made", "creditOracle", made.oracle);
        VM.serializeAddress("made", "modelRegistry", made.registry);
        VM.serializeAddress("made", "bonds", made.bonds);
        VM.serializeAddress("made", "payments", made.payments);
        VM.serializeAddress("made", "walletLinks", made.links);
        VM.writeJson(VM.serializeAddress("made", "disputes", made.disputes), path);
    }

    function _clock(string memory json) private pure returns (ICreditOracle.Config memory) {
        return ICreditOracle.Config({
            genesis: _uint64(json, ".clock.genesis"),
            epochLength: _uint64(json, ".clock.epochLength"),
            delay: _uint64(json, ".clock.delay"),
            maxAge: _uint64(json, ".clock.maxAge"),
            reportLife: _uint64(json, ".clock.reportLife"),
            maxGap: _uint64(json, ".clock.maxGap"),
            ringSize: uint32(number(json, ".clock.ringSize", type(uint32).max))
        });
    }

    function _limits(string memory json) private pure returns (ICreditOracle.Limits memory) {
        return ICreditOracle.Limits({
            minBorrowers: uint24(number(json, ".limits.minBorrowers", type(uint24).max)),
            minMeanScore: uint16(number(json, ".limits.minMeanScore", type(uint16).max)),
            maxMeanScore: uint16(number(json, ".limits.maxMeanScore", type(uint16).max)),
            maxMovedBps: uint16(number(json, ".limits.maxMovedBps", type(uint16).max)),
            maxPsiBps: uint16(number(json, ".limits.maxPsiBps", type(uint16).max))
        });
    }

    function _bonds(string memory json) private pure returns (BondTerms memory) {
        return BondTerms({
            asked: true,
            minimum: VM.parseJsonUint(json, ".bonds.minimum"),
            delay: _uint64(json, ".bonds.delay"),
            reporterBps: VM.parseJsonUint(json, ".bonds.reporterBps"),
            beneficiary: VM.parseJsonAddress(json, ".bonds.beneficiary")
        });
    }

    function _people(string memory json) private pure returns (PeopleTerms memory) {
        return PeopleTerms({
            asked: true,
            linkDelay: _uint64(json, ".people.linkDelay"),
            arbiter: VM.parseJsonAddress(json, ".people.arbiter"),
            maxUpheld: _uint64(json, ".people.maxUpheld"),
            windowSeconds: _uint64(json, ".people.windowSeconds")
        });
    }

    function _chains(string memory json) private pure returns (uint64[] memory chains) {
        uint256[] memory found = VM.parseJsonUintArray(json, ".sourceChains");
        chains = new uint64[](found.length);
        for (uint256 i = 0; i < found.length; ++i) {
            if (found[i] > type(uint64).max) revert NumberTooLarge(".sourceChains", found[i]);
            chains[i] = uint64(found[i]);
        }
    }

    function _uint64(string memory json, string memory key) private pure returns (uint64) {
        return uint64(number(json, key, type(uint64).max));
    }

    function number(string memory json, string memory key, uint256 most) internal pure returns (uint256 value) {
        value = VM.parseJsonUint(json, key);
        if (value > most) revert NumberTooLarge(key, value);
    }
}
