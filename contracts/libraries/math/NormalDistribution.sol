// SPDX-License-Identifier: MIT
pragma solidity ^0.8.31;

import {Exp} from "./Exp.sol";
import {MillsRatio} from "./MillsRatio.sol";

/// @title Standard normal distribution
/// @notice The density n(x) and the distribution function N(x).
library NormalDistribution {
    /// @notice Last argument of `pdf`, just below 16: the density there is 1e-56.
    uint256 internal constant LAST_Q64 = (16 << 64) - 1;

    uint256 private constant WAD = 1e18;
    uint256 private constant LIMIT_WAD = 16e18;
    uint256 private constant INV_SQRT_2PI_Q64 = 7359186146747302452; // .398942...
    uint256 private constant HALF_Q128 = 1 << 127;

    /// @notice n(x) in Q128 for x >= 0 in Q64, relative error below 4e-19 above 2^-60, absolute below 2^-128 under it.
    /// @dev Requires xQ64 <= LAST_Q64.
    function pdf(uint256 xQ64) internal pure returns (uint256 densityQ128) {
        unchecked {
            // x^2 is in Q128; halved and in Q96 that is a shift by 33.
            (uint256 mantissaQ128, int256 exponent) = Exp.parts(-int256((xQ64 * xQ64) >> 33));
            densityQ128 = (mantissaQ128 * INV_SQRT_2PI_Q64) >> uint256(64 - exponent);
        }
    }

    /// @notice N(x), argument and result in WAD, absolute error below 3e-18, for any argument.
    /// @dev N(-x) = n(x) * R(x), so that the lower tail keeps its digits; N(x) = 1 - N(-x).
    function cdf(int256 xWad) internal pure returns (uint256 probabilityWad) {
        unchecked {
            // All ones when x is not negative: then the tail counts against 1, and by two's complement it is negated.
            uint256 above = uint256(~(xWad >> 255));
            uint256 size = (uint256(xWad) ^ ~above) + (above + 1);
            if (size >= LIMIT_WAD) return WAD & above;
            size = (size << 64) / WAD;
            uint256 tailQ128 = (pdf(size) * MillsRatio.ratio(size)) >> 64;
            uint256 tail = (tailQ128 * WAD + HALF_Q128) >> 128;
            probabilityWad = (WAD & above) + (tail ^ above) - above;
        }
    }

    /// @notice What an option needs of d1 and d2, both in Q96: the density n(d1) in Q128; for each d a mask of ones when it
    ///         is not negative; for each the Mills ratio R(|d|) in Q64. Then N(d) = n(d) * R(|d|) for a negative d, and
    ///         1 less that otherwise. Only one density is needed: n(d2) is n(d1) times forward over strike.
    /// @dev Beyond |d| = 16 the density is below 2^-184: it is 0 in Q128, and d is cut there.
    function pair(
        int256 d1Q96,
        int256 d2Q96
    )
        internal
        pure
        returns (uint256 densityQ128, uint256 above1, uint256 above2, uint256 ratio1Q64, uint256 ratio2Q64)
    {
        unchecked {
            above1 = uint256(~(d1Q96 >> 255));
            above2 = uint256(~(d2Q96 >> 255));
            // The complement of a negative number is its size, less 2^-96.
            uint256 size1 = (uint256(d1Q96) ^ ~above1) >> 32;
            uint256 size2 = (uint256(d2Q96) ^ ~above2) >> 32;
            if ((size1 | size2) > LAST_Q64) {
                if (size1 > LAST_Q64) size1 = LAST_Q64;
                if (size2 > LAST_Q64) size2 = LAST_Q64;
            }
            densityQ128 = pdf(size1);
            ratio1Q64 = MillsRatio.ratio(size1);
            ratio2Q64 = MillsRatio.ratio(size2);
        }
    }
}
