// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

/// @title The spot price of the underlying, guarded
/// @notice Prices are quote WAD per underlying, whatever the feed's decimals.
interface ISpotOracle {
    /// @notice Why a price must not be used. `None` is the only value that money may move on.
    enum Fault {
        None,
        Unreadable,
        DecimalsChanged,
        Incomplete,
        NotPositive,
        Future,
        Stale
    }

    /// @notice The feed reverted or returned nothing that can be decoded.
    error FeedUnreadable(address feed);
    /// @notice The feed scales its answers otherwise than when it was adopted.
    error FeedDecimalsChanged(uint8 expected, uint8 actual);
    /// @notice The round has no answer yet.
    error RoundIncomplete(uint80 roundId);
    /// @notice A price is above zero and at most 2^128 WAD.
    error PriceNotPositive(int256 answer);
    /// @notice The round says that it was written after this block.
    error PriceFromTheFuture(uint256 updatedAt, uint256 blockTimestamp);
    /// @notice The round is older than the heartbeat and its tolerance allow.
    error PriceStale(uint256 updatedAt, uint256 oldestAccepted);
    /// @notice The round offered for settlement was written before the expiry.
    error RoundBeforeExpiry(uint80 roundId, uint256 updatedAt, uint256 expiry);
    /// @notice An earlier round was already written at or after the expiry: that one settles.
    error NotTheFirstRound(uint80 roundId, uint80 earlierRoundId, uint256 earlierUpdatedAt);
    /// @notice More rounds without an answer than are stepped over lie before the one offered.
    error GapTooWide(uint80 roundId, uint256 maximum);
    /// @notice The caller sent too little gas to read the feed.
    error InsufficientGas(uint256 available, uint256 required);
    /// @notice The expiry lies ahead.
    error NotExpired(uint256 expiry, uint256 blockTimestamp);

    /// @notice The latest price, or the typed error that says why there is none.
    /// @return price Quote WAD per underlying.
    /// @return updatedAt When the feed wrote it.
    function spot() external view returns (uint256 price, uint256 updatedAt);

    /// @notice As {spot}, but never reverts.
    /// @return price The last positive answer even when `fault` says not to trust it; zero when there is none.
    /// @return updatedAt When the feed wrote it.
    /// @return fault `None` when {spot} would return `price`.
    function read() external view returns (uint256 price, uint256 updatedAt, Fault fault);

    /// @notice The price that settles `expiry`: that of the first complete round written at or after it.
    /// @param expiry Unix seconds, not in the future.
    /// @param roundId The round offered as that one; the feed's own record proves or refutes it.
    function settlementPrice(uint256 expiry, uint80 roundId) external view returns (uint256 price);
}
