// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {ImpliedVolatility} from "../../libraries/ImpliedVolatility.sol";

contract ImpliedVolatilityBench {
    function run(
        uint256 spot,
        uint256 strike,
        uint256 price,
        uint256 secondsToExpiry,
        int256 carry,
        int256 discountRate,
        bool isCall
    ) external pure returns (uint256) {
        return ImpliedVolatility.solve(spot, strike, price, secondsToExpiry, carry, discountRate, isCall);
    }
}

/// @notice What the ABI costs.
contract ImpliedVolatilityBenchEmpty {
    // solhint-disable no-empty-blocks
    function run(
        uint256 spot,
        uint256 strike,
        uint256 price,
        uint256 secondsToExpiry,
        int256 carry,
        int256 discountRate,
        bool isCall
    ) external pure returns (uint256) {}
}
