// SPDX-License-Identifier: MIT
pragma solidity ^0.8.31;

import {Ln} from "./math/Ln.sol";
import {NormalDistribution} from "./math/NormalDistribution.sol";
import {RawMath} from "./math/RawMath.sol";
import {Sqrt} from "./math/Sqrt.sol";
import {OptionMath} from "./OptionMath.sol";

/// @title The volatility at which the model of `OptionMath` gives a price
/// @notice Only the time value matters: the price of the option out of the money, which by parity is the price less the
///         intrinsic value. In units of n, the smaller of discounted forward and discounted strike, it is
///
///             b(v) = N(d1) - e^|L| * N(d2),  L = ln(F / K),  d1 = -|L| / v + v / 2,  d2 = d1 - v,  b'(v) = n(d1).
///
///         b rises from 0 to 1 and bends once, at v = sqrt(2|L|). The root of b(v) = beta is found by Householder's
///         method of the fourth order. Where the time value is small against the distance of forward and strike, ln b is
///         the nearly straight function: the method works on ln b(v) = ln beta and starts from the normal model, whose
///         inverse is a rational function; elsewhere it starts from the closed form of Corrado and Miller. Mostly one
///         step does, at times two.
///
///         A price of no time value (one WAD below intrinsic counts as such: prices are rounded) has volatility 0.
///         A price below that, at its upper bound or above, or of more than 1000 % volatility is `OutOfRange`, and so is
///         an expired option, which has no volatility.
library ImpliedVolatility {
    uint256 private constant WAD = 1e18;
    int256 private constant ONE_WAD_Q16 = 1 << 16;
    uint256 private constant ONE_Q128 = 1 << 128;
    int256 private constant ONE_Q96 = 1 << 96;
    int256 private constant HALF_Q96 = 1 << 95;
    int256 private constant SIX_Q64 = 6 << 64;

    uint256 private constant MAX_STEPS = 32;
    int256 private constant SETTLED_Q96 = 1 << 85; // 2^-11
    int256 private constant LOWEST_STEP_Q96 = -3 << 94; // -.75
    uint256 private constant STEP_RANGE_Q96 = 7 << 94; // 1.75
    uint256 private constant SMALLEST_DEVIATION_Q96 = 1 << 64; // 2^-32
    /// @dev Distance of forward and strike, in time values, above which the normal model gives the start.
    uint256 private constant FAR = 5;

    /// @dev The inverse of the normal model, see `_startFar`. scripts/fit/impliedVolatilityStart.ts finds these numbers.
    int256 private constant P0_Q64 = -5331109037302060; // -.000289
    int256 private constant P1_Q64 = 14633912754138229554; // .793306
    int256 private constant P2_Q64 = -15092812406459902070; // -.818183
    int256 private constant P3_Q64 = 9317395091398473393; // .505097
    int256 private constant Q1_Q64 = -7952834092033956731; // -.431124
    int256 private constant Q2_Q64 = 6498068514149000362; // .352261

    uint256 private constant CORRADO_MILLER_Q64 = 1260094988136614549; // 1/pi - 1/4 = .068309...
    uint256 private constant SQRT_HALF_PI_Q64 = 23119565135021103461; // 1.253314...

    /// @notice The volatility, WAD, at which `OptionMath` prices the option at `price`.
    /// @dev Exact to 1e-12 where the time value is above 1e-3 of spot; further out, as exact as the last digit of `price`.
    function solve(
        OptionMath.Expiry memory e,
        uint256 spot,
        uint256 strike,
        uint256 price,
        bool isCall
    ) internal pure returns (uint256 volatility) {
        unchecked {
            if (e.secondsToExpiry == 0) revert OptionMath.OutOfRange(OptionMath.Argument.SecondsToExpiry, 0);
            OptionMath.check(spot, strike, 0);
            (uint256 value, uint256 small, uint256 gap) = _timeValue(e, spot, strike, price, isCall);
            if (value == 0) return 0;
            int256 distanceQ96 = Ln.ratio(spot, strike) + e.carryTimeQ96;
            if (distanceQ96 > 0) distanceQ96 = -distanceQ96;
            bool isFar = gap > FAR * value;
            uint256 betaQ128 = _fraction(value, small);
            uint256 deviationQ96 = _solve(
                betaQ128,
                distanceQ96,
                isFar ? _startFar(value, gap, distanceQ96) : _startNear(betaQ128, _fraction(gap, small)),
                isFar
            );
            volatility = RawMath.div(deviationQ96 * WAD + (e.sqrtTimeQ96 >> 1), e.sqrtTimeQ96);
            if (deviationQ96 == 0 || volatility > OptionMath.MAX_VOLATILITY) _revertForPrice(price);
        }
    }

    /// @notice As above, with the expiry's context computed for this one option.
    function solve(
        uint256 spot,
        uint256 strike,
        uint256 price,
        uint256 secondsToExpiry,
        int256 carry,
        int256 discountRate,
        bool isCall
    ) internal pure returns (uint256) {
        return solve(OptionMath.expiry(secondsToExpiry, carry, discountRate), spot, strike, price, isCall);
    }

    /// @dev The time value, 0 when there is none; the smaller of discounted forward and strike; and how far the larger is
    ///      from it. In Q16 of a WAD: 173 bits are enough for the largest.
    function _timeValue(
        OptionMath.Expiry memory e,
        uint256 spot,
        uint256 strike,
        uint256 price,
        bool isCall
    ) private pure returns (uint256 value, uint256 small, uint256 gap) {
        unchecked {
            if (price >> 160 != 0) _revertForPrice(price);
            value = price << 16;
            small = (spot * e.spotWeightQ96) >> 80;
            uint256 cash = (strike * e.discountQ96) >> 80;
            bool inTheMoney = !isCall;
            if (small > cash) {
                (small, cash) = (cash, small);
                inTheMoney = isCall;
            }
            gap = cash - small;
            small |= 1;
            if (inTheMoney) value -= gap;
            if (value - 1 >= small - 1) {
                if (int256(value) > 0 || int256(value) < -ONE_WAD_Q16) _revertForPrice(price);
                value = 0;
            }
        }
    }

    /// @dev x / y in Q128, all digits of it when x < y; x < 2^128 * y.
    function _fraction(uint256 x, uint256 y) private pure returns (uint256) {
        unchecked {
            uint256 shift = RawMath.min(RawMath.leadingZeros(x), 128);
            return RawMath.div(x << shift, y) << (128 - shift);
        }
    }

    /// @dev The v at which b(v) = beta, for -|L| = `distanceQ96`, from `startQ96` on; 0 when the steps do not settle.
    ///      A step is relative to v, which leaves pure numbers: with m = -|L| / v, h2 = d1 * d2 and
    ///      h3 = h2^2 - 3 * m^2 - v^2 / 4 are the second and third derivatives of b over the first, times v and v^2.
    ///      For ln b, with w = v * n(d1) / b, they are h2 - w and h3 - 3 * h2 * w + 2 * w^2. All of them in Q64.
    function _solve(
        uint256 betaQ128,
        int256 distanceQ96,
        uint256 startQ96,
        bool inLogarithms
    ) private pure returns (uint256 deviationQ96) {
        unchecked {
            deviationQ96 = startQ96 < SMALLEST_DEVIATION_Q96 ? SMALLEST_DEVIATION_Q96 : startQ96;
            for (uint256 i; i < MAX_STEPS; ++i) {
                int256 middleQ96 = RawMath.sdiv(distanceQ96 << 96, deviationQ96);
                (uint256 bQ128, uint256 slopeQ128) = _evaluate(middleQ96, int256(deviationQ96 >> 1));
                // Far below the solution there is nothing to steer by.
                if (bQ128 == 0) {
                    deviationQ96 += deviationQ96 >> 1;
                    continue;
                }
                int256 m2 = (middleQ96 >> 32) ** 2;
                int256 quarterV2 = int256((deviationQ96 >> 33) ** 2);
                int256 h2 = (m2 - quarterV2) >> 64;
                int256 h3 = (h2 * h2 - 3 * m2 - quarterV2) >> 64;
                slopeQ128 *= deviationQ96;
                int256 stepQ96;
                if (inLogarithms) {
                    uint256 w = RawMath.div(slopeQ128, bQ128) >> 32;
                    stepQ96 = RawMath.sdiv(Ln.ratio(betaQ128, bQ128) << 64, w);
                    h3 += (int256(w) * (2 * int256(w) - 3 * h2)) >> 64;
                    h2 -= int256(w);
                } else {
                    stepQ96 = RawMath.sdiv(int256(betaQ128 - bQ128) << 96, slopeQ128 >> 96);
                }
                stepQ96 = _householder(stepQ96, h2, h3);
                deviationQ96 += uint256((int256(deviationQ96) * stepQ96) >> 96);
                // The error becomes its fourth power: after a step of 2^-11, 2^-44 of v and less.
                if (uint256(stepQ96 + SETTLED_Q96) < 2 * uint256(SETTLED_Q96)) return deviationQ96;
            }
            return 0;
        }
    }

    /// @dev b(v) and its slope n(d1), for d1, d2 = middle +- half. d2 is negative, and e^|L| * n(d2) = n(d1).
    function _evaluate(int256 middleQ96, int256 halfQ96) private pure returns (uint256 bQ128, uint256 slopeQ128) {
        unchecked {
            uint256 above1;
            uint256 ratio1Q64;
            uint256 ratio2Q64;
            (slopeQ128, above1, , ratio1Q64, ratio2Q64) = NormalDistribution.pair(
                middleQ96 + halfQ96,
                middleQ96 - halfQ96
            );
            bQ128 = (above1 & ONE_Q128) + (((slopeQ128 * ratio1Q64) >> 64) ^ above1) - ((slopeQ128 * ratio2Q64) >> 64);
        }
    }

    /// @dev Newton's relative step n, refined by the second and third derivatives:
    ///      n * (1 + h2 * n / 2) / (1 + n * (h2 + h3 * n / 6)), kept between -3/4 and 1. A step beyond these is not worth a
    ///      refinement, and neither is one whose refinement would more than halve or double it.
    function _householder(int256 newtonQ96, int256 h2, int256 h3) private pure returns (int256 stepQ96) {
        unchecked {
            stepQ96 = newtonQ96;
            int256 numerator = ONE_Q96 + ((h2 * newtonQ96) >> 65);
            int256 divisor = ONE_Q96 + ((newtonQ96 * (h2 + ((h3 * (newtonQ96 >> 32)) / SIX_Q64))) >> 64);
            if ((numerator - HALF_Q96) | (divisor - HALF_Q96) >= 0) {
                stepQ96 = RawMath.sdiv(newtonQ96 * numerator, uint256(divisor));
            }
            if (uint256(stepQ96 - LOWEST_STEP_Q96) > STEP_RANGE_Q96) {
                stepQ96 = stepQ96 < 0 ? LOWEST_STEP_Q96 : ONE_Q96;
            }
        }
    }

    /// @dev Corrado and Miller's closed form, with q the distance of forward and strike in the units of beta:
    ///      v = sqrt(pi / 2) * (2 * beta + q + 2 * sqrt(beta^2 + beta * q - (1/pi - 1/4) * q^2)) / (2 + q).
    ///      With q at most `FAR` times beta there is a root.
    function _startNear(uint256 betaQ128, uint256 qQ128) private pure returns (uint256 deviationQ96) {
        unchecked {
            uint256 beta = betaQ128 >> 64;
            uint256 q = qQ128 >> 64;
            uint256 root = Sqrt.sqrt(beta * (beta + q) - q * ((q * CORRADO_MILLER_Q64) >> 64));
            deviationQ96 = (RawMath.div((2 * beta + q + 2 * root) << 96, q + (2 << 64)) * SQRT_HALF_PI_Q64) >> 64;
        }
    }

    /// @dev A normal model prices the time value, in units of the distance, at rho = n(m) / m - N(-m), where m counts
    ///      standard deviations of it. Its inverse is m = P3(u) / Q2(u) in u = sqrt(-ln rho), exact to 2e-4 for u > 1.2;
    ///      then v = |L| / m * (1 + v^2 / 24), the next term between the two models, is exact to 1e-3 where v is below 1.
    function _startFar(uint256 value, uint256 gap, int256 distanceQ96) private pure returns (uint256 deviationQ96) {
        unchecked {
            int256 u = int256(Sqrt.sqrt(uint256(Ln.ratio(gap, value)) << 32));
            int256 numerator = P2_Q64 + ((P3_Q64 * u) >> 64);
            numerator = P1_Q64 + ((numerator * u) >> 64);
            numerator = P0_Q64 + ((numerator * u) >> 64);
            int256 denominator = Q1_Q64 + ((Q2_Q64 * u) >> 64);
            denominator = (1 << 64) + ((denominator * u) >> 64);
            deviationQ96 = uint256(RawMath.sdiv(-distanceQ96 * denominator, uint256(numerator)));
            uint256 correction = RawMath.min((deviationQ96 * deviationQ96) / (24 << 96), uint256(ONE_Q96));
            deviationQ96 += (deviationQ96 * correction) >> 96;
        }
    }

    function _revertForPrice(uint256 price) private pure {
        revert OptionMath.OutOfRange(OptionMath.Argument.Price, int256(price));
    }
}
