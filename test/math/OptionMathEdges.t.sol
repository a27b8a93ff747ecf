// SPDX-License-Identifier: MIT
pragma solidity ^0.8.31;

import {OptionMath} from "../../contracts/libraries/OptionMath.sol";
import {OptionSample} from "./OptionSample.sol";

/// @notice Inside the domain every edge has an answer, the limit; outside, one error carries the value.
contract OptionMathEdgesTest is OptionSample {
    function testFuzz_Expired_IsIntrinsicValue(uint256 spot, uint256 strike, uint256 volatility) public pure {
        spot = _logBound(spot, 0, 128);
        strike = _logBound(strike, 0, 128);
        volatility = _bound(volatility, 0, OptionMath.MAX_VOLATILITY);
        OptionMath.Greeks memory call = OptionMath.greeks(spot, strike, volatility, 0, 0, 0, true);
        OptionMath.Greeks memory put = OptionMath.greeks(spot, strike, volatility, 0, 0, 0, false);
        _assertEqual(call.price, spot > strike ? spot - strike : 0, "call");
        _assertEqual(put.price, strike > spot ? strike - spot : 0, "put");
        // The logarithm tells them apart from 2^-96 on.
        if (_distance(int256(spot), int256(strike)) > spot >> 94) {
            _assertEqual(call.delta, int256(spot > strike ? 1e18 : uint256(0)), "call delta");
            _assertEqual(put.delta, spot > strike ? int256(0) : -1e18, "put delta");
        }
        _assertEqual(call.gamma + put.gamma + call.vega + put.vega, 0, "gamma and vega");
        _assertEqual(call.theta, 0, "theta");
    }

    function test_Expired_AtTheMoneyDeltaIsHalf() public pure {
        OptionMath.Greeks memory call = OptionMath.greeks(3000e18, 3000e18, 1e18, 0, 0.1e18, 0, true);
        OptionMath.Greeks memory put = OptionMath.greeks(3000e18, 3000e18, 1e18, 0, 0.1e18, 0, false);
        _assertClose(call.delta, 0.5e18, 1, "call");
        _assertClose(put.delta, -0.5e18, 1, "put");
        _assertEqual(call.price + put.price + call.gamma + call.vega, 0, "nothing else");
    }

    function testFuzz_Expired_RoundingAddsNothing(uint256 spot, uint256 strike, bool isCall) public pure {
        spot = _logBound(spot, 0, 128);
        strike = _logBound(strike, 0, 128);
        OptionMath.Expiry memory e = OptionMath.expiry(0, 0, 0);
        uint256 up = OptionMath.price(e, spot, strike, 1e18, isCall, OptionMath.Rounding.Up);
        uint256 down = OptionMath.price(e, spot, strike, 1e18, isCall, OptionMath.Rounding.Down);
        _assertEqual(up, down, "settled is settled");
    }

    function testFuzz_NoVolatility_IsDiscountedIntrinsicValueOfTheForward(uint256 seed) public pure {
        Sample memory s = _sample(seed);
        s.volatility = 0;
        OptionMath.Greeks memory call = _greeks(s, true);
        OptionMath.Greeks memory put = _greeks(s, false);
        int256 intrinsic = _down(int256(s.spot * s.e.spotWeightQ96) - int256(s.strike * s.e.discountQ96));
        _assertClose(int256(call.price), intrinsic > 0 ? intrinsic : int256(0), _error(s), "call");
        _assertClose(int256(put.price), intrinsic > 0 ? int256(0) : -intrinsic, _error(s), "put");
        _assertEqual(call.gamma, 0, "gamma");
        // Within the kernel's error of the forward, either side is the limit.
        if (_distance(intrinsic, 0) > _error(s)) {
            int256 weight = _down(1e18 * int256(s.e.spotWeightQ96));
            _assertClose(call.delta, intrinsic > 0 ? weight : int256(0), 1, "call delta");
            _assertClose(put.delta, intrinsic > 0 ? int256(0) : -weight, 1, "put delta");
            _assertEqual(call.vega, 0, "vega");
        }
    }

    function test_NoVolatility_AtTheForwardHasItsLimits() public pure {
        OptionMath.Greeks memory g = OptionMath.greeks(3000e18, 3000e18, 0, 365 days, 0, 0, true);
        _assertClose(g.delta, 0.5e18, 1, "delta");
        _assertEqual(g.gamma, 0, "gamma");
        // S * n(0) * sqrt(T)
        _assertClose(g.vega, 1196826841204298e6, 1e6, "vega");
        _assertEqual(g.theta, 0, "theta");
    }

    /// @dev Every corner of the domain at once: none reverts, and none breaks the bounds of a price.
    function test_Corners_AllAnswer() public pure {
        uint256[4] memory amounts = [uint256(1), 1e18, 1 << 100, OptionMath.MAX_PRICE];
        uint256[4] memory volatilities = [uint256(0), 1, 1e18, OptionMath.MAX_VOLATILITY];
        uint256[4] memory times = [uint256(0), 1, 365 days, OptionMath.MAX_SECONDS];
        int256[3] memory rates = [int256(-1e18), 0, 1e18];
        for (uint256 i; i < 4 * 4 * 4 * 4 * 9; ++i) {
            uint256 rest = i / 256;
            OptionMath.Expiry memory e = OptionMath.expiry(times[(i / 64) % 4], rates[rest % 3], rates[rest / 3]);
            _assertBounds(e, amounts[i % 4], amounts[(i / 4) % 4], volatilities[(i / 16) % 4]);
        }
    }

    function testFuzz_Distance_FarFromTheMoneyIsIntrinsic(uint256 bits, uint256 secondsToExpiry) public pure {
        bits = _bound(bits, 60, 100);
        secondsToExpiry = _bound(secondsToExpiry, 1, 365 days);
        OptionMath.Expiry memory e = OptionMath.expiry(secondsToExpiry, 0, 0);
        OptionMath.Greeks memory call = OptionMath.greeks(e, 1 << bits, 1, 1e18, true);
        OptionMath.Greeks memory put = OptionMath.greeks(e, 1, 1 << bits, 1e18, false);
        _assertEqual(call.price, (1 << bits) - 1, "S/K = 2^bits");
        _assertEqual(put.price, (1 << bits) - 1, "S/K = 2^-bits");
        _assertEqual(call.delta, 1e18, "call delta");
        _assertEqual(put.delta, -1e18, "put delta");
    }

    function testFuzz_Dust_PricesBelowOneDigitAreZero(uint256 seed) public pure {
        Sample memory s = _sample(seed);
        s.strike = s.spot;
        s.spot = s.spot >> 30 == 0 ? 1 : s.spot >> 30;
        s.volatility = 0.1e18;
        Sample memory soon = _withTime(s, 1 days);
        _assertEqual(_greeks(soon, true).price, 0, "nearest");
        _assertEqual(_price(soon, true, OptionMath.Rounding.Down), 0, "down");
        _assertAtMost(1, _price(soon, true, OptionMath.Rounding.Up), "up is never free");
    }

    /// @dev Gamma is S times the second derivative: the same digits at every size of the spot.
    function testFuzz_Gamma_KeepsItsDigitsAtHighSpot(uint256 bits) public pure {
        bits = _bound(bits, 0, 60);
        uint256 low = OptionMath.greeks(1e18, 1.1e18, 0.5e18, 30 days, 0.1e18, 0, true).gamma;
        uint256 high = OptionMath.greeks(1e18 << bits, 1.1e18 << bits, 0.5e18, 30 days, 0.1e18, 0, true).gamma;
        _assertClose(high, low, 10, "gamma");
    }

    function testFuzz_Expiry_RevertWhen_SecondsAreOutOfRange(uint256 secondsToExpiry) public view {
        secondsToExpiry = _bound(secondsToExpiry, OptionMath.MAX_SECONDS + 1, type(uint256).max);
        _expectOutOfRange(
            abi.encodeCall(this.expiry, (secondsToExpiry, 0, 0)),
            OptionMath.Argument.SecondsToExpiry,
            secondsToExpiry
        );
    }

    function testFuzz_Expiry_RevertWhen_RatesAreOutOfRange(int256 rate) public view {
        if (rate >= -1e18 && rate <= 1e18) rate += rate < 0 ? -2e18 : int256(2e18);
        _expectOutOfRange(abi.encodeCall(this.expiry, (1, rate, 0)), OptionMath.Argument.Carry, uint256(rate));
        _expectOutOfRange(abi.encodeCall(this.expiry, (1, 0, rate)), OptionMath.Argument.DiscountRate, uint256(rate));
    }

    function testFuzz_Greeks_RevertWhen_AmountsAreOutOfRange(uint256 amount) public view {
        amount = _bound(amount, OptionMath.MAX_PRICE + 1, type(uint256).max);
        _expectOutOfRange(abi.encodeCall(this.greeks, (amount, 1, 1)), OptionMath.Argument.Spot, amount);
        _expectOutOfRange(abi.encodeCall(this.greeks, (1, amount, 1)), OptionMath.Argument.Strike, amount);
        uint256 volatility = _bound(amount, OptionMath.MAX_VOLATILITY + 1, type(uint256).max);
        _expectOutOfRange(abi.encodeCall(this.greeks, (1, 1, volatility)), OptionMath.Argument.Volatility, volatility);
        _expectOutOfRange(abi.encodeCall(this.deviation, (volatility)), OptionMath.Argument.Volatility, volatility);
    }

    function test_RevertWhen_OnePastTheBoundary() public view {
        this.expiry(OptionMath.MAX_SECONDS, 1e18, -1e18);
        this.greeks(OptionMath.MAX_PRICE, OptionMath.MAX_PRICE, OptionMath.MAX_VOLATILITY);
        this.greeks(1, 1, 0);
        _expectOutOfRange(abi.encodeCall(this.greeks, (0, 1, 1)), OptionMath.Argument.Spot, 0);
        _expectOutOfRange(abi.encodeCall(this.greeks, (1, 0, 1)), OptionMath.Argument.Strike, 0);
        _expectOutOfRange(
            abi.encodeCall(this.greeks, (OptionMath.MAX_PRICE + 1, 1, 1)),
            OptionMath.Argument.Spot,
            OptionMath.MAX_PRICE + 1
        );
        _expectOutOfRange(abi.encodeCall(this.greeks, (1, 1, 10e18 + 1)), OptionMath.Argument.Volatility, 10e18 + 1);
        _expectOutOfRange(abi.encodeCall(this.expiry, (1, 1e18 + 1, 0)), OptionMath.Argument.Carry, 1e18 + 1);
        _expectOutOfRange(
            abi.encodeCall(this.expiry, (1, 0, -1e18 - 1)),
            OptionMath.Argument.DiscountRate,
            type(uint256).max - 1e18
        );
        _expectOutOfRange(
            abi.encodeCall(this.expiry, (OptionMath.MAX_SECONDS + 1, 0, 0)),
            OptionMath.Argument.SecondsToExpiry,
            OptionMath.MAX_SECONDS + 1
        );
    }

    function expiry(
        uint256 secondsToExpiry,
        int256 carry,
        int256 rate
    ) external pure returns (OptionMath.Expiry memory) {
        return OptionMath.expiry(secondsToExpiry, carry, rate);
    }

    function greeks(uint256 spot, uint256 strike, uint256 volatility) external pure returns (OptionMath.Greeks memory) {
        return OptionMath.greeks(spot, strike, volatility, 1 days, 0, 0, true);
    }

    function deviation(uint256 volatility) external pure returns (uint256) {
        return OptionMath.deviation(OptionMath.expiry(1 days, 0, 0), volatility);
    }

    function _assertBounds(OptionMath.Expiry memory e, uint256 spot, uint256 strike, uint256 volatility) private pure {
        uint256 spotValue = spot * e.spotWeightQ96;
        uint256 cashValue = strike * e.discountQ96;
        uint256 error_ = ((spotValue + cashValue) >> (96 + 59)) + 2;
        OptionMath.Greeks memory call = OptionMath.greeks(e, spot, strike, volatility, true);
        OptionMath.Greeks memory put = OptionMath.greeks(e, spot, strike, volatility, false);
        _assertAtMost(call.price, (spotValue >> 96) + error_, "call");
        _assertAtMost(put.price, (cashValue >> 96) + error_, "put");
        _assertClose(
            int256(call.price) - int256(put.price),
            _down(int256(spotValue) - int256(cashValue)),
            error_ + 1,
            "parity"
        );
        _assertAtMost(call.delta, _down(1e18 * int256(e.spotWeightQ96)) + 1, "delta");
        _assertAtMost(0, call.delta, "delta");
    }

    function _expectOutOfRange(bytes memory call, OptionMath.Argument argument, uint256 value) private view {
        _expectRevert(call, abi.encodeWithSelector(OptionMath.OutOfRange.selector, argument, value));
    }
}
