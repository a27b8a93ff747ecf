// SPDX-License-Identifier: MIT
pragma solidity ^0.8.31;

import {Sqrt} from "./math/Sqrt.sol";

/// @notice One expiry of the volatility surface in one storage slot.
///         Bits 0-39: a, int40, 1e-9. 40-87: b, uint48, 1e-9. 88-111: rho, int24, 1e-6. 112-143: m, int32, 1e-8.
///         144-175: sigma, uint32, 1e-8. 176-207: postedAt, uint32, Unix seconds. 208-239: volatility at the money,
///         uint32, 1e-6. 240-255: spread, uint16, 1e-4.
type SviSlice is uint256;

/// @notice A slice for one expiry, made ready for many strikes; the units are {Svi}'s own.
/// @param level a. `tilt` b · rho. `bend` b. `m` and `sigmaSquared` as in the formula. `timeQ96` T in years.
struct SviCurve {
    int256 level;
    int256 tilt;
    int256 bend;
    int256 m;
    int256 sigmaSquared;
    uint256 timeQ96;
}

using Svi for SviSlice global;
using Svi for SviCurve global;

/// @title Raw SVI of annualised variance
/// @notice For an expiry and the log-moneyness k = ln(K / F),
///
///             v(k) = a + b * (rho * (k - m) + sqrt((k - m)^2 + sigma^2)),  implied volatility = sqrt(v(k)).
///
///         v is variance per **year** (Gatheral and Jacquier write total variance, w = T * v), so that a slice that is
///         not posted again keeps its volatility while its expiry comes nearer. Numbers named Q96 count units of 2^-96;
///         k comes as Q96 because that is what a logarithm returns.
///
///         `check` and `checkCalendar` say whether a slice admits static arbitrage, on w = T * v: Lee's bound on the
///         wings, Durrleman's condition (the density is not negative), and no crossing of a neighbour (a calendar spread
///         is not negative). They look at 17 points and at both wings' limits. Between points a slice can still break
///         Durrleman's condition a little: of random slices that do about 1 % go unnoticed, and the worst value of those is -.03.
library Svi {
    /// @notice The fields of a slice, in the units of the slot.
    struct Fields {
        int40 a;
        uint48 b;
        int24 rho;
        int32 m;
        uint32 sigma;
        uint32 postedAt;
        uint32 atTheMoneyVolatility;
        uint16 spread;
    }

    /// @notice The first condition that a slice breaks. `b >= 0` holds by its type.
    /// @param None No arbitrage was found.
    /// @param Correlation |rho| < 1 does not hold.
    /// @param Curvature sigma > 0 does not hold: a kink at m.
    /// @param Minimum The least variance, a + b * sigma * sqrt(1 - rho^2), is not at least one unit of a: 1e-9, a volatility
    ///        of .003 %. It must be above 0, and Durrleman's function divides by it.
    /// @param WingSlope T * b * (1 + |rho|) <= 2 does not hold (Lee): no density has such wings.
    /// @param Butterfly Durrleman's function is negative at the k returned.
    /// @param Calendar The later slice has less total variance at the k returned.
    /// @param CalendarWing The later slice has a flatter wing, so that the two cross beyond the points.
    enum Violation {
        None,
        Correlation,
        Curvature,
        Minimum,
        WingSlope,
        Butterfly,
        Calendar,
        CalendarWing
    }

    /// @notice |k| is 128 or more: the strike is 10^55 times the forward.
    error LogMoneynessOutOfRange(int256 kQ96);

    uint256 private constant YEAR = 31_536_000; // 365 days
    uint256 private constant B_SHIFT = 40;
    uint256 private constant RHO_SHIFT = 88;
    uint256 private constant M_SHIFT = 112;
    uint256 private constant SIGMA_SHIFT = 144;
    uint256 private constant POSTED_AT_SHIFT = 176;
    uint256 private constant AT_THE_MONEY_SHIFT = 208;
    uint256 private constant SPREAD_SHIFT = 240;

    int256 private constant VARIANCE_UNIT = 1e9; // of a and b
    int256 private constant RHO_UNIT = 1e6;
    int256 private constant MONEYNESS_UNIT = 1e8; // of m and sigma
    int256 private constant ONE_Q96 = 1 << 96;
    int256 private constant ONE_Q64 = 1 << 64;
    int256 private constant LIMIT_Q96 = 128 << 96;

    uint256 private constant POINTS = 17;
    /// @dev Distances of eight points from m in tenths of a width, a byte each, the nearest lowest:
    ///      .4, .8, 1.2, 1.8, 2.6, 3.8, 5.5, 8.
    uint256 private constant DISTANCES = 0x50_37_26_1a_12_0c_08_04;

    /// @notice Packs the fields; every value of their types fits.
    function pack(Fields memory fields) internal pure returns (SviSlice) {
        return
            SviSlice.wrap(
                uint256(uint40(fields.a)) |
                    (uint256(fields.b) << B_SHIFT) |
                    (uint256(uint24(fields.rho)) << RHO_SHIFT) |
                    (uint256(uint32(fields.m)) << M_SHIFT) |
                    (uint256(fields.sigma) << SIGMA_SHIFT) |
                    (uint256(fields.postedAt) << POSTED_AT_SHIFT) |
                    (uint256(fields.atTheMoneyVolatility) << AT_THE_MONEY_SHIFT) |
                    (uint256(fields.spread) << SPREAD_SHIFT)
            );
    }

    /// @notice The fields of a slice.
    function unpack(SviSlice slice) internal pure returns (Fields memory fields) {
        uint256 word = SviSlice.unwrap(slice);
        fields.a = int40(uint40(word));
        fields.b = uint48(word >> B_SHIFT);
        fields.rho = int24(uint24(word >> RHO_SHIFT));
        fields.m = int32(uint32(word >> M_SHIFT));
        fields.sigma = uint32(word >> SIGMA_SHIFT);
        fields.postedAt = uint32(word >> POSTED_AT_SHIFT);
        fields.atTheMoneyVolatility = uint32(word >> AT_THE_MONEY_SHIFT);
        fields.spread = uint16(word >> SPREAD_SHIFT);
    }

    /// @notice Unix seconds of the post.
    function postedAt(SviSlice slice) internal pure returns (uint256) {
        return uint32(SviSlice.unwrap(slice) >> POSTED_AT_SHIFT);
    }

    /// @notice The volatility at the money that was stored with the slice, WAD.
    function atTheMoneyVolatility(SviSlice slice) internal pure returns (uint256) {
        return uint256(uint32(SviSlice.unwrap(slice) >> AT_THE_MONEY_SHIFT)) * 1e12;
    }

    /// @notice Doubt of the slice, WAD of volatility.
    function spread(SviSlice slice) internal pure returns (uint256) {
        return (SviSlice.unwrap(slice) >> SPREAD_SHIFT) * 1e14;
    }

    /// @notice Implied volatility at k = ln(K / F), WAD, rounded down. 0 where an unchecked slice has no variance.
    function volatility(SviSlice slice, int256 kQ96) internal pure returns (uint256) {
        unchecked {
            return Sqrt.sqrt((uint256(variance(slice, kQ96)) * 1e36) >> 96);
        }
    }

    /// @notice A slice for one expiry, made ready for many strikes.
    /// @param secondsToExpiry Below 2^40.
    function curve(SviSlice slice, uint256 secondsToExpiry) internal pure returns (SviCurve memory c) {
        unchecked {
            uint256 word = SviSlice.unwrap(slice);
            c.level = (_a(word) * RHO_UNIT) << 96;
            c.tilt = _b(word) * _rho(word);
            c.bend = _b(word) * RHO_UNIT;
            c.m = _m(word);
            int256 sigma = _sigma(word);
            c.sigmaSquared = sigma * sigma;
            c.timeQ96 = (secondsToExpiry << 96) / YEAR;
        }
    }

    /// @notice √(v · T) at k in Q96, rounded down: the standard deviation of the forward's logarithm at expiry. 0 where an
    ///         unchecked slice has no variance.
    /// @dev Requires |k| < 128: that of any strike and forward below 2^128 is.
    function deviation(SviCurve memory c, int256 kQ96) internal pure returns (uint256) {
        unchecked {
            int256 x = kQ96 - c.m;
            int256 sum = c.tilt * x + c.bend * int256(Sqrt.sqrt(uint256(x * x + c.sigmaSquared))) + c.level;
            if (sum < 0) return 0;
            return Sqrt.sqrt((uint256(sum) / uint256(VARIANCE_UNIT * RHO_UNIT)) * c.timeQ96);
        }
    }

    /// @notice Variance per year at k, Q96. Where an unchecked slice is negative the answer is 0.
    function variance(SviSlice slice, int256 kQ96) internal pure returns (int256 varianceQ96) {
        unchecked {
            (int256 x, int256 root) = _hyperbola(slice, kQ96);
            uint256 word = SviSlice.unwrap(slice);
            int256 sum = _b(word) * (_rho(word) * x + RHO_UNIT * root) + ((_a(word) * RHO_UNIT) << 96);
            if (sum > 0) varianceQ96 = sum / (VARIANCE_UNIT * RHO_UNIT);
        }
    }

    /// @notice Variance per year at k and its first two derivatives in k, all Q96.
    function derivatives(
        SviSlice slice,
        int256 kQ96
    ) internal pure returns (int256 varianceQ96, int256 firstQ96, int256 secondQ96) {
        unchecked {
            (int256 x, int256 root) = _hyperbola(slice, kQ96);
            uint256 word = SviSlice.unwrap(slice);
            varianceQ96 = variance(slice, kQ96);
            // At the kink of an unchecked slice with sigma = 0 the wings' mean slope is returned.
            if (root == 0) root = 1;
            // v' = b * (rho + x / root)
            int256 slope = _rho(word) * ONE_Q96 + (RHO_UNIT * x * ONE_Q96) / root;
            firstQ96 = (_b(word) * slope) / (VARIANCE_UNIT * RHO_UNIT);
            // v'' = b * (sigma / root)^2 / root
            int256 share = (_sigma(word) << 96) / root;
            secondQ96 = (((_b(word) * ((share * share) >> 96)) << 96) / root) / VARIANCE_UNIT;
        }
    }

    /// @notice Whether a slice on its own admits static arbitrage, with `secondsToExpiry` left.
    /// @dev Requires secondsToExpiry < 2^64, as `checkCalendar` does.
    /// @return violation The first condition that it breaks.
    /// @return kQ96 The log-moneyness at which `Butterfly` was seen, else 0.
    function check(SviSlice slice, uint256 secondsToExpiry) internal pure returns (Violation violation, int256 kQ96) {
        uint256 word = SviSlice.unwrap(slice);
        uint256 rho = _magnitude(_rho(word));
        uint256 b = uint256(_b(word));
        if (rho >= uint256(RHO_UNIT)) return (Violation.Correlation, 0);
        if (_sigma(word) == 0) return (Violation.Curvature, 0);
        if (!_hasMinimum(word, rho)) return (Violation.Minimum, 0);
        if (secondsToExpiry * b * (uint256(RHO_UNIT) + rho) > 2 * YEAR * uint256(VARIANCE_UNIT * RHO_UNIT)) {
            return (Violation.WingSlope, 0);
        }
        (int256 center, int256 width) = _grid(slice, secondsToExpiry);
        for (uint256 i = 0; i < POINTS; ++i) {
            int256 k = _point(center, width, i);
            if (durrleman(slice, secondsToExpiry, k) < 0) return (Violation.Butterfly, k);
        }
    }

    /// @notice Whether two slices that pass `check` cross: the later must have the larger total variance everywhere.
    /// @return violation `Calendar`, `CalendarWing` or `None`.
    /// @return kQ96 The log-moneyness at which `Calendar` was seen, else 0.
    function checkCalendar(
        SviSlice near,
        uint256 nearSeconds,
        SviSlice far,
        uint256 farSeconds
    ) internal pure returns (Violation violation, int256 kQ96) {
        if (!_wingsAreOrdered(near, nearSeconds, far, farSeconds)) return (Violation.CalendarWing, 0);
        // The two may turn at different places: the points of both.
        for (uint256 side = 0; side < 2; ++side) {
            (int256 center, int256 width) = side == 0 ? _grid(near, nearSeconds) : _grid(far, farSeconds);
            for (uint256 i = 0; i < POINTS; ++i) {
                int256 k = _point(center, width, i);
                if (variance(far, k) * int256(farSeconds) < variance(near, k) * int256(nearSeconds)) {
                    return (Violation.Calendar, k);
                }
            }
        }
    }

    /// @notice Durrleman's function, Q64: the density of the forward at k is not negative where this is not.
    ///
    ///             g(k) = (1 - k*w' / (2w))^2 - w'^2 / 4 * (1/w + 1/4) + w'' / 2,  w = T * v
    ///
    /// @dev Requires a slice that passes `check` up to its points: then no term overflows and no variance is 0.
    function durrleman(SviSlice slice, uint256 secondsToExpiry, int256 kQ96) internal pure returns (int256) {
        (int256 v, int256 first, int256 second) = derivatives(slice, kQ96);
        int256 time = int256(secondsToExpiry);
        int256 year = int256(YEAR);
        int256 ratio = ONE_Q64 - ((((kQ96 * first) / v) / 2) >> 32);
        int256 slope = ((first * time) / year) >> 32; // w', Q64
        int256 twist = (slope * (first >> 32)) / (v >> 32); // w'^2 / w, Q64
        int256 bend = ((second * time) / year) >> 32; // w'', Q64
        return ((ratio * ratio) >> 64) - twist / 4 - ((slope * slope) >> 64) / 16 + bend / 2;
    }

    /// @dev x = k - m and sqrt(x^2 + sigma^2), Q96.
    function _hyperbola(SviSlice slice, int256 kQ96) private pure returns (int256 x, int256 root) {
        unchecked {
            if (uint256(kQ96 + LIMIT_Q96) > uint256(2 * LIMIT_Q96)) revert LogMoneynessOutOfRange(kQ96);
            uint256 word = SviSlice.unwrap(slice);
            x = kQ96 - _m(word);
            int256 sigma = _sigma(word);
            root = int256(Sqrt.sqrt(uint256(x * x + sigma * sigma)));
        }
    }

    /// @dev a + b * sigma * sqrt(1 - rho^2) >= 1e-9, in units of 1e-23 * 2^-64.
    function _hasMinimum(uint256 word, uint256 rho) private pure returns (bool) {
        int256 root = int256(Sqrt.sqrt((1e12 - rho * rho) << 128));
        int256 sigma = int256(uint256(uint32(word >> SIGMA_SHIFT)));
        return (_a(word) - 1) * MONEYNESS_UNIT * RHO_UNIT * ONE_Q64 + _b(word) * sigma * root >= 0;
    }

    function _wingsAreOrdered(
        SviSlice near,
        uint256 nearSeconds,
        SviSlice far,
        uint256 farSeconds
    ) private pure returns (bool) {
        (int256 nearLeft, int256 nearRight) = _wings(near, nearSeconds);
        (int256 farLeft, int256 farRight) = _wings(far, farSeconds);
        return farLeft >= nearLeft && farRight >= nearRight;
    }

    /// @dev Slopes of total variance far out, T * b * (1 -+ rho), in units of the slot times seconds: exact.
    function _wings(SviSlice slice, uint256 secondsToExpiry) private pure returns (int256 left, int256 right) {
        uint256 word = SviSlice.unwrap(slice);
        int256 scale = int256(secondsToExpiry) * _b(word);
        left = scale * (RHO_UNIT - _rho(word));
        right = scale * (RHO_UNIT + _rho(word));
    }

    /// @dev The points lie around m, where the hyperbola turns, and as wide as the wider of its curve (sigma) and the
    ///      distribution (the total volatility at the money). Of 16 grids that were tried on 95,000 random slices this
    ///      one let the fewest and smallest violations through; see test/math/svi.test.ts.
    function _grid(SviSlice slice, uint256 secondsToExpiry) private pure returns (int256 center, int256 width) {
        uint256 word = SviSlice.unwrap(slice);
        center = _m(word);
        int256 spread_ = int256(Sqrt.sqrt(((uint256(variance(slice, 0)) * secondsToExpiry) / YEAR) << 96));
        int256 sigma = _sigma(word);
        width = sigma > spread_ ? sigma : spread_;
    }

    /// @dev Point 0 is the center; 1 and 2, 3 and 4 … lie on both sides of it.
    function _point(int256 center, int256 width, uint256 index) private pure returns (int256 k) {
        if (index == 0) return center;
        int256 tenths = int256((DISTANCES >> (8 * ((index - 1) / 2))) & 0xff);
        int256 distance = (width * tenths) / 10;
        k = index % 2 == 0 ? center - distance : center + distance;
        if (k > LIMIT_Q96) k = LIMIT_Q96;
        if (k < -LIMIT_Q96) k = -LIMIT_Q96;
    }

    function _a(uint256 word) private pure returns (int256) {
        return int40(uint40(word));
    }

    function _b(uint256 word) private pure returns (int256) {
        return int256(uint256(uint48(word >> B_SHIFT)));
    }

    function _rho(uint256 word) private pure returns (int256) {
        return int24(uint24(word >> RHO_SHIFT));
    }

    /// @dev m in Q96.
    function _m(uint256 word) private pure returns (int256) {
        unchecked {
            return (int256(int32(uint32(word >> M_SHIFT))) * ONE_Q96) / MONEYNESS_UNIT;
        }
    }

    /// @dev sigma in Q96.
    function _sigma(uint256 word) private pure returns (int256) {
        unchecked {
            return (int256(uint256(uint32(word >> SIGMA_SHIFT))) << 96) / MONEYNESS_UNIT;
        }
    }

    function _magnitude(int256 x) private pure returns (uint256) {
        return uint256(x < 0 ? -x : x);
    }
}
