// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {GasPriceOracle} from "../../oracles/GasPriceOracle.sol";

/// @title GasPriceOracle without one of its guards
/// @notice See {SpotOracleMutant}.
contract GasPriceOracleMutant is GasPriceOracle {
    enum Guard {
        PastSample,
        Weight,
        Bounds
    }

    Guard private immutable _MISSING;

    constructor(uint256 minGasPrice_, uint256 maxGasPrice_, Guard missing) GasPriceOracle(minGasPrice_, maxGasPrice_) {
        _MISSING = missing;
    }

    function _weigh(uint256 average, uint256 sample, uint256 elapsed) internal view override returns (uint256) {
        // The block's own base fee counts for the time before it.
        if (_MISSING == Guard.PastSample) return super._weigh(average, _clip(block.basefee) << 16, elapsed);
        // After a long silence one sample is the whole average.
        if (_MISSING == Guard.Weight && elapsed > HALF_LIFE) {
            uint256 rest = super._weigh(average, sample, HALF_LIFE);
            return _weigh(rest, sample, elapsed - HALF_LIFE);
        }
        return super._weigh(average, sample, elapsed);
    }

    function _clip(uint256 baseFee) internal view override returns (uint256) {
        return _MISSING == Guard.Bounds ? baseFee : super._clip(baseFee);
    }
}
