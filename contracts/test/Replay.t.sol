// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import { DevCoin } from "../src/dev/DevCoin.sol";
import { LogReplayer } from "../src/dev/LogReplayer.sol";
import { Fixture } from "./Fixture.sol";
import { Vm } from "./Vm.sol";

contract ReplayTest is Fixture {
    /// @dev Its code is set at a protocol's address, as the replay does it.
    LogReplayer internal constant REPLAYER = LogReplayer(address(0xC0DE));

    function setUp() public override {
        vm.etch(address(REPLAYER), address(new LogReplayer()).code);
    }

    function test_replay__when_there_are_five_topics_or_more__then_refused(uint8 more) public {
        uint256 count = 5 + more % 8;
        vm.expectRevert(abi.encodeWithSelector(LogReplayer.TooManyTopics.selector, count));
        REPLAYER.replay(new bytes32[](count), "");
    }

    function test_replay__for_any_log__then_exactly_that_is_emitted(
        uint8 count,
        bytes32[4] memory words,
        bytes memory data
    ) public {
        bytes32[] memory topics = _topics(count, words);
        vm.recordLogs();
        REPLAYER.replay(topics, data);
        Vm.LogRecord[] memory logs = vm.getRecordedLogs();
        vm.assertEq(logs.length, 1);
        _check(logs[0], topics, data);
    }

    function test_replayAll__for_any_logs__then_exactly_those_are_emitted_in_order(
        uint8[4] memory counts,
        bytes32[4] memory words,
        bytes[4] memory data
    ) public {
        LogReplayer.Log[] memory given = new LogReplayer.Log[](4);
        for (uint256 i = 0; i < 4; ++i) {
            given[i] = LogReplayer.Log(_topics(counts[i], words), data[i]);
        }
        vm.recordLogs();
        REPLAYER.replayAll(given);
        Vm.LogRecord[] memory logs = vm.getRecordedLogs();
        vm.assertEq(logs.length, 4);
        for (uint256 i = 0; i < 4; ++i) {
            _check(logs[i], given[i].topics, given[i].data);
        }
    }

    function _topics(uint8 count, bytes32[4] memory words) private pure returns (bytes32[] memory topics) {
        topics = new bytes32[](count % 5);
        for (uint256 i = 0; i < topics.length; ++i) {
            topics[i] = words[i];
        }
    }

    function _check(Vm.LogRecord memory log, bytes32[] memory topics, bytes memory data) private pure {
        vm.assertEq(log.emitter, address(REPLAYER));
        vm.assertEq(log.topics, topics);
        vm.assertEq(log.data, data);
    }

    function test_devCoin__when_minted__then_it_has_six_decimals(address to, uint128 amount) public {
        vm.assume(to != address(0));
        DevCoin coin = new DevCoin();
        coin.mint(to, amount);
        vm.assertEq(coin.decimals(), 6);
        vm.assertEq(coin.balanceOf(to), amount);
        vm.assertEq(coin.totalSupply(), amount);
    }
}
