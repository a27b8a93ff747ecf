// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

import {IPyth} from "@pythnetwork/pyth-sdk-solidity/IPyth.sol";
import {IAggregatorV3} from "../interfaces/IAggregatorV3.sol";

/// @dev A round of a push feed, as the feed tells it.
struct Round {
    /// phaseId << 64 | number within the phase; plain numbers are phase 0.
    uint80 id;
    /// In the feed's decimals.
    int256 answer;
    /// Unix seconds; what it means is the feed's own.
    uint256 startedAt;
    /// When it was written, Unix seconds; 0 = there is no answer.
    uint256 updatedAt;
}

/// @dev A price of a pull feed, as it lies on chain.
struct PullPrice {
    int256 price;
    uint256 confidence;
    /// price · 10^exponent and confidence · 10^exponent are quote per underlying.
    int256 exponent;
    uint256 publishTime;
}

/// @title Reads feeds without ever reverting
/// @notice A feed that reverts, has no code, or answers in too few words is read as `ok = false`. (`try` cannot do that:
///         an answer that does not decode reverts in the caller.) Answers are decoded as whole words, so that no
///         value is out of a type's range.
library FeedReader {
    uint256 private constant WORD = 32;

    /// @notice The latest round of a push feed.
    function latestRound(IAggregatorV3 feed) internal view returns (bool ok, Round memory round) {
        return _round(feed, abi.encodeCall(feed.latestRoundData, ()));
    }

    /// @notice One round of a push feed, with the id that was asked for. One that the feed does not have reads as zeros.
    function roundAt(IAggregatorV3 feed, uint80 id) internal view returns (Round memory round) {
        (, round) = _round(feed, abi.encodeCall(feed.getRoundData, (id)));
        round.id = id;
    }

    /// @notice Decimals of a push feed's answers.
    function decimalsOf(IAggregatorV3 feed) internal view returns (bool ok, uint256 decimals) {
        bytes memory answer;
        (ok, answer) = _read(address(feed), abi.encodeCall(feed.decimals, ()), 1);
        if (ok) decimals = abi.decode(answer, (uint256));
    }

    /// @notice The newest price of a pull feed that somebody brought on chain.
    function latestPull(IPyth pyth, bytes32 id) internal view returns (bool ok, PullPrice memory pull) {
        bytes memory answer;
        (ok, answer) = _read(address(pyth), abi.encodeCall(pyth.getPriceUnsafe, (id)), 4);
        if (ok) {
            (pull.price, pull.confidence, pull.exponent, pull.publishTime) = abi.decode(
                answer,
                (int256, uint256, int256, uint256)
            );
        }
    }

    function _round(IAggregatorV3 feed, bytes memory call) private view returns (bool ok, Round memory round) {
        bytes memory answer;
        (ok, answer) = _read(address(feed), call, 5);
        if (!ok) return (ok, round);
        uint256 id;
        (id, round.answer, round.startedAt, round.updatedAt, ) = abi.decode(
            answer,
            (uint256, int256, uint256, uint256, uint256)
        );
        round.id = uint80(id);
    }

    function _read(address feed, bytes memory call, uint256 words) private view returns (bool ok, bytes memory answer) {
        (ok, answer) = feed.staticcall(call);
        // An address without code succeeds and says nothing.
        if (answer.length < words * WORD) ok = false;
    }
}
