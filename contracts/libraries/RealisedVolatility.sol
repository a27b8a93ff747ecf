// SPDX-License-Identifier: MIT
pragma solidity ^0.8.31;

import {Ln} from "./math/Ln.sol";
import {Sqrt} from "./math/Sqrt.sol";

/// @title Realised volatility on an hourly grid
/// @notice The exponentially weighted mean of squared log returns,
///
///             variance' = decay * variance + (1 - decay) * ln(price / previousPrice)^2 * 8760,
///
///         as variance per year, WAD. Each point of the grid is fed once and in order, none skipped, so that whoever
///         calls has nothing to choose (RULES.md F2). The caller proves which price belongs to which hour; an hour
///         without a new round repeats the price, and the variance decays.
/// @dev The mean return is not subtracted: over an hour it is noise, and the fence wants the square of what happened.
library RealisedVolatility {
    /// @notice A price is 0 or above 2^128, where its logarithm is not computed.
    error PriceOutOfRange(uint256 price);
    /// @notice A weight of the past above 1.
    error DecayOutOfRange(uint256 decay);

    uint256 internal constant HOURS_PER_YEAR = 8_760;
    /// @notice Hourly decay whose half-life is 10 days: 2^(-1/240).
    uint256 internal constant DECAY_10_DAYS = 997_116_053_334_589_198; // .9971

    uint256 private constant WAD = 1e18;
    uint256 private constant HALF_WAD = 5e17;
    uint256 private constant MAX_PRICE = 1 << 128;

    /// @notice The variance after one more hour: the past's part to the nearest WAD, the new return's part rounded down.
    /// @dev Requires variance < 2^192, which every result of this function is: a price cannot move by more than 2^128.
    /// @param variance Before the hour, WAD per year.
    /// @param previousPrice The grid's price an hour ago, in any scale.
    /// @param price The grid's price now, in the same scale.
    /// @param decay Weight that the past keeps, WAD, e.g. `DECAY_10_DAYS`.
    function update(
        uint256 variance,
        uint256 previousPrice,
        uint256 price,
        uint256 decay
    ) internal pure returns (uint256) {
        unchecked {
            // A price of 0 wraps to the largest number.
            if (((previousPrice - 1) | (price - 1)) >= MAX_PRICE) _revertForPrice(previousPrice, price);
            if (decay > WAD) revert DecayOutOfRange(decay);
            int256 logReturnQ96 = Ln.ratio(price, previousPrice);
            uint256 squareQ96 = uint256(logReturnQ96 * logReturnQ96) >> 96;
            return (variance * decay + HALF_WAD) / WAD + ((squareQ96 * (HOURS_PER_YEAR * (WAD - decay))) >> 96);
        }
    }

    /// @notice Volatility per square root of a year, WAD, rounded down.
    /// @dev Requires variance < 2^192.
    function volatility(uint256 variance) internal pure returns (uint256) {
        unchecked {
            return Sqrt.sqrt(variance * WAD);
        }
    }

    function _revertForPrice(uint256 previousPrice, uint256 price) private pure {
        bool isPrevious = previousPrice == 0 || previousPrice > MAX_PRICE;
        revert PriceOutOfRange(isPrevious ? previousPrice : price);
    }
}
