// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {NormalDistribution} from "../../libraries/math/NormalDistribution.sol";

contract NormalCdfBench {
    function run(int256 x) external pure returns (uint256) {
        return NormalDistribution.cdf(x);
    }
}

/// @notice What the ABI costs.
contract NormalCdfBenchEmpty {
    // solhint-disable no-empty-blocks
    function run(int256 x) external pure returns (uint256) {}
}
