// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

/// @title Perp v2 "Curie" Exchange: what Ballast calls of it
interface IExchange {
    function getMarketRegistry() external view returns (address);
    function getOrderBook() external view returns (address);
    /// @notice WAD, **positive = the trader pays**.
    function getPendingFundingPayment(address trader, address baseToken) external view returns (int256);
    function getSqrtMarketTwapX96(address baseToken, uint32 twapInterval) external view returns (uint160);
    /// @notice 0 stops all trading of this market.
    function getMaxTickCrossedWithinBlock(address baseToken) external view returns (uint24);
}
