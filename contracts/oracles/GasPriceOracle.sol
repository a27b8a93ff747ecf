// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {Math} from "@openzeppelin/contracts/utils/math/Math.sol";
import {IGasPriceOracle} from "../interfaces/IGasPriceOracle.sol";
import {Exp} from "../libraries/math/Exp.sol";

/// @title GasPriceOracle: a gas price that views and transactions agree on
/// @notice average += (1 − 2^(−elapsed / 1 h)) · (last sample − average), then this block's base fee becomes the sample.
///         A sample counts only for time that passes after it: whoever calls in a block of his choice changes nothing in
///         that block, and a simulation, where the base fee reads 0, gives the same average as the transaction.
///         However long nobody called, one sample weighs at most half: a lone one cannot become the average.
contract GasPriceOracle is IGasPriceOracle {
    uint256 public constant HALF_LIFE = 1 hours;
    /// @notice Hard bounds of any deployment, wei per gas.
    uint256 public constant LOWEST = 1e6; // .001 gwei
    uint256 public constant HIGHEST = 1_000e9; // 1,000 gwei

    uint256 private constant LN2_Q96 = 0xb17217f7d1cf79abc9e3b398; // .693147...
    /// @dev The average is kept in 2^-16 wei, so that many small steps lose nothing that matters.
    uint256 private constant FRACTION_BITS = 16;

    /// @notice Samples are clipped to these, wei per gas.
    uint256 public immutable minGasPrice;
    uint256 public immutable maxGasPrice;

    // One slot.
    uint96 private _average;
    uint96 private _sample;
    uint64 private _updatedAt;

    /// @notice LOWEST ≤ min < max ≤ HIGHEST.
    error BoundsOutOfOrder(uint256 minGasPrice, uint256 maxGasPrice);

    /// @dev Starts at this block's base fee.
    constructor(uint256 minGasPrice_, uint256 maxGasPrice_) {
        if (minGasPrice_ < LOWEST || minGasPrice_ >= maxGasPrice_ || maxGasPrice_ > HIGHEST) {
            revert BoundsOutOfOrder(minGasPrice_, maxGasPrice_);
        }
        minGasPrice = minGasPrice_;
        maxGasPrice = maxGasPrice_;
        uint256 sample = Math.min(Math.max(block.basefee, minGasPrice_), maxGasPrice_) << FRACTION_BITS;
        (_average, _sample, _updatedAt) = (uint96(sample), uint96(sample), uint64(block.timestamp));
    }

    /// @inheritdoc IGasPriceOracle
    function update() external returns (uint256) {
        (uint256 average, uint256 sample, uint256 updatedAt) = (_average, _sample, _updatedAt);
        if (block.timestamp == updatedAt) return average >> FRACTION_BITS;

        average = _weigh(average, sample, block.timestamp - updatedAt);
        sample = _clip(block.basefee) << FRACTION_BITS;
        (_average, _sample, _updatedAt) = (uint96(average), uint96(sample), uint64(block.timestamp));
        return average >> FRACTION_BITS;
    }

    /// @inheritdoc IGasPriceOracle
    function gasPrice() external view returns (uint256) {
        return _average >> FRACTION_BITS;
    }

    function _weigh(uint256 average, uint256 sample, uint256 elapsed) internal view virtual returns (uint256) {
        uint256 exponentQ96 = (LN2_Q96 * Math.min(elapsed, HALF_LIFE)) / HALF_LIFE;
        uint256 keptQ96 = Exp.exp(-int256(exponentQ96));
        return (average * keptQ96 + sample * ((1 << 96) - keptQ96)) >> 96;
    }

    function _clip(uint256 baseFee) internal view virtual returns (uint256) {
        return Math.min(Math.max(baseFee, minGasPrice), maxGasPrice);
    }
}
