// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import { Ownable } from "@openzeppelin/contracts/access/Ownable.sol";
import { ITermLoans } from "../src/ITermLoans.sol";
import { LoanFixture } from "./LoanFixture.sol";

contract LenderTest is LoanFixture {
    function test_lender__when_it_is_somebody_else__then_refused(address stranger) public {
        vm.assume(stranger != LENDER);
        bytes memory reason = abi.encodeWithSelector(Ownable.OwnableUnauthorizedAccount.selector, stranger);
        vm.startPrank(stranger);
        vm.expectRevert(reason);
        loans.setPolicy(_policy());
        vm.expectRevert(reason);
        loans.allowStarter(new address[](1), USD);
        vm.expectRevert(reason);
        loans.withdraw(1);
    }

    function test_setPolicy__when_threshold_is_none__then_refused(uint16 threshold) public {
        vm.assume(threshold < 310 || threshold > 850 || threshold % 10 != 0);
        ITermLoans.Policy memory policy = _policy();
        policy.threshold = threshold;
        vm.prank(LENDER);
        vm.expectRevert(abi.encodeWithSelector(ITermLoans.PolicyThreshold.selector, threshold));
        loans.setPolicy(policy);
    }

    function test_setPolicy__when_set__then_it_holds_for_later_loans_only() public {
        uint256 earlier = _borrow(MEI, 100 * USD);
        bytes memory before = abi.encode(loans.loanOf(earlier));
        ITermLoans.Policy memory policy = _policy();
        policy.yearlyRateBps = 9000;
        vm.expectEmit(address(loans));
        emit ITermLoans.PolicySet(policy);
        _setPolicy(policy);
        vm.assertEq(abi.encode(loans.policy()), abi.encode(policy));
        vm.assertEq(abi.encode(loans.loanOf(earlier)), before);
        vm.assertTrue(loans.loanOf(_borrow(MEI, 100 * USD)).outstanding > loans.loanOf(earlier).outstanding);
    }

    function test_allowStarter__for_many__then_each_has_the_limit(address[] memory borrowers, uint128 limit) public {
        vm.prank(LENDER);
        loans.allowStarter(borrowers, limit);
        for (uint256 i = 0; i < borrowers.length; ++i) {
            vm.assertEq(loans.starterLimitOf(borrowers[i]), limit);
        }
    }

    function test_withdraw__then_the_lender_has_it(uint256 amount) public {
        amount = _bound(amount, 0, 1_000_000 * USD);
        vm.prank(LENDER);
        loans.withdraw(amount);
        vm.assertEq(coin.balanceOf(LENDER), amount);
    }
}
