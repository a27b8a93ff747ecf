// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

/// @title Perp v2 "Curie" OrderBook: what Ballast calls of it
interface IOrderBook {
    /// @notice The account's ranges of liquidity in the market.
    function getOpenOrderIds(address trader, address baseToken) external view returns (bytes32[] memory);
}
