// SPDX-License-Identifier: MIT
pragma solidity ^0.8.31;

import {OptionMath} from "../../contracts/libraries/OptionMath.sol";
import {OptionSample} from "./OptionSample.sol";

/// @notice What every European option price obeys, whatever the arguments, within the error that the library promises.
contract OptionMathTest is OptionSample {
    function testFuzz_Price_KeepsPutCallParity(uint256 seed) public pure {
        Sample memory s = _sample(seed);
        OptionMath.Greeks memory call = _greeks(s, true);
        OptionMath.Greeks memory put = _greeks(s, false);
        int256 forward = _down(int256(s.spot * s.e.spotWeightQ96) - int256(s.strike * s.e.discountQ96));
        // A price that the error makes negative is 0: then the other one may be too high by as much.
        _assertClose(int256(call.price) - int256(put.price), forward, _error(s) + 1, "C - P = S*C - K*D");
        _assertClose(call.delta - put.delta, _down(1e18 * int256(s.e.spotWeightQ96)), 2, "delta parity");
        _assertEqual(call.gamma, put.gamma, "gamma");
        _assertEqual(call.vega, put.vega, "vega");
    }

    function testFuzz_Price_StaysBetweenIntrinsicAndItsBound(uint256 seed) public pure {
        Sample memory s = _sample(seed);
        int256 spotValue = _down(int256(s.spot * s.e.spotWeightQ96));
        int256 cashValue = _down(int256(s.strike * s.e.discountQ96));
        int256 error_ = int256(_error(s));
        int256 call = int256(_greeks(s, true).price);
        int256 put = int256(_greeks(s, false).price);
        _assertAtMost(call, spotValue + error_, "call above spot");
        _assertAtMost(put, cashValue + error_, "put above strike");
        _assertAtMost(spotValue - cashValue - error_, call, "call below intrinsic");
        _assertAtMost(cashValue - spotValue - error_, put, "put below intrinsic");
    }

    function testFuzz_Greeks_HaveTheirSigns(uint256 seed) public pure {
        Sample memory s = _sample(seed);
        int256 weight = _down(1e18 * int256(s.e.spotWeightQ96)) + 1;
        OptionMath.Greeks memory call = _greeks(s, true);
        OptionMath.Greeks memory put = _greeks(s, false);
        _assertAtMost(0, call.delta, "call delta below 0");
        _assertAtMost(call.delta, weight, "call delta above C");
        _assertAtMost(put.delta, 0, "put delta above 0");
        _assertAtMost(-put.delta, weight, "put delta below -C");
        // They are unsigned, and a wrapped product would be enormous: n(d) <= .4, so gamma <= .4 * C / v, and so on.
        uint256 v = OptionMath.deviation(s.e, s.volatility);
        _assertAtMost(call.gamma, (0.4e18 * s.e.spotWeightQ96) / v, "gamma");
        _assertAtMost(
            call.vega,
            (((s.spot * s.e.spotWeightQ96) >> 96) * ((0.4e18 * s.e.sqrtTimeQ96) >> 96)) / 1e18 + _error(s),
            "vega"
        );
    }

    function testFuzz_Price_IsMonotoneInSpot(uint256 seed, uint256 other) public pure {
        Sample memory low = _sample(seed);
        Sample memory high = _sample(seed);
        high.spot = _bound(other, low.spot, low.spot * 2);
        uint256 error_ = _error(low) + _error(high);
        _assertAtMost(_greeks(low, true).price, _greeks(high, true).price + error_, "call falls with spot");
        _assertAtMost(_greeks(high, false).price, _greeks(low, false).price + error_, "put rises with spot");
    }

    function testFuzz_Price_IsMonotoneInStrike(uint256 seed, uint256 other) public pure {
        Sample memory low = _sample(seed);
        Sample memory high = _sample(seed);
        high.strike = _bound(other, low.strike, low.strike * 2);
        uint256 error_ = _error(low) + _error(high);
        _assertAtMost(_greeks(high, true).price, _greeks(low, true).price + error_, "call rises with strike");
        _assertAtMost(_greeks(low, false).price, _greeks(high, false).price + error_, "put falls with strike");
    }

    function testFuzz_Price_IsMonotoneInVolatility(uint256 seed, uint256 other, bool isCall) public pure {
        Sample memory low = _sample(seed);
        Sample memory high = _sample(seed);
        high.volatility = _bound(other, low.volatility, OptionMath.MAX_VOLATILITY);
        _assertAtMost(
            _greeks(low, isCall).price,
            _greeks(high, isCall).price + 2 * _error(low),
            "price falls with volatility"
        );
    }

    function testFuzz_Price_IsConvexInStrike(uint256 seed, uint256 width, bool isCall) public pure {
        Sample memory middle = _sample(seed);
        Sample memory low = _sample(seed);
        Sample memory high = _sample(seed);
        width = _bound(width, 0, middle.strike - 1);
        low.strike = middle.strike - width;
        high.strike = middle.strike + width;
        _assertAtMost(
            2 * _greeks(middle, isCall).price,
            _greeks(low, isCall).price + _greeks(high, isCall).price + 4 * _error(high),
            "butterfly below 0"
        );
    }

    function testFuzz_Greeks_AreHomogeneousInSpotAndStrike(uint256 seed, uint256 bits, bool isCall) public pure {
        Sample memory s = _sample(seed);
        OptionMath.Greeks memory unit = _greeks(s, isCall);
        bits = _bound(bits, 0, 20);
        s.spot <<= bits;
        s.strike <<= bits;
        OptionMath.Greeks memory scaled = _greeks(s, isCall);
        _assertClose(scaled.price, unit.price << bits, _error(s) + (1 << bits), "price scales");
        _assertClose(scaled.vega, unit.vega << bits, _error(s) + (1 << bits), "vega scales");
        _assertClose(scaled.delta, unit.delta, 2, "delta does not");
        _assertClose(scaled.gamma, unit.gamma, 2 + unit.gamma / 1e14, "gamma does not");
    }

    /// @dev Central differences over steps that leave an error of the third order, a thousandth of the step squared.
    function testFuzz_Theta_IsTheDifferenceInTime(uint256 seed, bool isCall) public pure {
        Sample memory s = _moderateSample(seed);
        uint256 step = s.secondsToExpiry / 1000;
        int256 theta = _greeks(s, isCall).theta;
        Sample memory early = _withTime(s, s.secondsToExpiry + step);
        Sample memory late = _withTime(s, s.secondsToExpiry - step);
        int256 change = int256(_greeks(late, isCall).price) - int256(_greeks(early, isCall).price);
        int256 expected = (theta * int256(2 * step)) / int256(OptionMath.YEAR);
        _assertClose(change, expected, 3 * _error(s) + (s.spot + s.strike) / 1e8, "theta");
    }

    function testFuzz_Delta_IsTheDifferenceInSpot(uint256 seed, bool isCall) public pure {
        Sample memory s = _moderateSample(seed);
        int256 delta = _greeks(s, isCall).delta;
        uint256 step = s.spot / 100_000;
        Sample memory low = _moderateSample(seed);
        low.spot -= step;
        s.spot += step;
        int256 change = int256(_greeks(s, isCall).price) - int256(_greeks(low, isCall).price);
        _assertClose(change, (delta * int256(2 * step)) / 1e18, 2 * _error(s) + s.spot / 1e10, "delta");
    }

    function testFuzz_Gamma_IsTheDifferenceOfDelta(uint256 seed, bool isCall) public pure {
        Sample memory s = _moderateSample(seed);
        uint256 gamma = _greeks(s, isCall).gamma;
        uint256 step = s.spot / 100_000;
        Sample memory low = _moderateSample(seed);
        low.spot -= step;
        s.spot += step;
        int256 change = _greeks(s, isCall).delta - _greeks(low, isCall).delta;
        // A relative step of 2e-5.
        _assertClose(change, int256((gamma * 2) / 100_000), 1e10 + gamma / 1e8, "gamma");
    }

    function testFuzz_Vega_IsTheDifferenceInVolatility(uint256 seed, bool isCall) public pure {
        Sample memory s = _moderateSample(seed);
        uint256 vega = _greeks(s, isCall).vega;
        uint256 step = s.volatility / 100_000;
        Sample memory low = _moderateSample(seed);
        low.volatility -= step;
        s.volatility += step;
        int256 change = int256(_greeks(s, isCall).price) - int256(_greeks(low, isCall).price);
        _assertClose(change, int256((vega * 2 * step) / 1e18), 2 * _error(s) + s.spot / 1e10, "vega");
    }

    function testFuzz_Price_RoundsToTheSideAskedFor(uint256 seed, bool isCall) public pure {
        Sample memory s = _sample(seed);
        uint256 nearest = _price(s, isCall, OptionMath.Rounding.Nearest);
        uint256 down = _price(s, isCall, OptionMath.Rounding.Down);
        uint256 up = _price(s, isCall, OptionMath.Rounding.Up);
        _assertEqual(nearest, _greeks(s, isCall).price, "price() against greeks()");
        _assertEqual(up, nearest + _error(s), "up");
        _assertEqual(down, nearest > _error(s) ? nearest - _error(s) : 0, "down");
        OptionMath.Greeks memory g = OptionMath.greeks(
            s.e,
            s.spot,
            s.strike,
            s.volatility,
            isCall,
            OptionMath.Rounding.Up
        );
        _assertEqual(g.price, up, "greeks() up");
    }

    function testFuzz_Greeks_OfOneOptionEqualThoseOfItsExpiry(uint256 seed, bool isCall) public pure {
        Sample memory s = _sample(seed);
        OptionMath.Greeks memory one = OptionMath.greeks(
            s.spot,
            s.strike,
            s.volatility,
            s.secondsToExpiry,
            s.carry,
            s.discountRate,
            isCall
        );
        _assertEqual(uint256(keccak256(abi.encode(one))), uint256(keccak256(abi.encode(_greeks(s, isCall)))), "greeks");
    }
}
