// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

/// @title Perp v2 "Curie" BaseToken, one per market: what Ballast calls of it
interface IBaseToken {
    function isOpen() external view returns (bool);
    /// @notice WAD; `interval` 0 is the last price, otherwise a TWAP over so many seconds.
    function getIndexPrice(uint256 interval) external view returns (uint256);
    function getPriceFeed() external view returns (address);
}
