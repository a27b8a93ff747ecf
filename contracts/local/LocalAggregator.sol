// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

/// @title A price feed with the face of a Chainlink proxy
/// @notice Keeps every round. Round ids are those of a proxy, `phaseId << 64 | aggregatorRoundId`, so that what walks
///         rounds across a change of aggregator can be tried. Anyone may post, and may make it misbehave.
contract LocalAggregator {
    struct Round {
        int256 answer;
        uint256 startedAt;
        uint256 updatedAt;
        uint80 answeredInRound;
    }

    uint8 public decimals;
    /// @notice The aggregator behind the proxy, counted from 1.
    uint16 public phaseId = 1;
    /// @notice The newest round, as a proxy round id.
    uint80 public latestRound;
    /// @notice What an unknown round does: revert like Chainlink's older aggregators, or read as zeros like the newer.
    bool public unknownRoundReverts = true;
    /// @notice While true every read reverts.
    bool public offline;

    /// @notice Rounds that read like unknown ones.
    mapping(uint80 roundId => bool) public missing;

    mapping(uint80 roundId => Round) private _rounds;

    event AnswerUpdated(int256 indexed current, uint256 indexed roundId, uint256 updatedAt);

    error Offline();

    /// @param decimals_ Decimals of the answers, 8 for a pair against USD.
    /// @param answer The first round's answer.
    constructor(uint8 decimals_, int256 answer) {
        decimals = decimals_;
        _push(answer, block.timestamp, block.timestamp, 0);
    }

    /// @notice A proper round, started and answered now.
    function setAnswer(int256 answer) external {
        _push(answer, block.timestamp, block.timestamp, 0);
    }

    /// @notice A round with whatever is in it.
    /// @param answeredInRound The proxy id of the round that answered; 0 means this very round.
    function pushRound(int256 answer, uint256 startedAt, uint256 updatedAt, uint80 answeredInRound) external {
        _push(answer, startedAt, updatedAt, answeredInRound);
    }

    /// @notice Changes what `decimals()` says, and no answer.
    function setDecimals(uint8 decimals_) external {
        decimals = decimals_;
    }

    /// @notice Puts a new aggregator behind the proxy. It has no round until the next one is posted; until then the
    ///         latest round is the old aggregator's.
    function startPhase() external {
        ++phaseId;
    }

    function setUnknownRoundReverts(bool reverts) external {
        unknownRoundReverts = reverts;
    }

    /// @notice Makes one posted round read like one that never was, as a round that timed out does on older aggregators.
    function setMissing(uint80 roundId, bool isMissing) external {
        missing[roundId] = isMissing;
    }

    function setOffline(bool offline_) external {
        offline = offline_;
    }

    function version() external pure returns (uint256) {
        return 4;
    }

    function description() external pure returns (string memory) {
        return "ETH / USD";
    }

    function latestRoundData()
        external
        view
        returns (uint80 roundId, int256 answer, uint256 startedAt, uint256 updatedAt, uint80 answeredInRound)
    {
        return _read(latestRound);
    }

    function getRoundData(
        uint80 id
    )
        external
        view
        returns (uint80 roundId, int256 answer, uint256 startedAt, uint256 updatedAt, uint80 answeredInRound)
    {
        return _read(id);
    }

    function _push(int256 answer, uint256 startedAt, uint256 updatedAt, uint80 answeredInRound) private {
        uint80 last = latestRound;
        // The first round of a phase is number 1.
        uint80 roundId = last >> 64 == phaseId ? last + 1 : (uint80(phaseId) << 64) | 1;
        latestRound = roundId;
        _rounds[roundId] = Round(answer, startedAt, updatedAt, answeredInRound == 0 ? roundId : answeredInRound);
        emit AnswerUpdated(answer, roundId, updatedAt);
    }

    function _read(uint80 id) private view returns (uint80, int256, uint256, uint256, uint80) {
        if (offline) revert Offline();
        Round storage round = _rounds[id];
        // A posted round always answers in some round, so a zero there means that it never was. Chainlink's string.
        // solhint-disable-next-line gas-custom-errors
        require((round.answeredInRound != 0 && !missing[id]) || !unknownRoundReverts, "No data present");
        return (id, round.answer, round.startedAt, round.updatedAt, round.answeredInRound);
    }
}
