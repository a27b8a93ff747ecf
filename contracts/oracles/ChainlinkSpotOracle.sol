// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {IAggregatorV3} from "../interfaces/IAggregatorV3.sol";
import {ISpotOracle} from "../interfaces/ISpotOracle.sol";

/// @title Spot from a Chainlink-shaped push feed
/// @notice A price counts only when it is complete, positive, not from the future and not older than the feed's
///         heartbeat plus a tenth, and when the feed still scales as it did at adoption: a feed that moves from 8 to 18
///         decimals is refused, not misread.
contract ChainlinkSpotOracle is ISpotOracle {
    uint256 private constant WAD_DECIMALS = 18;
    /// @notice Rounds without an answer that are stepped over to find the one before a settling round.
    uint256 public constant MAX_GAP = 8;
    /// @dev A proxied Chainlink read takes about a tenth of this.
    uint256 private constant READ_GAS = 300_000;

    IAggregatorV3 public immutable feed;
    /// @notice Seconds: the longest age at which a price is used, heartbeat + 10 %.
    uint256 public immutable maxAge;
    uint8 public immutable feedDecimals;

    uint256 private immutable _scale;
    /// @dev The largest answer that is a price: what the option mathematics can take.
    uint256 private immutable _maxAnswer;

    /// @notice The feed has more decimals than WAD can hold.
    error TooManyDecimals(uint8 decimals);
    error ZeroHeartbeat();

    /// @param feed_ The feed; its decimals are remembered.
    /// @param heartbeat Seconds between rounds that the feed promises at least.
    constructor(IAggregatorV3 feed_, uint256 heartbeat) {
        if (heartbeat == 0) revert ZeroHeartbeat();
        uint8 decimals = feed_.decimals();
        if (decimals > WAD_DECIMALS) revert TooManyDecimals(decimals);
        feed = feed_;
        feedDecimals = decimals;
        maxAge = heartbeat + heartbeat / 10;
        _scale = 10 ** (WAD_DECIMALS - decimals);
        _maxAnswer = type(uint128).max / 10 ** (WAD_DECIMALS - decimals);
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
        if (fault != Fault.DecimalsChanged && answer > 0 && uint256(answer) <= _maxAnswer) {
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
        if (answer <= 0 || uint256(answer) > _maxAnswer) revert PriceNotPositive(answer);
        if (updatedAt < expiry) revert RoundBeforeExpiry(roundId, updatedAt, expiry);
        if (updatedAt > block.timestamp) revert PriceFromTheFuture(updatedAt, block.timestamp);
        (uint80 earlier, uint256 earlierUpdatedAt) = _completeRoundBefore(roundId);
        if (earlierUpdatedAt >= expiry) revert NotTheFirstRound(roundId, earlier, earlierUpdatedAt);
        price = uint256(answer) * _scale;
    }

    /// @dev The nearest earlier round of the phase that has an answer; zeros when there is none. A round that the feed
    ///      does not have reverts there: it is stepped over like one without an answer, because a complete one may lie
    ///      behind it. Each read is granted its full gas, so that nobody can make a round look missing by sending little.
    function _completeRoundBefore(uint80 roundId) private view returns (uint80, uint256) {
        for (uint256 steps; steps <= MAX_GAP && uint64(roundId) > 1; ++steps) {
            --roundId;
            uint256 available = gasleft();
            if (available - available / 64 < READ_GAS) revert InsufficientGas(available, READ_GAS);
            try feed.getRoundData{gas: READ_GAS}(roundId) returns (
                uint80,
                int256 answer,
                uint256,
                uint256 written,
                uint80
            ) {
                if (written != 0 && answer > 0) return (roundId, written);
            } catch {
                continue;
            }
        }
        if (uint64(roundId) > 1) revert GapTooWide(roundId, MAX_GAP);
        return (0, 0);
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
        else if (answer <= 0 || uint256(answer) > _maxAnswer) fault = Fault.NotPositive;
        else if (updatedAt > block.timestamp) fault = Fault.Future;
        else if (block.timestamp - updatedAt > maxAge) fault = Fault.Stale;
    }
}
