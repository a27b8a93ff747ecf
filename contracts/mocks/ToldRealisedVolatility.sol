// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

/// @notice A realised volatility that a test sets; as old as it is told.
contract ToldRealisedVolatility {
    uint256 public volatility;
    uint256 public age;
    /// @dev What it claims to be of.
    address public feed;

    constructor(uint256 volatility_) {
        volatility = volatility_;
    }

    function set(uint256 volatility_, uint256 age_) external {
        volatility = volatility_;
        age = age_;
    }

    function setFeed(address feed_) external {
        feed = feed_;
    }

    function realisedVolatility() external view returns (uint256, uint256) {
        return (volatility, block.timestamp - age);
    }
}
