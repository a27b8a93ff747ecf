// SPDX-License-Identifier: MIT
pragma solidity ^0.8.31;

import {Exp} from "./math/Exp.sol";
import {Ln} from "./math/Ln.sol";
import {NormalDistribution} from "./math/NormalDistribution.sol";
import {RawMath} from "./math/RawMath.sol";
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
///         Units. Spot, strike, price, rates, volatility and delta are WAD (1e18). `gamma` is S times the second
///         derivative, WAD: the change of delta for a relative change of spot. It does not depend on the size of the
///         spot, so that it keeps its 18 decimals at a spot of 1e6 as at one of 1e-2 (a second derivative in WAD would
///         keep 12 there), it adds up over a book, and it is the G that hedging bands and spreads are written in.
///         `vega` is quote WAD per 1.00 of volatility. `theta` is quote WAD per year of passing time.
///
///         Domain. 0 < spot, strike <= 2^128; volatility at most 1000 %; time at most 10 years; carry and discount rate
///         within +-100 %. Inside it every function answers. At expiry, and with volatility 0, the answer is the limit:
///         the discounted intrinsic value of the forward; delta the whole weight or nothing, half of it exactly at the
///         forward; gamma 0; theta its rate terms alone. Outside, `OutOfRange` carries the value that was refused.
///
///         Exactness, per unit of spot and beside the last digit of a WAD: price 1e-17, delta 1e-17, gamma 1e-14,
///         vega 1e-17, theta 2e-16 a year. `Rounding.Down` and `Rounding.Up` return a price on the asked side of the
///         exact one: they allow for the approximation's own error, not for the last digit alone.
/// @dev Why it is cheap. (1) K * D * n(d2) = S * C * n(d1) with C = e^((b-r)*T): one exponential serves both tails, gamma,
///      vega and theta. (2) A tail is a density times a Mills ratio, a plain rational function. (3) V is S units of delta
///      less a cash leg, so that the price costs one multiplication once delta is there. (4) theta follows from the
///      Black-Scholes equation, theta = r*V - b*S*delta - vega*sigma/(2T). (5) What belongs to the expiry is computed
///      once for a book. Inside, numbers are binary fixed point (Q96 counts units of 2^-96), and sums are masked rather
///      than branched upon. The private functions take the expiry's numbers one by one, not its struct: on the stack
///      they cost half.
library OptionMath {
    /// @notice Price and sensitivities of one option, long; the units are those of the library's header.
    struct Greeks {
        uint256 price;
        int256 delta;
        uint256 gamma;
        uint256 vega;
        int256 theta;
    }

    /// @notice Net value and sensitivities of many options, long: the same units times contracts.
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

    /// @notice Sums over the strikes of one expiry, from which `net` makes a position. Starts as zeros.
    /// @dev n is the open interest of call and put together, p that of the put, N and n() the normal distribution.
    /// @param units sum of n * N(d1) - p: delta before the spot weight. Q96 * WAD.
    /// @param forwardUnits sum of n * (N(d1) - n(d1) / n(d2) * (N(d2) - [d2 >= 0])) - p. Q96 * WAD.
    /// @param cash sum of K * (n * [d2 >= 0] - p): cash leg before the discount. WAD * WAD.
    /// @param density sum of n * n(d1). Q96 * WAD.
    /// @param densityOverDeviation sum of n * n(d1) / v. WAD.
    /// @param densityTimesDeviation sum of n * n(d1) * v. Q96 * WAD.
    struct Book {
        int256 units;
        int256 forwardUnits;
        int256 cash;
        uint256 density;
        uint256 densityOverDeviation;
        uint256 densityTimesDeviation;
    }

    /// @notice The side of the exact price on which a price is returned. `Nearest` is the closest WAD.
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

    /// @notice An argument is outside the domain. An unsigned value above 2^255 shows as its two's complement.
    error OutOfRange(Argument argument, int256 value);
    /// @notice One volatility per strike is needed.
    error LengthMismatch(uint256 strikes, uint256 volatilities);

    uint256 internal constant YEAR = 31_536_000; // 365 days
    uint256 internal constant MAX_PRICE = 1 << 128; // 3.4e20 quote
    uint256 internal constant MAX_VOLATILITY = 10e18; // 1000 %
    uint256 internal constant MAX_SECONDS = 315_619_200; // 3653 days: 10 years with their leap days
    int256 internal constant MAX_RATE = 1e18; // 100 % a year

    uint256 private constant WAD = 1e18;
    int256 private constant INT_WAD = 1e18;
    int256 private constant TWICE_MAX_RATE = 2e18;
    uint256 private constant ONE_Q96 = 1 << 96;
    int256 private constant HALF_Q96 = 1 << 95;
    uint256 private constant HALF_YEAR = 15_768_000; // 365 / 2 days
    /// @dev The price is exact to 2^-59 = 1.7e-18 of (discounted forward + discounted strike).
    uint256 private constant PRICE_ERROR_SHIFT = 96 + 59;

    /// @notice The context that the options of one expiry share.
    /// @param secondsToExpiry Time left, 0 when expired.
    /// @param carry Growth of the forward, WAD per year.
    /// @param discountRate WAD per year.
    function expiry(
        uint256 secondsToExpiry,
        int256 carry,
        int256 discountRate
    ) internal pure returns (Expiry memory e) {
        (e.sqrtTimeQ96, e.carryTimeQ96, e.discountQ96, e.spotWeightQ96) = _context(
            secondsToExpiry,
            carry,
            discountRate
        );
        e.secondsToExpiry = secondsToExpiry;
        e.carry = carry;
        e.discountRate = discountRate;
    }

    /// @notice Price and sensitivities of one option, the price to the nearest WAD.
    function greeks(
        Expiry memory e,
        uint256 spot,
        uint256 strike,
        uint256 volatility,
        bool isCall
    ) internal pure returns (Greeks memory g) {
        (g.price, g.delta, g.gamma, g.vega, g.theta) = _greeks(
            spot,
            strike,
            volatility,
            e.secondsToExpiry,
            e.carry,
            e.discountRate,
            isCall,
            e.sqrtTimeQ96,
            e.carryTimeQ96,
            e.discountQ96,
            e.spotWeightQ96
        );
    }

    /// @notice Price and sensitivities of one option, the price on the side that the caller asks for.
    function greeks(
        Expiry memory e,
        uint256 spot,
        uint256 strike,
        uint256 volatility,
        bool isCall,
        Rounding rounding
    ) internal pure returns (Greeks memory g) {
        g = greeks(e, spot, strike, volatility, isCall);
        g.price = toSide(e, g.price, spot, strike, rounding);
    }

    /// @notice Price and sensitivities of a single option of an expiry, the price to the nearest WAD.
    function greeks(
        uint256 spot,
        uint256 strike,
        uint256 volatility,
        uint256 secondsToExpiry,
        int256 carry,
        int256 discountRate,
        bool isCall
    ) internal pure returns (Greeks memory g) {
        (uint256 sqrtTimeQ96, int256 carryTimeQ96, uint256 discountQ96, uint256 spotWeightQ96) = _context(
            secondsToExpiry,
            carry,
            discountRate
        );
        (g.price, g.delta, g.gamma, g.vega, g.theta) = _greeks(
            spot,
            strike,
            volatility,
            secondsToExpiry,
            carry,
            discountRate,
            isCall,
            sqrtTimeQ96,
            carryTimeQ96,
            discountQ96,
            spotWeightQ96
        );
    }

    /// @notice Price of one option, on the side that the caller asks for.
    function price(
        Expiry memory e,
        uint256 spot,
        uint256 strike,
        uint256 volatility,
        bool isCall,
        Rounding rounding
    ) internal pure returns (uint256) {
        unchecked {
            check(spot, strike, volatility);
            (int256 spotLegQ96, int256 cashLegQ96, ) = _legs(
                spot,
                strike,
                (volatility * e.sqrtTimeQ96) / WAD,
                isCall,
                e.carryTimeQ96,
                e.discountQ96,
                e.spotWeightQ96
            );
            int256 value = (int256(spot) * spotLegQ96 - cashLegQ96 + HALF_Q96) >> 96;
            return toSide(e, value > 0 ? uint256(value) : 0, spot, strike, rounding);
        }
    }

    /// @notice A price to the nearest WAD, moved past the error it may have to the side that the caller asks for. For a
    ///         caller who needs both sides of one evaluation.
    /// @dev At expiry it has no error.
    function toSide(
        Expiry memory e,
        uint256 nearest,
        uint256 spot,
        uint256 strike,
        Rounding rounding
    ) internal pure returns (uint256) {
        unchecked {
            if (rounding == Rounding.Nearest || e.secondsToExpiry == 0) return nearest;
            uint256 error_ = ((spot * e.spotWeightQ96 + strike * e.discountQ96) >> PRICE_ERROR_SHIFT) + 2;
            if (rounding == Rounding.Up) return nearest + error_;
            return nearest > error_ ? nearest - error_ : 0;
        }
    }

    /// @notice v = sigma * sqrt(T) in Q96, the standard deviation of the forward's logarithm at expiry.
    function deviation(Expiry memory e, uint256 volatility) internal pure returns (uint256 deviationQ96) {
        unchecked {
            if (volatility > MAX_VOLATILITY) revert OutOfRange(Argument.Volatility, int256(volatility));
            return (volatility * e.sqrtTimeQ96) / WAD;
        }
    }

    /// @notice Net value and sensitivities of the options of one expiry, long, all at one volatility.
    function book(
        Expiry memory e,
        uint256 spot,
        StrikeSlot[] memory strikes,
        uint256 volatility
    ) internal pure returns (Position memory) {
        Book memory sums;
        uint256 deviationQ96 = deviation(e, volatility);
        unchecked {
            for (uint256 i; i < strikes.length; ++i) {
                add(sums, e, spot, strikes[i], deviationQ96);
            }
        }
        return net(sums, e, spot);
    }

    /// @notice Net value and sensitivities of the options of one expiry, long, each strike at its own volatility.
    function book(
        Expiry memory e,
        uint256 spot,
        StrikeSlot[] memory strikes,
        uint256[] memory volatilities
    ) internal pure returns (Position memory) {
        if (strikes.length != volatilities.length) revert LengthMismatch(strikes.length, volatilities.length);
        Book memory sums;
        unchecked {
            for (uint256 i; i < strikes.length; ++i) {
                add(sums, e, spot, strikes[i], deviation(e, volatilities[i]));
            }
        }
        return net(sums, e, spot);
    }

    /// @notice Adds the call and the put of one strike to the sums. For a caller whose strikes come from storage or whose
    ///         deviations come from a surface: one call per strike, then one of `net`.
    /// @param sums What `net` will read; a new `Book` to begin with.
    /// @param e The context of the expiry.
    /// @param spot Quote WAD per underlying.
    /// @param slot Strike and open interest, as `StrikeSlotLib.pack` makes it.
    /// @param deviationQ96 sigma * sqrt(T) of this strike, as `deviation` returns it or as the root of a total variance;
    ///        below 256 * 2^96.
    /// @dev Without open interest nothing is computed. The put is the call by parity: one evaluation serves both.
    function add(Book memory sums, Expiry memory e, uint256 spot, StrikeSlot slot, uint256 deviationQ96) internal pure {
        unchecked {
            if (!slot.hasOpenInterest()) return;
            uint256 strike = slot.strikeWad();
            check(spot, strike, 0);
            addAt(sums, slot, Ln.ratio(spot, strike) + e.carryTimeQ96, deviationQ96);
        }
    }

    /// @notice As `add`, for a caller who knows where the strike lies because he asked a surface there.
    /// @param logForwardQ96 ln(forward / strike), of a spot and a strike that `check` lets pass.
    function addAt(Book memory sums, StrikeSlot slot, int256 logForwardQ96, uint256 deviationQ96) internal pure {
        unchecked {
            (uint256 densityQ96, uint256 above1, uint256 above2, uint256 ratio1Q64, uint256 ratio2Q64) = _normals(
                logForwardQ96,
                deviationQ96
            );
            densityQ96 >>= 32;
            int256 puts = int256(slot.putOpenInterest());
            int256 contracts = int256(slot.callOpenInterest()) + puts;
            int256 unitsQ96 =
                int256((above1 & ONE_Q96) + (((densityQ96 * ratio1Q64) >> 64) ^ above1)) * contracts -
                    puts * int256(ONE_Q96);
            sums.units += unitsQ96;
            sums.forwardUnits += unitsQ96 - int256(((densityQ96 * ratio2Q64) >> 64) ^ above2) * contracts;
            sums.cash += int256(slot.strikeWad()) * ((contracts & int256(above2)) - puts);
            densityQ96 *= uint256(contracts);
            sums.density += densityQ96;
            sums.densityOverDeviation += RawMath.div(densityQ96, deviationQ96);
            sums.densityTimesDeviation += (densityQ96 * (deviationQ96 >> 32)) >> 64;
        }
    }

    /// @notice The position that the sums over the strikes of an expiry amount to.
    /// @dev Every product with spot is checked: a book beyond 2^158 WAD of quote reverts rather than wraps. The others
    ///      have room, for open interest of 2^97 WAD a strike and more strikes than a block could sum.
    function net(Book memory sums, Expiry memory e, uint256 spot) internal pure returns (Position memory p) {
        unchecked {
            p.delta = _weigh(sums.units, e.spotWeightQ96) >> 96;
            p.gamma = _weigh(int256(sums.densityOverDeviation), e.spotWeightQ96);
            int256 densityQ96 = _weigh(int256(sums.density), e.spotWeightQ96) / INT_WAD;
            int256 decayUnitsQ96 = _weigh(int256(sums.densityTimesDeviation), e.spotWeightQ96) / INT_WAD;
            int256 spotValueQ96 = _checkedProduct(spot, _weigh(sums.forwardUnits, e.spotWeightQ96) / INT_WAD);
            p.value = (spotValueQ96 - (sums.cash / INT_WAD) * int256(e.discountQ96) + HALF_Q96) >> 96;
            p.vega = (_checkedProduct(spot, _weigh(densityQ96, e.sqrtTimeQ96)) + HALF_Q96) >> 96;
            uint256 decayQ32 = uint256(_checkedProduct(spot, decayUnitsQ96)) >> 64;
            p.theta =
                (e.discountRate * p.value - e.carry * (_checkedProduct(spot, p.delta) / INT_WAD)) / INT_WAD -
                int256(RawMath.div(decayQ32 * HALF_YEAR, e.secondsToExpiry) >> 32);
        }
    }

    /// @dev x * weight / 2^96, rounded down, for products beyond 256 bits.
    function _weigh(int256 x, uint256 weightQ96) private pure returns (int256) {
        unchecked {
            return (x >> 96) * int256(weightQ96) + int256(((uint256(x) & (ONE_Q96 - 1)) * weightQ96) >> 96);
        }
    }

    function _checkedProduct(uint256 x, int256 y) private pure returns (int256) {
        return int256(x) * y;
    }

    /// @dev See `expiry`.
    function _context(
        uint256 secondsToExpiry,
        int256 carry,
        int256 discountRate
    ) private pure returns (uint256 sqrtTimeQ96, int256 carryTimeQ96, uint256 discountQ96, uint256 spotWeightQ96) {
        unchecked {
            if (_isOutside(secondsToExpiry, carry, discountRate)) {
                _revertForExpiry(secondsToExpiry, carry, discountRate);
            }
            sqrtTimeQ96 = Sqrt.sqrt((secondsToExpiry << 192) / YEAR);
            carryTimeQ96 = _timesYears(carry, secondsToExpiry);
            discountQ96 = ONE_Q96;
            spotWeightQ96 = ONE_Q96;
            int256 discountTimeQ96;
            if (discountRate != 0) {
                discountTimeQ96 = _timesYears(discountRate, secondsToExpiry);
                discountQ96 = Exp.exp(-discountTimeQ96);
            }
            if (carry != discountRate) spotWeightQ96 = Exp.exp(carryTimeQ96 - discountTimeQ96);
        }
    }

    /// @dev See `greeks`.
    function _greeks(
        uint256 spot,
        uint256 strike,
        uint256 volatility,
        uint256 secondsToExpiry,
        int256 carry,
        int256 discountRate,
        bool isCall,
        uint256 sqrtTimeQ96,
        int256 carryTimeQ96,
        uint256 discountQ96,
        uint256 spotWeightQ96
    ) private pure returns (uint256 price_, int256 delta, uint256 gamma, uint256 vega, int256 theta) {
        unchecked {
            check(spot, strike, volatility);
            uint256 deviationQ96 = (volatility * sqrtTimeQ96) / WAD;
            (int256 spotLegQ96, int256 cashLegQ96, uint256 densityQ96) = _legs(
                spot,
                strike,
                deviationQ96,
                isCall,
                carryTimeQ96,
                discountQ96,
                spotWeightQ96
            );
            delta = (spotLegQ96 * INT_WAD + HALF_Q96) >> 96;
            spotLegQ96 *= int256(spot);
            int256 value = (spotLegQ96 - cashLegQ96 + HALF_Q96) >> 96;
            price_ = uint256(value & ~(value >> 255));
            // Without a deviation, or without time, these two quotients are 0: the limits that the header names.
            gamma = RawMath.div(densityQ96 * WAD, deviationQ96);
            uint256 vegaQ96 = spot * ((densityQ96 * sqrtTimeQ96) >> 96);
            vega = (vegaQ96 + uint256(HALF_Q96)) >> 96;
            uint256 decayQ32 = RawMath.div((((vegaQ96 >> 64) * volatility) / WAD) * HALF_YEAR, secondsToExpiry);
            theta = (discountRate * value - carry * (spotLegQ96 >> 96)) / INT_WAD - int256(decayQ32 >> 32);
        }
    }

    /// @dev An option as a portfolio: `spotLegQ96` units of spot less `cashLegQ96` of quote. For a call these are C * N(d1)
    ///      and K * D * N(d2); a put has C and K * D less. `densityQ96` = C * n(d1).
    ///      N(d) = [d >= 0] -+ n(d) * R(|d|), and K * D * n(d2) = S * C * n(d1). The minus sign is a complement: one unit
    ///      of 2^-96 too low, the same in both legs.
    function _legs(
        uint256 spot,
        uint256 strike,
        uint256 deviationQ96,
        bool isCall,
        int256 carryTimeQ96,
        uint256 discountQ96,
        uint256 spotWeightQ96
    ) private pure returns (int256 spotLegQ96, int256 cashLegQ96, uint256 densityQ96) {
        unchecked {
            uint256 above1;
            uint256 above2;
            uint256 ratio1Q64;
            uint256 ratio2Q64;
            (densityQ96, above1, above2, ratio1Q64, ratio2Q64) = _normals(
                Ln.ratio(spot, strike) + carryTimeQ96,
                deviationQ96
            );
            densityQ96 = (densityQ96 * spotWeightQ96) >> 128;
            spotLegQ96 = int256((above1 & spotWeightQ96) + (((densityQ96 * ratio1Q64) >> 64) ^ above1));
            cashLegQ96 = int256((above2 & (strike * discountQ96)) + spot * (((densityQ96 * ratio2Q64) >> 64) ^ above2));
            if (!isCall) {
                spotLegQ96 -= int256(spotWeightQ96);
                cashLegQ96 -= int256(strike * discountQ96);
            }
        }
    }

    /// @dev d1 = L / v + v / 2 and d2 = d1 - v, and what `NormalDistribution.pair` says of them. The divisor is v + 2^-96:
    ///      v = 0 puts d beyond the cut by itself.
    function _normals(
        int256 logForwardQ96,
        uint256 deviationQ96
    ) private pure returns (uint256 densityQ128, uint256 above1, uint256 above2, uint256 ratio1Q64, uint256 ratio2Q64) {
        unchecked {
            int256 middleQ96 = RawMath.sdiv(logForwardQ96 << 96, deviationQ96 + 1);
            int256 halfQ96 = int256(deviationQ96 >> 1);
            return NormalDistribution.pair(middleQ96 + halfQ96, middleQ96 - halfQ96);
        }
    }

    /// @dev A yearly rate in WAD, times the years in `secondsToExpiry`, in Q96.
    function _timesYears(int256 rate, uint256 secondsToExpiry) private pure returns (int256) {
        unchecked {
            return ((rate * int256(secondsToExpiry)) << 96) / int256(YEAR * WAD);
        }
    }

    /// @notice Reverts with `OutOfRange` when a price or a volatility is outside the domain.
    /// @dev Inside the domain a price less 1 is below 2^128, and so are a volatility and what it leaves of its maximum;
    ///      outside, one of them is larger.
    function check(uint256 spot, uint256 strike, uint256 volatility) internal pure {
        unchecked {
            uint256 differences = (spot - 1) | (strike - 1) | (MAX_VOLATILITY - volatility) | volatility;
            if (differences > type(uint128).max) {
                if (spot == 0 || spot > MAX_PRICE) revert OutOfRange(Argument.Spot, int256(spot));
                if (strike == 0 || strike > MAX_PRICE) revert OutOfRange(Argument.Strike, int256(strike));
                revert OutOfRange(Argument.Volatility, int256(volatility));
            }
        }
    }

    /// @dev A rate is inside when rate + MAX_RATE, taken as unsigned, is at most 2 * MAX_RATE.
    function _isOutside(
        uint256 secondsToExpiry,
        int256 carry,
        int256 discountRate
    ) private pure returns (bool outside) {
        assembly ("memory-safe") {
            outside := or(
                gt(secondsToExpiry, MAX_SECONDS),
                or(gt(add(carry, MAX_RATE), TWICE_MAX_RATE), gt(add(discountRate, MAX_RATE), TWICE_MAX_RATE))
            )
        }
    }

    function _revertForExpiry(uint256 secondsToExpiry, int256 carry, int256 discountRate) private pure {
        if (secondsToExpiry > MAX_SECONDS) revert OutOfRange(Argument.SecondsToExpiry, int256(secondsToExpiry));
        if (carry > MAX_RATE || carry < -MAX_RATE) revert OutOfRange(Argument.Carry, carry);
        revert OutOfRange(Argument.DiscountRate, discountRate);
    }
}
