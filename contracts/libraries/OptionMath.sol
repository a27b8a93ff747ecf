// SPDX-License-Identifier: MIT
pragma solidity ^0.8.31;

import {Exp} from "./math/Exp.sol";
import {Ln} from "./math/Ln.sol";
import {MillsRatio} from "./math/MillsRatio.sol";
import {NormalDistribution} from "./math/NormalDistribution.sol";
import {Sqrt} from "./math/Sqrt.sol";
import {StrikeSlot} from "./StrikeSlot.sol";

/// @title Value and sensitivities of European options on a forward
/// @notice The model is Black's, with the carry b of the forward apart from the discount rate r (both per year, both may
///         be negative):
///
///             V = D * (F * N(d1) - K * N(d2)),  F = S * e^(b*T),  D = e^(-r*T),
///             v = sigma * sqrt(T),  d1 = ln(F / K) / v + v / 2,  d2 = d1 - v,
///
///         and the put by parity. T counts years of 31,536,000 seconds. Carry moves the forward and does not discount.
///
///         Units: prices, rates, volatilities and delta are WAD (1e18). `gamma` is S * (second derivative), WAD: the
///         change of delta for a relative change of spot. On that scale it does not depend on the size of the spot, so
///         that it keeps its digits at a spot of 1e6 as at one of 1e-2, where a plain second derivative in WAD would
///         keep 12 digits or overflow its meaning; and S * gamma is what hedging bands and spreads take. `vega` is quote
///         WAD per 1.00 of volatility. `theta` is quote WAD per year of calendar time passing, spot unchanged.
///
///         Domain: 0 < spot, strike < 2^128; volatility <= 1000 %; time <= 10 years; carry and rate within +-100 %.
///         Inside it every function answers. At expiry, and with volatility 0, the answer is the limit: the discounted
///         intrinsic value of the forward, delta the full weight or nothing (half of it exactly at the forward), gamma
///         and decay 0. Outside, they revert with `OutOfRange`.
///
///         Exactness, per unit of spot: price 1e-17, delta 1e-17, gamma 1e-17 / v, vega 1e-17, theta 1e-16 per year, and
///         never better than the last digit of a WAD. `Rounding.Down` and `Rounding.Up` give a price that is on the
///         asked side of the exact one, the error of the approximation included.
/// @dev How it is cheap. (1) K * D * n(d2) = S * C * n(d1) with C = e^((b-r)*T), so that one exponential serves both
///      tails, gamma, vega and theta. (2) A tail is its density times a Mills ratio, which is a plain rational function.
///      (3) V = S * delta - K * D * N(d2): delta is not computed apart. (4) theta follows from the Black-Scholes
///      equation, theta = r*V - b*S*delta - sigma*vega/(2T). (5) sqrt(T), b*T, C and D belong to the expiry and are
///      computed once for a book. Inside, numbers are binary fixed point: Q96 counts units of 2^-96.
library OptionMath {
    /// @notice Price and sensitivities of one option; the library's header has the units.
    struct Greeks {
        uint256 price;
        int256 delta;
        uint256 gamma;
        uint256 vega;
        int256 theta;
    }

    /// @notice Net value and sensitivities of many options, long, in the same units times contracts.
    struct Position {
        int256 value;
        int256 delta;
        int256 gamma;
        int256 vega;
        int256 theta;
    }

    /// @notice What the options of one expiry share.
    /// @param secondsToExpiry Time left; 0 when expired.
    /// @param carry Growth of the forward, WAD per year.
    /// @param discountRate WAD per year.
    /// @param sqrtTimeQ96 sqrt(T).
    /// @param carryTimeQ96 b * T, the logarithm of forward over spot.
    /// @param discountQ96 D = e^(-r*T).
    /// @param spotWeightQ96 C = e^((b-r)*T), the discounted forward per unit of spot.
    struct Expiry {
        uint256 secondsToExpiry;
        int256 carry;
        int256 discountRate;
        uint256 sqrtTimeQ96;
        int256 carryTimeQ96;
        uint256 discountQ96;
        uint256 spotWeightQ96;
    }

    /// @notice The side of the exact value on which a price is returned. `Nearest` is the closest WAD.
    enum Rounding {
        Nearest,
        Down,
        Up
    }

    /// @notice The argument that `OutOfRange` speaks of.
    enum Argument {
        Spot,
        Strike,
        Volatility,
        SecondsToExpiry,
        Carry,
        DiscountRate,
        Price
    }

    /// @notice An argument is outside the domain. A value of 2^255 or more shows as its two's complement.
    error OutOfRange(Argument argument, int256 value);

    uint256 internal constant YEAR = 31_536_000; // 365 days
    uint256 internal constant MAX_PRICE = type(uint128).max; // 3.4e20 quote
    uint256 internal constant MAX_VOLATILITY = 10e18; // 1000 %
    uint256 internal constant MAX_SECONDS = 3653 days; // 10 years with their leap days
    int256 internal constant MAX_RATE = 1e18; // 100 % a year

    uint256 private constant WAD = 1e18;
    int256 private constant INT_WAD = 1e18;
    uint256 private constant ONE_Q96 = 1 << 96;
    int256 private constant HALF_Q96 = 1 << 95;
    uint256 private constant HALF_YEAR = 15_768_000;
    uint256 private constant SQRT_HALF_OVER_PI_Q96 = 31607463138955846410853285773; // n(0) = .398942...

    /// @notice The context that the options of one expiry share.
    /// @param secondsToExpiry Time left, 0 when expired.
    /// @param carry Growth of the forward, WAD per year.
    /// @param discountRate WAD per year.
    function expiry(
        uint256 secondsToExpiry,
        int256 carry,
        int256 discountRate
    ) internal pure returns (Expiry memory e) {
        unchecked {
            if (secondsToExpiry > MAX_SECONDS) {
                revert OutOfRange(Argument.SecondsToExpiry, int256(secondsToExpiry));
            }
            if (carry > MAX_RATE || carry < -MAX_RATE) revert OutOfRange(Argument.Carry, carry);
            if (discountRate > MAX_RATE || discountRate < -MAX_RATE) {
                revert OutOfRange(Argument.DiscountRate, discountRate);
            }
            e.secondsToExpiry = secondsToExpiry;
            e.carry = carry;
            e.discountRate = discountRate;
            e.sqrtTimeQ96 = Sqrt.sqrt((secondsToExpiry << 192) / YEAR);
            e.carryTimeQ96 = _timesYears(carry, secondsToExpiry);
            e.discountQ96 = ONE_Q96;
            e.spotWeightQ96 = ONE_Q96;
            if (discountRate != 0) e.discountQ96 = Exp.exp(-_timesYears(discountRate, secondsToExpiry));
            if (carry != discountRate) e.spotWeightQ96 = Exp.exp(_timesYears(carry - discountRate, secondsToExpiry));
        }
    }

    /// @notice Price and sensitivities of one option, the price to the nearest WAD.
    function greeks(
        Expiry memory e,
        uint256 spot,
        uint256 strike,
        uint256 volatility,
        bool isCall
    ) internal pure returns (Greeks memory g) {
        unchecked {
            uint256 deviationQ96 = _deviation(e, spot, strike, volatility);
            (int256 spotLegQ96, int256 cashLegQ96, uint256 densityQ128) = _legs(e, spot, strike, deviationQ96);
            if (!isCall) {
                spotLegQ96 -= int256(e.spotWeightQ96);
                cashLegQ96 -= int256(strike * e.discountQ96);
            }
            int256 spotValueQ96 = int256(spot) * spotLegQ96;
            int256 value = (spotValueQ96 - cashLegQ96 + HALF_Q96) >> 96;
            if (value > 0) g.price = uint256(value);
            g.delta = (spotLegQ96 * INT_WAD + HALF_Q96) >> 96;
            g.theta = (e.discountRate * value - e.carry * (spotValueQ96 >> 96)) / INT_WAD;
            if (deviationQ96 == 0) {
                g.vega = (spot * ((densityQ128 >> 32) * e.sqrtTimeQ96 >> 96)) >> 96;
                return g;
            }
            g.gamma = ((densityQ128 * WAD) / deviationQ96) >> 32;
            uint256 vegaQ96 = spot * (((densityQ128 >> 32) * e.sqrtTimeQ96) >> 96);
            g.vega = (vegaQ96 + uint256(HALF_Q96)) >> 96;
            g.theta -= int256(((((vegaQ96 >> 64) * volatility) / WAD) * HALF_YEAR) / e.secondsToExpiry >> 32);
        }
    }

    /// @notice As above, with the expiry's context computed for this one option.
    function greeks(
        uint256 spot,
        uint256 strike,
        uint256 volatility,
        uint256 secondsToExpiry,
        int256 carry,
        int256 discountRate,
        bool isCall
    ) internal pure returns (Greeks memory) {
        return greeks(expiry(secondsToExpiry, carry, discountRate), spot, strike, volatility, isCall);
    }

    /// @dev v = sigma * sqrt(T) in Q96, after the checks of the domain. 0 at expiry and without volatility only.
    function _deviation(
        Expiry memory e,
        uint256 spot,
        uint256 strike,
        uint256 volatility
    ) private pure returns (uint256 deviationQ96) {
        unchecked {
            if (((spot - 1) | (strike - 1)) > MAX_PRICE - 1) _revertForPrice(spot, strike);
            if (volatility > MAX_VOLATILITY) revert OutOfRange(Argument.Volatility, int256(volatility));
            deviationQ96 = (volatility * e.sqrtTimeQ96) / WAD;
        }
    }

    function _revertForPrice(uint256 spot, uint256 strike) private pure {
        if (spot == 0 || spot > MAX_PRICE) revert OutOfRange(Argument.Spot, int256(spot));
        revert OutOfRange(Argument.Strike, int256(strike));
    }

    /// @dev The call as a portfolio: `spotLegQ96` = C * N(d1) units of spot, less `cashLegQ96` = K * D * N(d2) quote.
    ///      `densityQ128` = C * n(d1).
    function _legs(
        Expiry memory e,
        uint256 spot,
        uint256 strike,
        uint256 deviationQ96
    ) private pure returns (int256 spotLegQ96, int256 cashLegQ96, uint256 densityQ128) {
        unchecked {
            if (deviationQ96 == 0) return _limitLegs(e, spot, strike);
            int256 logForward = Ln.ratio(spot, strike) + e.carryTimeQ96;
            int256 above1;
            int256 above2;
            int256 tail1;
            int256 tail2;
            (densityQ128, above1, above2, tail1, tail2) = _normals(logForward, deviationQ96);
            densityQ128 = (densityQ128 * e.spotWeightQ96) >> 96;
            // N(d) = [d >= 0] + n(d) * tail, and K * D * n(d2) = S * C * n(d1).
            spotLegQ96 = (above1 & int256(e.spotWeightQ96)) + ((int256(densityQ128) * tail1) >> 96);
            cashLegQ96 =
                (above2 & int256(strike * e.discountQ96)) +
                int256(spot) *
                ((int256(densityQ128) * tail2) >> 96);
        }
    }

    /// @dev The limit v = 0: all or nothing, half exactly at the forward. A density without a width has no gamma.
    function _limitLegs(
        Expiry memory e,
        uint256 spot,
        uint256 strike
    ) private pure returns (int256 spotLegQ96, int256 cashLegQ96, uint256 densityQ128) {
        unchecked {
            uint256 forward = spot * e.spotWeightQ96;
            uint256 cash = strike * e.discountQ96;
            if (forward > cash) return (int256(e.spotWeightQ96), int256(cash), 0);
            if (forward == cash) {
                return (int256(e.spotWeightQ96 >> 1), int256(cash >> 1), (e.spotWeightQ96 * SQRT_HALF_OVER_PI_Q96) >> 64);
            }
        }
    }

    /// @dev For d1 = L / v + v / 2 and d2 = d1 - v: the density n(d1) in Q128; whether each d >= 0, as a mask of all ones
    ///      or none; and the signed Mills ratio of each in Q64, so that N(d) = [d >= 0] + n(d) * tail.
    ///      Beyond |d| = 16 the density is below 2^-184, and d is cut there.
    function _normals(
        int256 logForward,
        uint256 deviationQ96
    ) private pure returns (uint256 densityQ128, int256 above1, int256 above2, int256 tail1, int256 tail2) {
        unchecked {
            int256 middle = (logForward << 96) / int256(deviationQ96);
            int256 half = int256(deviationQ96 >> 1);
            above1 = ~((middle + half) >> 255);
            above2 = ~((middle - half) >> 255);
            uint256 size1 = uint256((middle + half) ^ ~above1) >> 32;
            uint256 size2 = uint256((middle - half) ^ ~above2) >> 32;
            if ((size1 | size2) >= NormalDistribution.LIMIT_Q64) {
                if (size1 >= NormalDistribution.LIMIT_Q64) size1 = NormalDistribution.LIMIT_Q64 - 1;
                if (size2 >= NormalDistribution.LIMIT_Q64) size2 = NormalDistribution.LIMIT_Q64 - 1;
            }
            densityQ128 = NormalDistribution.pdf(size1);
            // A tail counts against a d that is above 0.
            tail1 = (int256(MillsRatio.ratio(size1)) ^ above1) - above1;
            tail2 = (int256(MillsRatio.ratio(size2)) ^ above2) - above2;
        }
    }

    /// @dev A yearly rate in WAD, times the years in `secondsToExpiry`, in Q96.
    function _timesYears(int256 rate, uint256 secondsToExpiry) private pure returns (int256) {
        unchecked {
            return ((rate * int256(secondsToExpiry)) << 96) / int256(YEAR * WAD);
        }
    }
}
