// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {Exp} from "../libraries/math/Exp.sol";
import {Ln} from "../libraries/math/Ln.sol";
import {NormalDistribution} from "../libraries/math/NormalDistribution.sol";
import {Sqrt} from "../libraries/math/Sqrt.sol";
import {OptionMath} from "../libraries/OptionMath.sol";

/// @notice Opens the internal functions of the mathematics to tests that compare them with reference tables.
contract MathHarness {
    function exp(int256 xQ96) external pure returns (uint256 mantissaQ128, int256 exponent) {
        return Exp.parts(xQ96);
    }

    function ln(uint256 numerator, uint256 denominator) external pure returns (int256) {
        return Ln.ratio(numerator, denominator);
    }

    function sqrt(uint256 n) external pure returns (uint256) {
        return Sqrt.sqrt(n);
    }

    function cdf(int256 xWad) external pure returns (uint256) {
        return NormalDistribution.cdf(xWad);
    }

    /// @notice The first i for which N falls from `start + i * step` to the next point, or `count` when it never does.
    function firstFallOfCdf(int256 start, int256 step, uint256 count) external pure returns (uint256) {
        uint256 previous = NormalDistribution.cdf(start);
        for (uint256 i; i < count; ++i) {
            uint256 next = NormalDistribution.cdf(start + int256(i + 1) * step);
            if (next < previous) return i;
            previous = next;
        }
        return count;
    }

    /// @notice The price rounded down and up.
    function bracket(
        uint256 spot,
        uint256 strike,
        uint256 volatility,
        uint256 secondsToExpiry,
        int256 carry,
        int256 discountRate,
        bool isCall
    ) external pure returns (uint256 down, uint256 up) {
        OptionMath.Expiry memory e = OptionMath.expiry(secondsToExpiry, carry, discountRate);
        down = OptionMath.price(e, spot, strike, volatility, isCall, OptionMath.Rounding.Down);
        up = OptionMath.price(e, spot, strike, volatility, isCall, OptionMath.Rounding.Up);
    }
}
