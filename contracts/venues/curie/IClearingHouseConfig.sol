// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

/// @title Perp v2 "Curie" ClearingHouseConfig: what Ballast calls of it
interface IClearingHouseConfig {
    /// @notice Seconds over which funding averages market and index.
    function getTwapInterval() external view returns (uint32);
    /// @notice Margin to open a position, 1e6 = 100 %.
    function getImRatio() external view returns (uint24);
    /// @notice Margin to keep it.
    function getMmRatio() external view returns (uint24);
    /// @notice Cap of the funding premium per day, 1e6 = 100 %.
    function getMaxFundingRate() external view returns (uint24);
}
