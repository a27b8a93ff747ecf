// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

/// @title A Chainlink-shaped push feed
/// @dev Only what Ballast calls. A round is complete when `updatedAt` is set and the answer is positive.
interface IAggregatorV3 {
    function decimals() external view returns (uint8);

    function latestRoundData()
        external
        view
        returns (uint80 roundId, int256 answer, uint256 startedAt, uint256 updatedAt, uint80 answeredInRound);

    function getRoundData(
        uint80 roundId
    ) external view returns (uint80 id, int256 answer, uint256 startedAt, uint256 updatedAt, uint80 answeredInRound);
}
