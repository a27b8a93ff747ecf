// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {OptionMath} from "../../libraries/OptionMath.sol";
import {StrikeSlot} from "../../libraries/StrikeSlot.sol";

contract BookBench {
    // solhint-disable gas-calldata-parameters
    function run(
        uint256 spot,
        uint256 volatility,
        uint256 secondsToExpiry,
        int256 carry,
        int256 discountRate,
        StrikeSlot[] memory strikes
    ) external pure returns (OptionMath.Position memory) {
        return OptionMath.book(OptionMath.expiry(secondsToExpiry, carry, discountRate), spot, strikes, volatility);
    }
}

/// @notice What the ABI costs.
contract BookBenchEmpty {
    // solhint-disable no-empty-blocks, gas-calldata-parameters
    function run(
        uint256 spot,
        uint256 volatility,
        uint256 secondsToExpiry,
        int256 carry,
        int256 discountRate,
        StrikeSlot[] memory strikes
    ) external pure returns (OptionMath.Position memory) {}
}
