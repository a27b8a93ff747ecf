// SPDX-License-Identifier: MIT
pragma solidity ^0.8.31;

import {ImpliedVolatility} from "../../contracts/libraries/ImpliedVolatility.sol";
import {OptionMath} from "../../contracts/libraries/OptionMath.sol";
import {OptionSample} from "./OptionSample.sol";

contract ImpliedVolatilityTest is OptionSample {
    function testFuzz_Solve_InvertsThePrice(uint256 seed, bool isCall) public pure {
        Sample memory s = _sample(seed);
        // Digits of the price that are its own, not the rounding's: a time value above 1e-10 of spot and strike.
        if (_timeValue(s) < (s.spot + s.strike) / 1e10 + 1e3) return;
        if (_timeValue(s) > (_upperBound(s) * 999) / 1000) return;
        OptionMath.Greeks memory g = _greeks(s, isCall);
        uint256 volatility = ImpliedVolatility.solve(s.e, s.spot, s.strike, g.price, isCall);
        // The price back, to its own error and to 1e-12 of the volatility.
        uint256 tolerance = 4 * _error(s) + (g.vega * s.volatility) / 1e30;
        s.volatility = volatility;
        _assertClose(_greeks(s, isCall).price, g.price, tolerance, "price of the implied volatility");
    }

    function testFuzz_Solve_FindsTheVolatility(uint256 seed, bool isCall) public pure {
        Sample memory s = _moderateSample(seed);
        if (_timeValue(s) < s.spot / 1000) return;
        OptionMath.Greeks memory g = _greeks(s, isCall);
        uint256 volatility = ImpliedVolatility.solve(
            s.spot,
            s.strike,
            g.price,
            s.secondsToExpiry,
            s.carry,
            s.discountRate,
            isCall
        );
        _assertClose(volatility, s.volatility, 1e6, "implied volatility to 1e-12");
    }

    function testFuzz_Solve_RisesWithThePrice(uint256 seed, uint256 more, bool isCall) public pure {
        Sample memory s = _moderateSample(seed);
        uint256 price = _greeks(s, isCall).price;
        if (_timeValue(s) < s.spot / 1e6) return;
        uint256 higher = price + _bound(more, 0, _timeValue(s) / 100);
        uint256 volatility = ImpliedVolatility.solve(s.e, s.spot, s.strike, price, isCall);
        uint256 above = ImpliedVolatility.solve(s.e, s.spot, s.strike, higher, isCall);
        _assertAtMost(volatility, above + 1e6, "implied volatility falls");
    }

    function testFuzz_Solve_WithoutTimeValueIsZero(uint256 seed, bool isCall) public pure {
        Sample memory s = _sample(seed);
        int256 intrinsic = int256(s.spot * s.e.spotWeightQ96) - int256(s.strike * s.e.discountQ96);
        if (!isCall) intrinsic = -intrinsic;
        uint256 price = intrinsic > 0 ? uint256(intrinsic >> 96) : 0;
        _assertEqual(ImpliedVolatility.solve(s.e, s.spot, s.strike, price, isCall), 0, "at intrinsic value");
    }

    function testFuzz_Solve_RevertWhen_PriceIsOutsideItsBounds(uint256 seed, uint256 off, bool isCall) public view {
        Sample memory s = _sample(seed);
        uint256 spotValue = (s.spot * s.e.spotWeightQ96) >> 96;
        uint256 cashValue = (s.strike * s.e.discountQ96) >> 96;
        uint256 upper = isCall ? spotValue : cashValue;
        uint256 lower = isCall ? cashValue : spotValue;
        _expectOutOfRange(s, upper + _bound(off, 1, 1e30), isCall);
        if (upper > lower + 2) _expectOutOfRange(s, upper - lower - _bound(off, 3, upper - lower + 2), isCall);
        _expectOutOfRange(s, type(uint256).max - _bound(off, 0, 1e30), isCall);
    }

    function test_Solve_RevertWhen_Expired() public view {
        _expectRevert(
            abi.encodeCall(this.solve, (1e18, 1e18, 1e17, 0, true)),
            abi.encodeWithSelector(OptionMath.OutOfRange.selector, OptionMath.Argument.SecondsToExpiry, 0)
        );
    }

    function test_Solve_RevertWhen_VolatilityExceedsItsMaximum() public view {
        // An hour before expiry, an option at the money is worth a half of spot at about 12,000 %.
        _expectRevert(
            abi.encodeCall(this.solve, (1e18, 1e18, 0.5e18, 1 hours, true)),
            abi.encodeWithSelector(OptionMath.OutOfRange.selector, OptionMath.Argument.Price, 0.5e18)
        );
    }

    /// @dev Cases on which other libraries are known to fail.
    function test_Solve_KnownTraps() public pure {
        uint256[5] memory strikes = [uint256(4500e18), 600e18, 15000e18, 3000e18, 3001e18];
        for (uint256 i; i < strikes.length; ++i) {
            OptionMath.Greeks memory g = OptionMath.greeks(3000e18, strikes[i], 1.5e18, 14 days, 0, 0, true);
            uint256 volatility = ImpliedVolatility.solve(3000e18, strikes[i], g.price, 14 days, 0, 0, true);
            _assertClose(volatility, 1.5e18, 1.5e8, "150 % at 14 days");
        }
    }

    function solve(
        uint256 spot,
        uint256 strike,
        uint256 price,
        uint256 secondsToExpiry,
        bool isCall
    ) external pure returns (uint256) {
        return ImpliedVolatility.solve(spot, strike, price, secondsToExpiry, 0, 0, isCall);
    }

    function solveSample(Sample memory s, uint256 price, bool isCall) external pure returns (uint256) {
        return ImpliedVolatility.solve(s.e, s.spot, s.strike, price, isCall);
    }

    function _expectOutOfRange(Sample memory s, uint256 price, bool isCall) private view {
        _expectRevert(
            abi.encodeCall(this.solveSample, (s, price, isCall)),
            abi.encodeWithSelector(OptionMath.OutOfRange.selector, OptionMath.Argument.Price, int256(price))
        );
    }

    /// @dev The price of the option that is out of the money.
    function _timeValue(Sample memory s) private pure returns (uint256) {
        bool isCallOut = s.spot * s.e.spotWeightQ96 <= s.strike * s.e.discountQ96;
        return _greeks(s, isCallOut).price;
    }

    /// @dev What the time value stays below.
    function _upperBound(Sample memory s) private pure returns (uint256) {
        uint256 spotValue = s.spot * s.e.spotWeightQ96;
        uint256 cashValue = s.strike * s.e.discountQ96;
        return (spotValue < cashValue ? spotValue : cashValue) >> 96;
    }
}
