// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

/// @title Perp v2 "Curie" AccountBalance: what Ballast calls of it
/// @notice Everything is WAD.
interface IAccountBalance {
    /// @param lastTwPremiumGrowthGlobalX96 The market's funding growth when the account was last settled: quote per base
    ///        times seconds, Q96, to be charged per day. Positive = longs paid.
    struct AccountMarketInfo {
        int256 takerPositionSize;
        int256 takerOpenNotional;
        int256 lastTwPremiumGrowthGlobalX96;
    }

    /// @notice Zeros for an account without a position or an order in the market.
    function getAccountInfo(address trader, address baseToken) external view returns (AccountMarketInfo memory);
    /// @notice Positive = long. A position of less than 10 wei reads 0.
    function getTakerPositionSize(address trader, address baseToken) external view returns (int256);
    /// @notice Signed against the position: negative for a long (quote owed), positive for a short (quote held).
    function getTakerOpenNotional(address trader, address baseToken) external view returns (int256);
    function getPnlAndPendingFee(
        address trader
    ) external view returns (int256 owedRealizedPnl, int256 unrealizedPnl, uint256 pendingFee);
    /// @notice Median of the 15 s market TWAP, the 30 min market TWAP, and index + 15 min premium.
    function getMarkPrice(address baseToken) external view returns (uint256);
}
