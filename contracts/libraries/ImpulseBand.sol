// SPDX-License-Identifier: MIT
pragma solidity ^0.8.31;

import {Exp} from "./math/Exp.sol";
import {Ln} from "./math/Ln.sol";
import {Sqrt} from "./math/Sqrt.sol";

/// @title The two-boundary impulse band of delta hedging
/// @notice A hedge that costs a fixed sum and a share of what is traded is left alone while the deviation is inside H,
///         and is then brought back to h < H only, on the same side: trading to the center would pay the proportional
///         cost for nothing, trading to H the fixed cost again at once (POLICY.md).
///
///         Per contract, with G = S * gamma, the proportional cost lambda, the fixed cost f as a fraction of notional and
///         the risk aversion a (all dimensionless):
///
///             Q = (64/3) * f^3 * a / (lambda^4 * G^2),   E^9 = Q * (1 + E)^4 * (2 + E),
///             H = (3 * G^2 * lambda / a * (1 + E)^2 / (2 + E))^(1/3),   h = H / (1 + E).
///
///         Limits: without a fixed cost H = h = (3/2 * lambda * G^2 / a)^(1/3), Whalley and Wilmott's; without a
///         proportional cost H = (12 * f * G^2 / a)^(1/4) and h = 0; without gamma both are 0.
///         When gamma fades a floor takes over, at which the deviation's risk over the remaining life pays for a trade:
///         h0 = lambda / (a * sigma^2 * tau), H0 = h0 + sqrt(2 * f / (a * sigma^2 * tau)), tau at least an hour.
///
///         All arguments and results are WAD. Relative error of H and h below 1e-10, or one unit of WAD.
/// @dev Everything runs in logarithms, so that nothing overflows and no digit is lost however small G is. With
///      y = -ln(E) the equation is 9y + 4 ln(1+E) + ln(2+E) + ln(Q) = 0: nearly linear, and two of Halley's steps from its
///      two asymptotes leave 5e-12. Inside a step, e = exp(-|y|) <= 1 stands for E or for 1/E.
library ImpulseBand {
    /// @notice A book and what it costs to hedge it.
    /// @param contracts N, the larger of the open calls and the open puts, WAD; 0 when nothing is open.
    /// @param spot Quote WAD per underlying.
    /// @param gamma |S * second derivative| of the whole book in underlying WAD: as `OptionMath` sums it.
    /// @param proportionalCost lambda: fee, half spread and impact as a fraction of notional, WAD.
    /// @param fixedCost C: what a rebalance costs whatever its size, quote WAD.
    /// @param riskAversion a, WAD, 100e18 by default.
    /// @param volatility Per square root of a year, WAD.
    /// @param secondsToExpiry Of the longest open life.
    struct Book {
        uint256 contracts;
        uint256 spot;
        uint256 gamma;
        uint256 proportionalCost;
        uint256 fixedCost;
        uint256 riskAversion;
        uint256 volatility;
        uint256 secondsToExpiry;
    }

    /// @notice The term that `BandTermOutOfRange` speaks of.
    enum Term {
        Contracts,
        Spot,
        Gamma,
        ProportionalCost,
        FixedCost,
        RiskAversion,
        Volatility,
        SecondsToExpiry
    }

    /// @notice A term is outside the domain that the constants below give.
    error BandTermOutOfRange(Term term, uint256 value);

    uint256 internal constant MAX_CONTRACTS = type(uint96).max; // 7.9e10
    uint256 internal constant MAX_SPOT = type(uint128).max; // 3.4e20 quote
    uint256 internal constant MAX_GAMMA = type(uint80).max; // 1.2e6 a contract; ten minutes at the money have 130
    uint256 internal constant MAX_PROPORTIONAL_COST = 1e18; // 100 %
    uint256 internal constant MAX_FIXED_COST = type(uint96).max; // 7.9e10 times notional, or quote
    uint256 internal constant MAX_RISK_AVERSION = type(uint96).max;
    uint256 internal constant MAX_VOLATILITY = 10e18; // 1000 %
    uint256 internal constant MAX_SECONDS = type(uint40).max;
    /// @notice The outer edge when no cost is ever worth paying.
    uint256 internal constant NEVER = type(uint128).max;

    uint256 private constant WAD = 1e18;
    uint256 private constant YEAR = 31_536_000; // 365 days
    uint256 private constant MIN_LIFE = 1 hours;
    uint256 private constant ONE_Q64 = 1 << 64;
    uint256 private constant ONE_Q128 = 1 << 128;
    uint256 private constant HALLEY_STEPS = 2;

    int256 private constant LN2_Q96 = 0xb17217f7d1cf79abc9e3b398; // ln(2)
    int256 private constant LN3_Q96 = 0x1193ea7aad030a976a4198d55; // ln(3)
    int256 private constant LN_3_2_Q96 = 0x67cc8fb2fe612fcada35d9bd; // ln(3/2)
    int256 private constant LN12_Q96 = 0x27c22d79a73cf9cce37e0f485; // ln(12)
    int256 private constant LN_64_3_Q96 = 0x30f6de8241aac3090173ca83b; // ln(64/3)
    int256 private constant LN_1E18_Q96 = 0x29724fe657ff706671e86c3c3d; // ln(1e18)

    /// @notice The band of a book in underlying: trade when |net delta| > outer, back to `inner` on the same side.
    /// @dev Without open interest the target is 0, and what is left of the hedge is closed once its proportional cost
    ///      exceeds the fixed one: outer = C / (lambda * S), inner = 0.
    function ofBook(Book memory book) internal pure returns (uint256 outer, uint256 inner) {
        unchecked {
            _checkBook(book);
            if (book.contracts == 0) return (_flattenAbove(book), 0);

            uint256 fixedCost = (book.fixedCost * 1e36) / (book.contracts * book.spot);
            // A fixed cost of 7.9e10 times the book's notional is as prohibitive as any larger one.
            if (fixedCost > MAX_FIXED_COST) fixedCost = MAX_FIXED_COST;
            uint256 gamma = (book.gamma * WAD) / book.contracts;
            if (gamma > MAX_GAMMA) revert BandTermOutOfRange(Term.Gamma, gamma);
            (outer, inner) = _withoutFloor(gamma, book.proportionalCost, fixedCost, book.riskAversion);
            uint256 life = book.secondsToExpiry < MIN_LIFE ? MIN_LIFE : book.secondsToExpiry;
            uint256 varianceLeft = (book.volatility * book.volatility * life) / (WAD * YEAR);
            (uint256 outerFloor, uint256 innerFloor) = floor(
                book.proportionalCost,
                fixedCost,
                book.riskAversion,
                varianceLeft
            );
            if (outer < outerFloor) outer = outerFloor;
            if (inner < innerFloor) inner = innerFloor;
            outer = (outer * book.contracts) / WAD;
            inner = (inner * book.contracts) / WAD;
        }
    }

    /// @notice H and h of one contract, without the floor.
    /// @param gamma G = S * |second derivative| of a contract.
    /// @param proportionalCost lambda.
    /// @param fixedCost f = C / (N * S).
    /// @param riskAversion a.
    function ofContract(
        uint256 gamma,
        uint256 proportionalCost,
        uint256 fixedCost,
        uint256 riskAversion
    ) internal pure returns (uint256 outer, uint256 inner) {
        _checkCosts(proportionalCost, fixedCost, riskAversion);
        if (gamma > MAX_GAMMA) revert BandTermOutOfRange(Term.Gamma, gamma);
        return _withoutFloor(gamma, proportionalCost, fixedCost, riskAversion);
    }

    /// @notice The least H and h of a contract, which hold when gamma fades.
    /// @param proportionalCost lambda.
    /// @param fixedCost f = C / (N * S).
    /// @param riskAversion a.
    /// @param varianceLeft sigma^2 * tau. Below 1e-18 / a it counts as that.
    function floor(
        uint256 proportionalCost,
        uint256 fixedCost,
        uint256 riskAversion,
        uint256 varianceLeft
    ) internal pure returns (uint256 outer, uint256 inner) {
        unchecked {
            uint256 penalty = (riskAversion * varianceLeft) / WAD;
            if (penalty == 0) penalty = 1;
            inner = (proportionalCost * WAD) / penalty;
            outer = inner + Sqrt.sqrt((2 * fixedCost * 1e36) / penalty);
        }
    }

    /// @notice The net delta that the band asks for: the same inside `outer`, else `inner` with its sign.
    function target(int256 netDelta, uint256 outer, uint256 inner) internal pure returns (int256) {
        unchecked {
            if (netDelta > int256(outer)) return int256(inner);
            if (netDelta < -int256(outer)) return -int256(inner);
            return netDelta;
        }
    }

    /// @notice |log return| of spot that uses up the band, WAD, rounded down; 0 outside it, `NEVER` without gamma.
    /// @param netDelta Of book and hedge, underlying WAD.
    /// @param outer Of the book, underlying WAD.
    /// @param gamma As in `Book`.
    function returnToOuter(int256 netDelta, uint256 outer, uint256 gamma) internal pure returns (uint256) {
        unchecked {
            uint256 size = netDelta < 0 ? uint256(-netDelta) : uint256(netDelta);
            if (size >= outer) return 0;
            if (gamma == 0) return NEVER;
            uint256 room = ((outer - size) * WAD) / gamma;
            return room < NEVER ? room : NEVER;
        }
    }

    /// @dev As `ofContract`, of arguments that are inside the domain.
    function _withoutFloor(
        uint256 gamma,
        uint256 proportionalCost,
        uint256 fixedCost,
        uint256 riskAversion
    ) private pure returns (uint256 outer, uint256 inner) {
        unchecked {
            if (gamma == 0) return (0, 0);
            if (proportionalCost == 0) return (_fixedCostLimit(gamma, fixedCost, riskAversion), 0);

            // ln(lambda * G^2 / a), of three WAD over one.
            int256 lnCost = Ln.ratio(gamma * gamma * proportionalCost, riskAversion) - 2 * LN_1E18_Q96;
            if (fixedCost == 0) {
                outer = _expWad((LN_3_2_Q96 + lnCost) / 3);
                return (outer, outer);
            }
            int256 y = _solve(LN_64_3_Q96 + 3 * Ln.ratio(fixedCost, proportionalCost) - lnCost);
            (uint256 onePlus, uint256 twoPlus, uint256 e) = _factors(y);
            // (1 + E)^2 / (2 + E), from whose e-form E itself is missing when E > 1.
            int256 lnShape = Ln.ratio(onePlus * onePlus, twoPlus) - 64 * LN2_Q96;
            if (y < 0) lnShape -= y;
            outer = _expWad((LN3_Q96 + lnCost + lnShape) / 3);
            inner = (outer * (y < 0 ? e : ONE_Q64)) / onePlus;
        }
    }

    /// @dev y with 9y + 4 ln(1+E) + ln(2+E) + lnQ = 0, E = exp(-y), all Q96.
    function _solve(int256 lnQ) private pure returns (int256 y) {
        unchecked {
            // E is about (2Q)^(1/9) when it is small and Q^(1/4) when it is large.
            y = lnQ < 0 ? -(lnQ + LN2_Q96) / 9 : -lnQ / 4;
            for (uint256 i = 0; i < HALLEY_STEPS; ++i) y -= _halleyStep(y, lnQ);
        }
    }

    function _halleyStep(int256 y, int256 lnQ) private pure returns (int256) {
        unchecked {
            (uint256 onePlus, uint256 twoPlus, uint256 e) = _factors(y);
            // ln((1+e)^4 * (2+e)), the last factor 1 + 2e when e is 1/E; from E to 1/E five ln(E) = -5y go out.
            uint256 square = (onePlus * onePlus) >> 64;
            int256 residual = Ln.ratio(((square * square) >> 64) * twoPlus, ONE_Q128) + lnQ + (y < 0 ? 4 * y : 9 * y);
            // u = e / (1+e), w = e / (2+e) or 2e / (1+2e): the slope is 9 - 4u - w or 4 + 4u + w.
            uint256 u = (e << 64) / onePlus;
            uint256 w = ((y < 0 ? 2 * e : e) << 64) / twoPlus;
            int256 slope = y < 0 ? int256(4 * ONE_Q64 + 4 * u + w) : int256(9 * ONE_Q64 - 4 * u - w);
            int256 curvature = int256((4 * u * (ONE_Q64 - u) + w * (ONE_Q64 - w)) >> 64);
            // Halley: 2 * f * f' / (2 * f'^2 - f * f'').
            return (2 * residual * slope) / (((2 * slope * slope) >> 64) - ((residual * curvature) >> 96));
        }
    }

    /// @dev e = exp(-|y|), 1 + e, and 2 + e (or 1 + 2e when e stands for 1/E), all Q64.
    function _factors(int256 y) private pure returns (uint256 onePlus, uint256 twoPlus, uint256 e) {
        unchecked {
            e = Exp.exp(y < 0 ? y : -y) >> 32;
            onePlus = ONE_Q64 + e;
            twoPlus = y < 0 ? onePlus + e : onePlus + ONE_Q64;
        }
    }

    /// @dev (12 * f * G^2 / a)^(1/4).
    function _fixedCostLimit(uint256 gamma, uint256 fixedCost, uint256 riskAversion) private pure returns (uint256) {
        unchecked {
            if (fixedCost == 0) return 0;
            int256 lnRisk = 2 * Ln.ratio(gamma, WAD) - Ln.ratio(riskAversion, WAD);
            return _expWad((LN12_Q96 + Ln.ratio(fixedCost, WAD) + lnRisk) / 4);
        }
    }

    function _flattenAbove(Book memory book) private pure returns (uint256 outer) {
        unchecked {
            if (book.fixedCost == 0) return 0;
            if (book.proportionalCost == 0) return NEVER;
            outer = (book.fixedCost * 1e36) / (book.proportionalCost * book.spot);
            if (outer > NEVER) outer = NEVER;
        }
    }

    function _expWad(int256 xQ96) private pure returns (uint256) {
        unchecked {
            return (Exp.exp(xQ96) * WAD) >> 96;
        }
    }

    function _checkBook(Book memory book) private pure {
        if (book.contracts > MAX_CONTRACTS) revert BandTermOutOfRange(Term.Contracts, book.contracts);
        if (book.spot == 0 || book.spot > MAX_SPOT) revert BandTermOutOfRange(Term.Spot, book.spot);
        if (book.gamma > type(uint128).max) revert BandTermOutOfRange(Term.Gamma, book.gamma);
        if (book.volatility > MAX_VOLATILITY) revert BandTermOutOfRange(Term.Volatility, book.volatility);
        if (book.secondsToExpiry > MAX_SECONDS) revert BandTermOutOfRange(Term.SecondsToExpiry, book.secondsToExpiry);
        _checkCosts(book.proportionalCost, book.fixedCost, book.riskAversion);
    }

    function _checkCosts(uint256 proportionalCost, uint256 fixedCost, uint256 riskAversion) private pure {
        if (proportionalCost > MAX_PROPORTIONAL_COST)
            revert BandTermOutOfRange(Term.ProportionalCost, proportionalCost);
        if (fixedCost > MAX_FIXED_COST) revert BandTermOutOfRange(Term.FixedCost, fixedCost);
        if (riskAversion == 0 || riskAversion > MAX_RISK_AVERSION) {
            revert BandTermOutOfRange(Term.RiskAversion, riskAversion);
        }
    }
}
