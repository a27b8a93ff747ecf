// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {OptionMath} from "../../libraries/OptionMath.sol";

/// @notice The five figures of one option, whatever computes them.
interface IOptionBench {
    function run(
        uint256 spot,
        uint256 strike,
        uint256 volatility,
        uint256 secondsToExpiry,
        int256 carry,
        int256 discountRate,
        bool isCall
    ) external pure returns (OptionMath.Greeks memory);
}

contract OptionBench is IOptionBench {
    function run(
        uint256 spot,
        uint256 strike,
        uint256 volatility,
        uint256 secondsToExpiry,
        int256 carry,
        int256 discountRate,
        bool isCall
    ) external pure returns (OptionMath.Greeks memory) {
        return OptionMath.greeks(spot, strike, volatility, secondsToExpiry, carry, discountRate, isCall);
    }
}

/// @notice What the ABI costs.
contract OptionBenchEmpty is IOptionBench {
    // solhint-disable no-empty-blocks
    function run(
        uint256 spot,
        uint256 strike,
        uint256 volatility,
        uint256 secondsToExpiry,
        int256 carry,
        int256 discountRate,
        bool isCall
    ) external pure returns (OptionMath.Greeks memory) {}
}
