// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import { Bonds } from "../src/Bonds.sol";
import { CreditOracle } from "../src/CreditOracle.sol";
import { ICreditOracle } from "../src/ICreditOracle.sol";
import { Fixture } from "./Fixture.sol";

/// @notice Everybody at once: members that report rightly and wrongly, an owner, a guardian, borrowers, and time. Each action is
/// one that may be refused; what was let through is remembered in the plainest way, for the invariants to compare.
contract Crowd is Fixture {
    uint256 internal constant PEOPLE = 4;

    Bonds public bonds;
    uint64 public published;
    uint64 public publishedTime;
    bool public broken;
    string public how;
    uint256 public given;
    uint256 public taken;

    mapping(uint64 epoch => bytes32) public rootAt;
    mapping(uint64 epoch => uint8) public fate; // 0 standing, 1 held, 2 vetoed
    mapping(address borrower => bool) public hasPosted;

    function setUp() public override {
        super.setUp();
        bonds = new Bonds(oracle, 1 ether, 9 days, 1000, OWNER);
        vm.prank(OWNER);
        oracle.setBonds(address(bonds));
        for (uint256 i = 0; i < 8; ++i) {
            fund(i, 3 ether);
        }
    }

    function theOracle() external view returns (CreditOracle) {
        return oracle;
    }

    function theFiles() public pure returns (File[] memory) {
        return _files(PEOPLE);
    }

    function proofOf(uint256 i, uint64 epoch) public pure returns (ICreditOracle.ScoreProof memory) {
        return _scoreProof(_files(PEOPLE), i, epoch);
    }

    // --------------------------------------------------------------------------------------------------------------- time

    function wait(uint256 time) external {
        _warp(block.timestamp + time % (WEEK / 2));
    }

    // ------------------------------------------------------------------------------------------------------------ members

    /// @notice Somebody publishes a report with the signatures of those members that the mask names: often too few.
    function publish(uint256 behind, uint8 mask, uint256 size, uint32 borrowers, uint64 shift) external {
        uint64 epoch = oracle.epochAt(uint64(block.timestamp));
        if (behind % 4 == 0 && epoch > 1) epoch -= 1; // often too late
        else if (behind % 4 != 1) _warp(oracle.endOf(epoch) + 30); // else too soon
        (ICreditOracle.Committee memory c, bytes32 digest) = oracle.committeeAt(epoch);
        uint256 end = oracle.endOf(epoch);
        ICreditOracle.EpochReport memory report;
        (report.epoch, report.config, report.modelId) = (epoch, digest, oracle.modelAt(epoch));
        report.snapshotBlock = uint64(block.number) - 3;
        report.snapshotTime = uint64(end) - shift % (MAX_GAP + 10 minutes);
        report.homeHash = blockhash(report.snapshotBlock);
        report.root = _tree(_files(PEOPLE))[0];
        report.borrowers = borrowers % 200;
        uint256 bits = size % 3 == 0 ? mask : (1 << c.members.length) - 1; // mostly all of them
        ICreditOracle.Signature[] memory signatures = _signaturesOf(c, oracle.digestOf(report), bits);
        try oracle.publish(report, uint32(bits), signatures) {
            _published(report, c, signatures.length);
        } catch { }
    }

    function equivocate(uint256 i, bytes32 root) external {
        ICreditOracle.EpochReport memory one;
        ICreditOracle.EpochReport memory two;
        one.epoch = two.epoch = oracle.epochAt(uint64(block.timestamp));
        two.root = root;
        (bytes32 r, bytes32 vs) = vm.signCompact(_key(i % 8), oracle.digestOf(one));
        (bytes32 r2, bytes32 vs2) = vm.signCompact(_key(i % 8), oracle.digestOf(two));
        address member = vm.addr(_key(i % 8));
        try oracle.proveEquivocation(one, ICreditOracle.Signature(r, vs), two, ICreditOracle.Signature(r2, vs2)) {
            if (root == 0) _break("evidence of one report");
            if (bonds.holdingOf(member).amount != 0) _break("a bond stayed");
        } catch { }
    }

    // ------------------------------------------------------------------------------------------------------------- people

    function post(uint256 i) external {
        File memory f = _files(PEOPLE)[i % PEOPLE];
        ICreditOracle.ScoreProof memory proof = proofOf(i % PEOPLE, oracle.currentEpoch());
        vm.prank(f.borrower);
        try oracle.postScore(proof) {
            hasPosted[f.borrower] = true;
            if (fate[proof.epoch] != 0) _break("posted of a root that is held or vetoed");
        } catch { }
    }

    function withdraw(uint256 i) external {
        address borrower = _files(PEOPLE)[i % PEOPLE].borrower;
        vm.prank(borrower);
        oracle.withdrawScore();
        hasPosted[borrower] = false;
    }

    // ------------------------------------------------------------------------------------------------- owner and guardian

    function veto(uint256 behind, bool byOwner) external {
        uint64 epoch = oracle.latestEpoch() - uint64(behind % 2 == 0 ? 0 : oracle.latestEpoch() == 0 ? 0 : 1);
        uint64 current = oracle.currentEpoch();
        vm.prank(byOwner ? OWNER : GUARDIAN);
        try oracle.veto(epoch, "reason") {
            if (!byOwner && _before(epoch) == 2) _break("a second veto in a row");
            fate[epoch] = 2;
        } catch { }
        if (oracle.currentEpoch() != current) _break("a veto changed what is read");
    }

    function release(uint256 behind) external {
        uint64 latest = oracle.latestEpoch();
        uint64 epoch = latest - uint64(behind % (latest + 1));
        vm.prank(OWNER);
        try oracle.release(epoch) {
            if (fate[epoch] != 1) _break("released what was not held");
            fate[epoch] = 0;
        } catch { }
    }

    function pause(uint64 time, bool byOwner) external {
        vm.prank(byOwner ? OWNER : GUARDIAN);
        try oracle.pause(uint64(block.timestamp) + time % (byOwner ? 4 days : 6 hours)) { } catch { }
    }

    function schedule(uint256 n, uint256 quorum, uint64 ahead) external {
        n = n % 8 + 1;
        ICreditOracle.Committee memory c = _committee(n, uint8(_bound(quorum, (n + 2) / 3, n)));
        uint64 from = oracle.epochAt(uint64(block.timestamp)) + ahead % 6;
        vm.prank(OWNER);
        try oracle.scheduleCommittee(c, from) { } catch { }
    }

    // -------------------------------------------------------------------------------------------------------------- bonds

    function fund(uint256 i, uint256 amount) public {
        amount = amount % 5 ether;
        vm.deal(address(this), amount);
        bonds.deposit{ value: amount }(vm.addr(_key(i % 8)));
        given += amount;
    }

    function ask(uint256 i, uint256 amount) external {
        vm.prank(vm.addr(_key(i % 8)));
        try bonds.requestWithdrawal(amount % 4 ether) { } catch { }
    }

    function fetch(uint256 i) external {
        address member = vm.addr(_key(i % 8));
        uint256 had = member.balance;
        vm.prank(member);
        try bonds.withdraw() {
            taken += member.balance - had;
        } catch { }
    }

    function collect(bool reporter) external {
        if (reporter) return; // this contract cannot be paid: its share stays owed
        uint256 had = OWNER.balance;
        vm.prank(OWNER);
        try bonds.collect() {
            taken += OWNER.balance - had;
        } catch { }
    }

    /// @notice All that Bonds owes to anybody.
    function owed() external view returns (uint256 sum) {
        for (uint256 i = 0; i < 8; ++i) {
            sum += bonds.holdingOf(vm.addr(_key(i))).amount;
        }
        sum += bonds.owedTo(OWNER) + bonds.owedTo(address(this));
    }

    // ------------------------------------------------------------------------------------------------------------ private

    function _signaturesOf(ICreditOracle.Committee memory c, bytes32 digest, uint256 bits)
        private
        pure
        returns (ICreditOracle.Signature[] memory signatures)
    {
        uint256 count = 0;
        signatures = new ICreditOracle.Signature[](8);
        for (uint256 bit = 0; bit < 8; ++bit) {
            if (bits >> bit & 1 == 0) continue;
            (bytes32 r, bytes32 vs) = vm.signCompact(_keyOf(c, bit), digest);
            signatures[count++] = ICreditOracle.Signature(r, vs);
        }
        assembly {
            mstore(signatures, count)
        }
    }

    /// @dev The key of the member that stands at `bit`; some key where none does.
    function _keyOf(ICreditOracle.Committee memory c, uint256 bit) private pure returns (uint256) {
        for (uint256 i = 0; i < 8; ++i) {
            if (bit < c.members.length && vm.addr(_key(i)) == c.members[bit]) return _key(i);
        }
        return _key(99);
    }

    function _published(ICreditOracle.EpochReport memory report, ICreditOracle.Committee memory c, uint256 signers)
        private
    {
        if (signers < c.quorum) _break("a root without a quorum");
        if (report.epoch <= published) _break("epochs fell");
        if (report.snapshotTime <= publishedTime) _break("snapshots fell");
        if (oracle.pausedUntil() > block.timestamp) _break("published while paused");
        (published, publishedTime) = (report.epoch, report.snapshotTime);
        rootAt[report.epoch] = report.root;
        fate[report.epoch] = report.borrowers < 100 ? 1 : 0;
    }

    /// @dev The fate of the root that was published before this epoch's.
    function _before(uint64 epoch) private view returns (uint8) {
        for (uint64 e = epoch - 1; e > 0; --e) {
            if (rootAt[e] != 0) return fate[e];
        }
        return 0;
    }

    function _break(string memory what) private {
        broken = true;
        how = what;
    }
}

contract InvariantsTest {
    Crowd internal crowd;

    function setUp() public {
        crowd = new Crowd();
        crowd.setUp();
    }

    function targetContracts() external view returns (address[] memory targets) {
        targets = new address[](1);
        targets[0] = address(crowd);
    }

    function targetSelectors() external view returns (FuzzSelector[] memory targets) {
        bytes4[] memory chosen = new bytes4[](14);
        chosen[0] = Crowd.wait.selector;
        chosen[1] = Crowd.publish.selector;
        chosen[2] = Crowd.equivocate.selector;
        chosen[3] = Crowd.post.selector;
        chosen[4] = Crowd.withdraw.selector;
        chosen[5] = Crowd.veto.selector;
        chosen[6] = Crowd.release.selector;
        chosen[7] = Crowd.pause.selector;
        chosen[8] = Crowd.schedule.selector;
        chosen[9] = Crowd.fund.selector;
        chosen[10] = Crowd.ask.selector;
        chosen[11] = Crowd.fetch.selector;
        chosen[12] = Crowd.collect.selector;
        chosen[13] = Crowd.publish.selector; // twice as often
        targets = new FuzzSelector[](1);
        targets[0] = FuzzSelector(address(crowd), chosen);
    }

    struct FuzzSelector {
        address addr;
        bytes4[] selectors;
    }

    function invariant_nothing_was_let_through_that_must_not() public view {
        require(!crowd.broken(), crowd.how());
    }

    /// @notice Only what was published with a quorum stands in the ring, and each root's mark is what became of it.
    function invariant_the_ring_holds_what_was_published() public view {
        CreditOracle oracle = crowd.theOracle();
        require(oracle.latestEpoch() == crowd.published(), "latest");
        for (uint64 e = 1; e <= crowd.published(); ++e) {
            ICreditOracle.Root memory root = oracle.rootOf(e);
            if (root.epoch == 0) continue;
            require(root.root == crowd.rootAt(e) && uint8(root.mark) == crowd.fate(e), "root");
        }
    }

    /// @notice What is read is active, young, and neither held nor vetoed; nothing higher is.
    function invariant_what_is_read_is_good() public view {
        CreditOracle oracle = crowd.theOracle();
        uint64 current = oracle.currentEpoch();
        for (uint64 e = current + 1; e <= crowd.published(); ++e) {
            ICreditOracle.Root memory root = oracle.rootOf(e);
            require(
                root.epoch == 0 || root.activeFrom > block.timestamp || root.mark != ICreditOracle.Mark.Standing,
                "a higher root stands"
            );
        }
        if (current != 0) require(crowd.fate(current) == 0, "reads a root that is held or vetoed");
        for (uint64 e = 1; e <= crowd.published(); ++e) {
            _checkRead(oracle, e, current);
        }
    }

    function _checkRead(CreditOracle oracle, uint64 epoch, uint64 current) private view {
        Crowd.File memory f = crowd.theFiles()[1];
        try oracle.verifyScore(f.borrower, crowd.proofOf(1, epoch), type(uint64).max) returns (
            uint16, uint16, uint8, uint64, uint64 snapshotTime
        ) {
            require(epoch == current, "reads a root that is not current");
            require(block.timestamp - snapshotTime <= oracle.config().maxAge, "reads a stale root");
        } catch {
            ICreditOracle.Root memory root = oracle.rootOf(epoch);
            bool stale = block.timestamp - root.snapshotTime > oracle.config().maxAge;
            require(epoch != current || stale, "refuses the current root");
        }
    }

    function invariant_posted_scores_are_what_borrowers_let_stand() public view {
        CreditOracle oracle = crowd.theOracle();
        Crowd.File[] memory files = crowd.theFiles();
        for (uint256 i = 0; i < files.length; ++i) {
            (bool ok, uint16 score,,, uint64 epoch, uint64 time) = oracle.tryGetScore(files[i].borrower, 1 << 60);
            if (!ok) continue;
            require(crowd.hasPosted(files[i].borrower), "withdrawn");
            require(score == files[i].score && crowd.fate(epoch) == 0, "of a root that is not good");
            require(block.timestamp - time <= oracle.config().maxAge, "stale");
        }
    }

    function invariant_bonds_can_pay_what_they_owe() public view {
        uint256 balance = address(crowd.bonds()).balance;
        require(balance == crowd.owed(), "owed");
        require(balance == crowd.given() - crowd.taken(), "given and taken");
    }
}
