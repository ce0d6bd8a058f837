// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import { ICreditOracle } from "../src/ICreditOracle.sol";
import { Fixture } from "./Fixture.sol";

contract EnrolTest is Fixture {
    function test_enrol__when_enrolled__then_refused(address account) public {
        vm.startPrank(account);
        oracle.enrol();
        vm.expectRevert(abi.encodeWithSelector(ICreditOracle.AlreadyEnrolled.selector, account));
        oracle.enrol();
    }

    function test_withdraw__when_not_enrolled__then_refused(address account) public {
        vm.startPrank(account);
        vm.expectRevert(abi.encodeWithSelector(ICreditOracle.NotEnrolled.selector, account));
        oracle.withdraw();
    }

    function test_enrol__when_not_enrolled__then_the_last_word_holds(address account, address other) public {
        vm.assume(account != other);
        vm.startPrank(account);
        vm.expectEmit(address(oracle));
        emit ICreditOracle.Enrolled(account);
        oracle.enrol();
        vm.assertTrue(oracle.isEnrolled(account));
        vm.assertFalse(oracle.isEnrolled(other));
        vm.expectEmit(address(oracle));
        emit ICreditOracle.Withdrawn(account);
        oracle.withdraw();
        vm.assertFalse(oracle.isEnrolled(account));
        oracle.enrol();
        vm.assertTrue(oracle.isEnrolled(account));
    }
}
