// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

/// @title Perp v2 "Curie" MarketRegistry: what Ballast calls of it
interface IMarketRegistry {
    /// @notice The market's Uniswap v3 pool.
    function getPool(address baseToken) external view returns (address);
    /// @notice What a trade costs, 1e6 = 100 %.
    function getFeeRatio(address baseToken) external view returns (uint24);
}
