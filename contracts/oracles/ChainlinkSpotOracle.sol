// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {AggregatorV3Interface} from "../interfaces/AggregatorV3Interface.sol";
import {ISpotOracle} from "../interfaces/ISpotOracle.sol";

/// @title Spot from a Chainlink-shaped push feed
/// @notice A price counts only when it is complete, positive, not from the future and not older than the feed's
///         heartbeat plus a tenth, and when the feed still scales as it did at adoption: a feed that moves from 8 to 18
///         decimals is refused, not misread.
contract ChainlinkSpotOracle is ISpotOracle {
    uint256 private constant WAD_DECIMALS = 18;

    AggregatorV3Interface public immutable feed;
    /// @notice Seconds: the longest age at which a price is used, heartbeat + 10 %.
    uint256 public immutable maxAge;
    uint8 public immutable feedDecimals;

    uint256 private immutable _scale;

    /// @notice The feed has more decimals than WAD can hold.
    error TooManyDecimals(uint8 decimals);
    error ZeroHeartbeat();

    /// @param feed_ The feed; its decimals are remembered.
    /// @param heartbeat Seconds between rounds that the feed promises at least.
    constructor(AggregatorV3Interface feed_, uint256 heartbeat) {
        if (heartbeat == 0) revert ZeroHeartbeat();
        uint8 decimals = feed_.decimals();
        if (decimals > WAD_DECIMALS) revert TooManyDecimals(decimals);
        feed = feed_;
        feedDecimals = decimals;
        maxAge = heartbeat + heartbeat / 10;
        _scale = 10 ** (WAD_DECIMALS - decimals);
    }

    /// @inheritdoc ISpotOracle
    function spot() external view returns (uint256 price, uint256 updatedAt) {
        Fault fault;
        int256 answer;
        uint80 roundId;
        (fault, roundId, answer, updatedAt) = _inspect();
        if (fault == Fault.Unreadable) revert FeedUnreadable(address(feed));
        if (fault == Fault.DecimalsChanged) revert FeedDecimalsChanged(feedDecimals, feed.decimals());
        if (fault == Fault.Incomplete) revert RoundIncomplete(roundId);
        if (fault == Fault.NotPositive) revert PriceNotPositive(answer);
        if (fault == Fault.Future) revert PriceFromTheFuture(updatedAt, block.timestamp);
        if (fault == Fault.Stale) revert PriceStale(updatedAt, block.timestamp - maxAge);
        price = uint256(answer) * _scale;
    }

    /// @inheritdoc ISpotOracle
    function read() external view returns (uint256 price, uint256 updatedAt, Fault fault) {
        int256 answer;
        (fault, , answer, updatedAt) = _inspect();
        if (fault != Fault.DecimalsChanged && answer > 0 && uint256(answer) <= type(uint128).max) {
            price = uint256(answer) * _scale;
        }
    }

    /// @inheritdoc ISpotOracle
    function settlementPrice(uint256 expiry, uint80 roundId) external view returns (uint256 price) {
        if (block.timestamp < expiry) revert NotExpired(expiry, block.timestamp);
        uint8 decimals = feed.decimals();
        if (decimals != feedDecimals) revert FeedDecimalsChanged(feedDecimals, decimals);

        (, int256 answer, , uint256 updatedAt, ) = feed.getRoundData(roundId);
        if (updatedAt == 0) revert RoundIncomplete(roundId);
        if (answer <= 0) revert PriceNotPositive(answer);
        if (updatedAt < expiry) revert RoundBeforeExpiry(roundId, updatedAt, expiry);
        if (updatedAt > block.timestamp) revert PriceFromTheFuture(updatedAt, block.timestamp);
        (uint80 earlier, uint256 earlierUpdatedAt) = _completeRoundBefore(roundId);
        if (earlierUpdatedAt >= expiry) revert NotTheFirstRound(roundId, earlier, earlierUpdatedAt);
        price = uint256(answer) * _scale;
    }

    /// @dev The nearest earlier round that has an answer. Without one (the first of its phase) nothing precedes it.
    function _completeRoundBefore(uint80 roundId) private view returns (uint80 id, uint256 updatedAt) {
        for (id = roundId; uint64(id) > 1;) {
            --id;
            // A feed may revert for a round that it does not have; such a round is no answer.
            try feed.getRoundData(id) returns (uint80, int256 answer, uint256, uint256 written, uint80) {
                if (written != 0 && answer > 0) return (id, written);
            } catch {
                return (id, 0);
            }
        }
    }

    function _inspect() private view returns (Fault fault, uint80 roundId, int256 answer, uint256 updatedAt) {
        try feed.latestRoundData() returns (uint80 id, int256 value, uint256, uint256 written, uint80) {
            (roundId, answer, updatedAt) = (id, value, written);
        } catch {
            return (Fault.Unreadable, 0, 0, 0);
        }
        try feed.decimals() returns (uint8 decimals) {
            if (decimals != feedDecimals) return (Fault.DecimalsChanged, roundId, answer, updatedAt);
        } catch {
            return (Fault.Unreadable, roundId, 0, 0);
        }
        if (updatedAt == 0) fault = Fault.Incomplete;
        else if (answer <= 0 || uint256(answer) > type(uint128).max) fault = Fault.NotPositive;
        else if (updatedAt > block.timestamp) fault = Fault.Future;
        else if (block.timestamp - updatedAt > maxAge) fault = Fault.Stale;
    }
}
