// SPDX-License-Identifier: MIT
pragma solidity ^0.8.31;

import {OptionMath} from "../../contracts/libraries/OptionMath.sol";
import {StrikeSlot, StrikeSlotLib} from "../../contracts/libraries/StrikeSlot.sol";
import {OptionSample} from "./OptionSample.sol";

/// @notice A book is the sum of its options.
contract OptionBookTest is OptionSample {
    uint256 private constant STRIKES = 5;

    /// @dev What the options say one by one, and how far the book may be from it.
    struct Total {
        OptionMath.Position position;
        uint256 valueError;
        uint256 contracts;
    }

    function testFuzz_Book_IsTheSumOfItsOptions(uint256 seed) public pure {
        Sample memory s = _bookSample(seed);
        (StrikeSlot[] memory slots, uint256[] memory volatilities) = _slots(s, seed);
        Total memory total = _total(s, slots, volatilities);
        _assertClose(OptionMath.book(s.e, s.spot, slots, volatilities), total, s);
    }

    function testFuzz_Book_AtOneVolatility(uint256 seed) public pure {
        Sample memory s = _bookSample(seed);
        (StrikeSlot[] memory slots, uint256[] memory volatilities) = _slots(s, seed);
        for (uint256 i; i < STRIKES; ++i) volatilities[i] = s.volatility;
        OptionMath.Position memory flat = OptionMath.book(s.e, s.spot, slots, s.volatility);
        OptionMath.Position memory each = OptionMath.book(s.e, s.spot, slots, volatilities);
        _assertEqual(uint256(keccak256(abi.encode(flat))), uint256(keccak256(abi.encode(each))), "flat");
    }

    function testFuzz_Book_SkipsStrikesWithoutOpenInterest(uint256 seed, uint256 strike) public pure {
        Sample memory s = _bookSample(seed);
        (StrikeSlot[] memory slots, ) = _slots(s, seed);
        OptionMath.Position memory before = OptionMath.book(s.e, s.spot, slots, s.volatility);
        StrikeSlot[] memory longer = new StrikeSlot[](STRIKES + 1);
        for (uint256 i; i < STRIKES; ++i) longer[i] = slots[i];
        longer[STRIKES] = StrikeSlotLib.pack(_bound(strike, 1, type(uint64).max) * 1e9, 0, 0);
        OptionMath.Position memory afterwards = OptionMath.book(s.e, s.spot, longer, s.volatility);
        _assertEqual(uint256(keccak256(abi.encode(before))), uint256(keccak256(abi.encode(afterwards))), "idle strike");
    }

    function testFuzz_Book_AtExpiryIsIntrinsicValue(uint256 seed) public pure {
        Sample memory s = _withTime(_bookSample(seed), 0);
        (StrikeSlot[] memory slots, ) = _slots(s, seed);
        OptionMath.Position memory p = OptionMath.book(s.e, s.spot, slots, s.volatility);
        int256 value;
        for (uint256 i; i < STRIKES; ++i) {
            int256 inner = int256(s.spot) - int256(slots[i].strikeWad());
            uint256 contracts = inner > 0 ? slots[i].callOpenInterest() : slots[i].putOpenInterest();
            value += ((inner > 0 ? inner : -inner) * int256(contracts)) / 1e18;
        }
        _assertClose(p.value, value, 2 * STRIKES + 2, "value");
        _assertEqual(p.gamma, 0, "gamma");
        _assertEqual(p.vega, 0, "vega");
    }

    function test_Book_OfNothingIsNothing() public pure {
        OptionMath.Position memory p = OptionMath.book(
            OptionMath.expiry(1 days, 0, 0),
            3000e18,
            new StrikeSlot[](0),
            uint256(1e18)
        );
        _assertEqual(p.value | p.delta | p.gamma | p.vega | p.theta, 0, "empty book");
    }

    function test_Book_RevertWhen_VolatilitiesAreMissing() public view {
        _expectRevert(
            abi.encodeCall(this.book, (3000e18, new StrikeSlot[](2), new uint256[](1))),
            abi.encodeWithSelector(OptionMath.LengthMismatch.selector, 2, 1)
        );
    }

    function test_Book_RevertWhen_AnArgumentIsOutOfRange() public view {
        StrikeSlot[] memory slots = new StrikeSlot[](1);
        slots[0] = StrikeSlotLib.pack(3000e18, 1, 1);
        uint256[] memory volatilities = new uint256[](1);
        _expectRevert(
            abi.encodeCall(this.book, (0, slots, volatilities)),
            abi.encodeWithSelector(OptionMath.OutOfRange.selector, OptionMath.Argument.Spot, 0)
        );
        volatilities[0] = 10e18 + 1;
        _expectRevert(
            abi.encodeCall(this.book, (3000e18, slots, volatilities)),
            abi.encodeWithSelector(OptionMath.OutOfRange.selector, OptionMath.Argument.Volatility, 10e18 + 1)
        );
        volatilities[0] = 1e18;
        slots[0] = StrikeSlot.wrap(1 << 64);
        _expectRevert(
            abi.encodeCall(this.book, (3000e18, slots, volatilities)),
            abi.encodeWithSelector(OptionMath.OutOfRange.selector, OptionMath.Argument.Strike, 0)
        );
    }

    function book(
        uint256 spot,
        StrikeSlot[] memory slots,
        uint256[] memory volatilities
    ) external pure returns (OptionMath.Position memory) {
        return OptionMath.book(OptionMath.expiry(1 days, 0, 0), spot, slots, volatilities);
    }

    function _bookSample(uint256 seed) private pure returns (Sample memory s) {
        s = _moderateSample(seed);
        // Strikes have 64 bits of 1e-9 quote.
        s.spot = _bound(s.spot, 1e17, 1e26);
    }

    function _slots(
        Sample memory s,
        uint256 seed
    ) private pure returns (StrikeSlot[] memory slots, uint256[] memory volatilities) {
        slots = new StrikeSlot[](STRIKES);
        volatilities = new uint256[](STRIKES);
        for (uint256 i; i < STRIKES; ++i) {
            uint256 draw = uint256(keccak256(abi.encode(seed, "strike", i)));
            uint256 strike = (s.spot * _bound(draw, 0.5e18, 2e18)) / 1e18;
            slots[i] = StrikeSlotLib.pack(
                (strike / 1e9) * 1e9,
                draw % 3 == 0 ? 0 : _logBound(draw, 30, 80),
                draw % 5 == 0 ? 0 : _logBound(~draw, 30, 80)
            );
            volatilities[i] = _bound(draw >> 8, 0.2e18, 2e18);
        }
    }

    function _total(
        Sample memory s,
        StrikeSlot[] memory slots,
        uint256[] memory volatilities
    ) private pure returns (Total memory total) {
        for (uint256 i; i < STRIKES; ++i) {
            s.strike = slots[i].strikeWad();
            s.volatility = volatilities[i];
            _addOptions(total, _greeks(s, true), slots[i].callOpenInterest(), _error(s));
            _addOptions(total, _greeks(s, false), slots[i].putOpenInterest(), _error(s));
        }
    }

    function _addOptions(
        Total memory total,
        OptionMath.Greeks memory g,
        uint256 openInterest,
        uint256 error_
    ) private pure {
        int256 contracts = int256(openInterest);
        total.position.value += (int256(g.price) * contracts) / 1e18;
        total.position.delta += (g.delta * contracts) / 1e18;
        total.position.gamma += (int256(g.gamma) * contracts) / 1e18;
        total.position.vega += (int256(g.vega) * contracts) / 1e18;
        total.position.theta += (g.theta * contracts) / 1e18;
        total.valueError += (error_ * openInterest) / 1e18 + 2;
        total.contracts += openInterest / 1e18 + 2;
    }

    function _assertClose(OptionMath.Position memory p, Total memory total, Sample memory s) private pure {
        _assertClose(p.value, total.position.value, total.valueError, "value");
        _assertClose(p.delta, total.position.delta, 2 * total.contracts, "delta");
        _assertClose(p.gamma, total.position.gamma, total.contracts, "gamma");
        _assertClose(p.vega, total.position.vega, total.contracts, "vega");
        // Rates of at most 50 % and 10 % on value and on S * delta.
        uint256 deltaValueError = (s.spot / 1e18 + 1) * 2 * total.contracts;
        _assertClose(p.theta, total.position.theta, total.valueError + deltaValueError, "theta");
    }
}
