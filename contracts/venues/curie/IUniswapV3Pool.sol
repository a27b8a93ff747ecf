// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

/// @title Uniswap v3 pool: what Ballast calls of it
interface IUniswapV3Pool {
    function slot0()
        external
        view
        returns (
            uint160 sqrtPriceX96,
            int24 tick,
            uint16 observationIndex,
            uint16 observationCardinality,
            uint16 observationCardinalityNext,
            uint8 feeProtocol,
            bool unlocked
        );
    /// @notice Liquidity in range now.
    function liquidity() external view returns (uint128);
}
