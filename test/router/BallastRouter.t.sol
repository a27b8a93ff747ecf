// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

import {IPyth} from "@pythnetwork/pyth-sdk-solidity/IPyth.sol";
import {BallastRouter} from "../../contracts/BallastRouter.sol";
import {OptionToken} from "../../contracts/OptionToken.sol";
import {IAuctions} from "../../contracts/interfaces/IAuctions.sol";
import {IBallastRouter} from "../../contracts/interfaces/IBallastRouter.sol";
import {IExpiryPriceOracle} from "../../contracts/interfaces/IExpiryPriceOracle.sol";
import {IOptionMarket} from "../../contracts/interfaces/IOptionMarket.sol";
import {IOptionVault} from "../../contracts/interfaces/IOptionVault.sol";
import {LocalPyth} from "../../contracts/local/LocalPyth.sol";
import {LocalUsdc} from "../../contracts/local/LocalUsdc.sol";
import {StubAuctions} from "../../contracts/mocks/router/StubAuctions.sol";
import {StubMarket} from "../../contracts/mocks/router/StubMarket.sol";
import {StubVault} from "../../contracts/mocks/router/StubVault.sol";

interface IVmRouter {
    function prank(address sender) external;
    function startPrank(address sender) external;
    function stopPrank() external;
    function deal(address account, uint256 balance) external;
}

/// @notice Three people with everything allowed to the router, and strays in it from the start.
contract BallastRouterTest {
    IVmRouter private constant VM = IVmRouter(0x7109709ECfa91a80626fF3989D68f67F5b1DD12D);

    uint256 private constant ID = 12345;
    uint256 private constant RICH = 1e15;
    uint256 private constant STRAY = 7;
    uint256 private constant ACTIONS = 7;

    LocalUsdc private _usdc;
    StubVault private _vault;
    StubMarket private _market;
    StubAuctions private _auctions;
    OptionToken private _token;
    LocalPyth private _pyth;
    BallastRouter private _router;
    address[3] private _people = [address(0xA11CE), address(0xB0B), address(0xCA201)];

    /// @notice One call of the router, as the fuzzer thinks of it.
    struct Step {
        uint8 action;
        uint8 caller;
        uint8 receiver;
        uint40 amount;
        uint40 limit;
        uint8 shift;
        uint64 price;
        uint16 feeBps;
        uint8 updates;
        uint8 value;
    }

    /// @notice What somebody has.
    struct Purse {
        uint256 quote;
        uint256 shares;
        uint256 options;
        uint256 ether_;
    }

    error AssertionFailed(string what);

    function setUp() public {
        _usdc = new LocalUsdc(6);
        _vault = new StubVault(_usdc);
        _market = new StubMarket(_usdc);
        _token = new OptionToken(address(_market), "ETH");
        _market.setParts(_token, IExpiryPriceOracle(address(0)));
        _auctions = new StubAuctions(_market);
        _pyth = new LocalPyth(address(0), 1);
        _router = new BallastRouter(
            IOptionVault(address(_vault)),
            IOptionMarket(address(_market)),
            IAuctions(address(_auctions)),
            IExpiryPriceOracle(address(0)),
            IPyth(address(_pyth))
        );
        _usdc.mint(address(_market), type(uint128).max);
        _usdc.mint(address(this), 1e18);
        _usdc.approve(address(_vault), type(uint256).max);
        for (uint256 i; i < _people.length; ++i) {
            address who = _people[i];
            VM.deal(who, 1 ether);
            _usdc.mint(who, RICH);
            _vault.deposit(1e12, who);
            _giveOptions(who, RICH);
            VM.startPrank(who);
            _usdc.approve(address(_router), type(uint256).max);
            _vault.approve(address(_router), type(uint256).max);
            _token.setOperator(address(_router), true);
            VM.stopPrank();
        }
        _usdc.mint(address(_router), STRAY);
        _vault.deposit(1e6, address(this));
        _vault.transfer(address(_router), STRAY);
        _giveOptions(address(_router), STRAY);
        VM.deal(address(_router), STRAY);
    }

    /// @notice Whatever is called, and whether or not it succeeds: the router has what it had and allows nobody
    ///         anything; the caller has what the action moves, to the unit, and who is neither caller nor receiver is as
    ///         he was.
    function testFuzz_AnySequence_LeavesNothingWithTheRouter(Step[12] memory steps) public {
        for (uint256 i; i < steps.length; ++i) {
            Step memory step = steps[i];
            _market.tell(step.price, step.price / 2, step.price / 3, 0);
            _vault.tellFee(step.feeBps % 10_001);
            Purse[3] memory had;
            for (uint256 p; p < _people.length; ++p) had[p] = _purseOf(_people[p]);
            (bool ok, uint256 result) = _take(step);
            _requireEmpty();
            for (uint256 p; p < _people.length; ++p) {
                Purse memory due = ok ? _due(step, p, had[p], result) : had[p];
                Purse memory has = _purseOf(_people[p]);
                _require(has.quote == due.quote, "quote token");
                _require(has.shares == due.shares, "shares");
                _require(has.options == due.options, "options");
                _require(has.ether_ == due.ether_, "ether");
            }
        }
    }

    /// @notice The limits hold on the results themselves.
    function testFuzz_Limits_Hold(Step memory step) public {
        _market.tell(step.price, step.price / 2, step.price / 3, 0);
        _vault.tellFee(step.feeBps % 10_001);
        (bool ok, uint256 result) = _take(step);
        if (!ok) return;
        uint256 action = step.action % ACTIONS;
        if (action == 0 || action == 1 || action == 4) _require(result >= _limitOf(step), "below the minimum");
        if (action == 2 || action == 3) _require(result <= _limitOf(step), "above the maximum");
    }

    // ---------------------------------------------------------------- what a call does

    function _take(Step memory step) private returns (bool ok, uint256 result) {
        bytes memory call = _callOf(step);
        VM.prank(_people[step.caller % 3]);
        bytes memory answer;
        // solhint-disable-next-line avoid-low-level-calls
        (ok, answer) = address(_router).call{value: step.value}(call);
        if (ok && answer.length != 0) result = abi.decode(answer, (uint256));
    }

    function _callOf(Step memory step) private view returns (bytes memory) {
        IBallastRouter.Before memory first;
        first.priceUpdate = new bytes[](step.updates % 4);
        for (uint256 i; i < first.priceUpdate.length; ++i) {
            first.priceUpdate[i] = abi.encode(
                LocalPyth.Update(bytes32(i), 1, 1, -8, uint64(block.timestamp), 0),
                bytes("")
            );
        }
        address to = _people[step.receiver % 3];
        uint256 action = step.action % ACTIONS;
        (uint256 amount, uint256 limit, uint256 last) = (step.amount, _limitOf(step), type(uint256).max);
        if (action == 0) return abi.encodeCall(BallastRouter.deposit, (first, amount, limit, last, to));
        if (action == 1) return abi.encodeCall(BallastRouter.redeem, (first, amount, limit, last, to));
        if (action == 2) return abi.encodeCall(BallastRouter.buy, (first, ID, amount, limit, last, to));
        if (action == 3) return abi.encodeCall(BallastRouter.fillAuction, (first, ID, amount, limit, last, to));
        if (action == 4) return abi.encodeCall(BallastRouter.sell, (first, ID, amount, limit, last, to));
        if (action == 5) return abi.encodeCall(BallastRouter.redeemOptions, (first, ID, amount, to));
        return abi.encodeCall(BallastRouter.prepare, (first));
    }

    /// @dev Of every order of magnitude: shares have six decimals more than what they cost.
    function _limitOf(Step memory step) private pure returns (uint256) {
        return uint256(step.limit) >> (step.shift % 41);
    }

    /// @dev What person `p` must have after it: the action's own words, without the router.
    function _due(
        Step memory step,
        uint256 p,
        Purse memory had,
        uint256 result
    ) private pure returns (Purse memory due) {
        due = Purse(had.quote, had.shares, had.options, had.ether_);
        uint256 action = step.action % ACTIONS;
        if (p == step.caller % 3) {
            due.ether_ -= step.updates % 4;
            if (action == 0) due.quote -= step.amount;
            if (action == 1) due.shares -= step.amount;
            if (action == 2 || action == 3) due.quote -= result;
            if (action == 4 || action == 5) due.options -= step.amount;
        }
        if (p == step.receiver % 3) {
            if (action == 0) due.shares += result;
            if (action == 2 || action == 3) due.options += step.amount;
            if (action == 1 || action == 4 || action == 5) due.quote += result;
        }
    }

    // ---------------------------------------------------------------- what is where

    function _purseOf(address who) private view returns (Purse memory) {
        return Purse(_usdc.balanceOf(who), _vault.balanceOf(who), _token.balanceOf(who, ID), who.balance);
    }

    function _requireEmpty() private view {
        Purse memory left = _purseOf(address(_router));
        _require(left.quote == STRAY && left.shares == STRAY && left.options == STRAY, "tokens left or taken");
        _require(left.ether_ == STRAY, "ether left or taken");
        _require(_usdc.allowance(address(_router), address(_vault)) == 0, "the vault is allowed something");
        _require(_usdc.allowance(address(_router), address(_market)) == 0, "the market is allowed something");
        _require(_usdc.allowance(address(_router), address(_auctions)) == 0, "the auctions are allowed something");
    }

    function _giveOptions(address to, uint256 size) private {
        _market.buy(ID, size, 0, type(uint256).max, to);
    }

    function _require(bool holds, string memory what) private pure {
        if (!holds) revert AssertionFailed(what);
    }
}
