// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

/// @title The dispatcher a Curie base token asks for its index
interface IPriceFeedDispatcher {
    function getChainlinkPriceFeedV3() external view returns (address);
}

/// @title Curie's cache in front of a Chainlink aggregator
interface IChainlinkPriceFeedV3 {
    /// @notice Why the newest round is refused; 0 = it is not. A refused round leaves the last good price in force.
    function getFreezedReason() external view returns (uint8);
    function isTimedOut() external view returns (bool);
    /// @notice Takes the newest round into the cache; reverts when there is none.
    function update() external;
}
