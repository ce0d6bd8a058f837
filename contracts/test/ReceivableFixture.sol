// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import { IReceivables } from "../src/IReceivables.sol";
import { Receivables } from "../src/Receivables.sol";
import { WalletLinks } from "../src/WalletLinks.sol";
import { DevCoin } from "../src/dev/DevCoin.sol";
import { Fixture } from "./Fixture.sol";

/// @notice Receivables with one coin and wallet links; SUPPLIER sells to BUYER, FINANCIER advances, ANN and BEN hold parts.
abstract contract ReceivableFixture is Fixture {
    uint256 internal constant SUPPLIER_KEY = 0x5E11;
    uint256 internal constant BUYER_KEY = 0xB0B;
    address internal constant FINANCIER = address(0xF1A);
    address internal constant ANN = address(0xA22);
    address internal constant BEN = address(0xBE2);
    uint256 internal constant USD = 1e6;
    uint64 internal constant MONTH = 30 days;
    uint64 internal constant LINK_DELAY = 14 days;

    address internal immutable SUPPLIER = vm.addr(SUPPLIER_KEY);
    address internal immutable BUYER = vm.addr(BUYER_KEY);

    DevCoin internal coin;
    WalletLinks internal links;
    Receivables internal receivables;
    uint256 private _documents;

    function setUp() public virtual override {
        vm.warp(GENESIS);
        vm.roll(20_000);
        coin = new DevCoin();
        links = new WalletLinks(LINK_DELAY);
        receivables = new Receivables(links);
    }

    // ----------------------------------------------------------------------------------------------------------- invoices

    function _document() internal returns (bytes32) {
        return keccak256(abi.encode("document", ++_documents));
    }

    function _dueTime() internal view returns (uint64) {
        return uint64(block.timestamp) + MONTH;
    }

    function _issue(uint256 amount) internal returns (bytes32) {
        return _issueIn(address(coin), amount);
    }

    function _issueIn(address currency, uint256 amount) internal returns (bytes32) {
        bytes32 document = _document();
        vm.prank(SUPPLIER);
        return receivables.issue(BUYER, currency, amount, _dueTime(), 0, document);
    }

    function _issueHidden(uint256 amount, bytes32 salt) internal returns (bytes32) {
        bytes32 document = _document();
        vm.prank(SUPPLIER);
        return receivables.issue(BUYER, address(coin), 0, _dueTime(), keccak256(abi.encode(amount, salt)), document);
    }

    function _accept(bytes32 id) internal {
        vm.prank(BUYER);
        receivables.accept(id);
    }

    function _accepted(uint256 amount) internal returns (bytes32 id) {
        id = _issue(amount);
        _accept(id);
    }

    function _acceptedHidden(uint256 amount, bytes32 salt) internal returns (bytes32 id) {
        id = _issueHidden(amount, salt);
        _accept(id);
    }

    function _dispute(bytes32 id) internal {
        vm.prank(BUYER);
        receivables.dispute(id, keccak256("never delivered"));
    }

    function _void(bytes32 id) internal {
        vm.prank(SUPPLIER);
        receivables.void(id);
    }

    function _credit(bytes32 id, uint256 amount) internal {
        vm.prank(SUPPLIER);
        receivables.credit(id, amount, keccak256("credit note"));
    }

    function _assign(address holder, bytes32 id, address newHolder) internal {
        vm.prank(holder);
        receivables.assign(id, newHolder);
    }

    function _split(address holder, bytes32 id, address newHolder, uint256 amount) internal {
        vm.prank(holder);
        receivables.split(id, newHolder, amount);
    }

    function _offer(address holder, bytes32 id, address financier, uint256 leastAdvance) internal {
        vm.prank(holder);
        receivables.offer(id, financier, leastAdvance);
    }

    /// @notice Gives the account what it needs, and lets the contract take it.
    function _fund(address account, uint256 amount) internal {
        coin.mint(account, amount);
        vm.prank(account);
        coin.approve(address(receivables), amount);
    }

    function _pay(address payer, bytes32 id, uint256 amount) internal {
        _fund(payer, amount);
        vm.prank(payer);
        receivables.pay(id, amount);
    }

    function _finance(address financier, bytes32 id, address holder, uint256 advance) internal {
        _fund(financier, advance);
        vm.prank(financier);
        receivables.finance(id, holder, advance);
    }

    function _financed(uint256 amount, uint256 advance) internal returns (bytes32 id) {
        id = _accepted(amount);
        _offer(SUPPLIER, id, FINANCIER, advance);
        _finance(FINANCIER, id, SUPPLIER, advance);
    }

    function _ended(IReceivables.Status status) internal returns (bytes32 id) {
        if (status == IReceivables.Status.Voided) {
            id = _issue(100 * USD);
            _void(id);
            return id;
        }
        id = _accepted(100 * USD);
        if (status == IReceivables.Status.Paid) _pay(BUYER, id, 100 * USD);
        else _credit(id, 100 * USD);
    }

    // ------------------------------------------------------------------------------------------------------------- states

    function _statusOf(bytes32 id) internal view returns (IReceivables.Status) {
        return receivables.invoiceOf(id).status;
    }

    function _assertStatus(bytes32 id, IReceivables.Status expected) internal view {
        vm.assertEq(uint256(_statusOf(id)), uint256(expected));
    }

    function _wrongStatus(bytes32 id, IReceivables.Status status) internal pure returns (bytes memory) {
        return abi.encodeWithSelector(IReceivables.WrongStatus.selector, id, status);
    }

    function _notAllowed(address caller, address expected) internal pure returns (bytes memory) {
        return abi.encodeWithSelector(IReceivables.NotAllowed.selector, caller, expected);
    }

    function _selfDealing(address one, address other) internal pure returns (bytes memory) {
        return abi.encodeWithSelector(IReceivables.SelfDealing.selector, one, other);
    }

    // --------------------------------------------------------------------------------------------------------- signatures

    /// @notice The digest of EIP-712 typed data of a contract's domain, in the plainest way.
    function _typedBy(string memory name, address verifier, bytes memory encoded) internal view returns (bytes32) {
        bytes32 domain = keccak256(
            abi.encode(
                keccak256("EIP712Domain(string name,string version,uint256 chainId,address verifyingContract)"),
                keccak256(bytes(name)),
                keccak256("1"),
                block.chainid,
                verifier
            )
        );
        return keccak256(abi.encodePacked(hex"1901", domain, keccak256(encoded)));
    }

    function _acceptance(bytes32 id, uint64 deadline) internal view returns (bytes memory) {
        IReceivables.Invoice memory invoice = receivables.invoiceOf(id);
        bytes32 typehash = keccak256(
            "Acceptance(bytes32 invoiceId,address supplier,address buyer,address currency,uint256 amount,uint64 dueTime,bool disputed,uint64 deadline)"
        );
        return abi.encode(
            typehash,
            id,
            invoice.supplier,
            invoice.buyer,
            invoice.currency,
            invoice.amount,
            invoice.dueTime,
            invoice.status == IReceivables.Status.Disputed,
            deadline
        );
    }

    function _signAcceptance(uint256 key, bytes32 id, uint64 deadline) internal view returns (bytes memory) {
        return _signed(key, _typedBy("Receivables", address(receivables), _acceptance(id, deadline)));
    }

    function _signDispute(uint256 key, bytes32 id, bytes32 reason, uint64 deadline)
        internal
        view
        returns (bytes memory)
    {
        bytes32 typehash = keccak256("Dispute(bytes32 invoiceId,bytes32 reasonHash,uint64 deadline)");
        bytes memory words = abi.encode(typehash, id, reason, deadline);
        return _signed(key, _typedBy("Receivables", address(receivables), words));
    }

    /// @notice Makes the two wallets one person, by the words of both.
    function _link(uint256 key, uint256 otherKey) internal {
        (address one, address other) = (vm.addr(key), vm.addr(otherKey));
        links.linkFor(one, other, type(uint64).max, _signLink(key, other), _signLink(otherKey, one));
    }

    function _signLink(uint256 key, address with) private view returns (bytes memory) {
        bytes32 typehash = keccak256("Link(address wallet,address with,uint256 nonce,uint64 deadline)");
        address wallet = vm.addr(key);
        bytes memory words = abi.encode(typehash, wallet, with, links.nonces(wallet), type(uint64).max);
        return _signed(key, _typedBy("WalletLinks", address(links), words));
    }
}
