// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

/// @title The spot price of the underlying, with its doubt
/// @notice Two sources: a push feed (Chainlink-shaped), the reference, and a pull feed (Pyth-shaped) whose prices anyone
///         brings on chain. Prices are quote WAD per underlying, whatever the feeds' decimals. The doubt ε is a part of
///         the price, WAD (1e16 = 1 %):
///
///             ε = confidence + min(d, 4σ√age) + 4σ√L                                           (RULES.md P1)
///
///         with the age and L in years. Push: confidence 0, d = its deviation threshold, L = 30 s. Pull: its confidence
///         interval, d = ∞, L = 2 s. σ is annual volatility, given by the caller: the larger of the surface at the money
///         and realised volatility. ε rounds up.
///
///         The pull price counts when it is newer than the push round, not from the future, at most 10 s old, and its
///         confidence is within the sources' limit. When it then lies further than that limit from the reference, no
///         price is trusted at all (`SourcesApart`).
interface ISpotOracle {
    /// @notice Why a price must not be used. `None` is the only value that money may move on.
    enum Fault {
        None,
        Unreadable,
        DecimalsChanged,
        Incomplete,
        NotPositive,
        Future,
        Stale,
        OutsideBand,
        SequencerDown,
        SequencerGrace,
        SourcesApart,
        QuoteOffPeg
    }

    enum Source {
        Push,
        Pull
    }

    struct Spot {
        /// Quote WAD per underlying; 0 when there is none that could be read rightly.
        uint256 price;
        /// ε, a part of the price, WAD.
        uint256 doubt;
        /// When the source wrote it, Unix seconds.
        uint256 updatedAt;
        Source source;
        Fault fault;
    }

    /// @notice The feed reverted, has no code, or its answer cannot be decoded.
    error FeedUnreadable(address feed);
    /// @notice The feed scales its answers otherwise than when it was adopted.
    error FeedDecimalsChanged(address feed, uint256 expected, uint256 actual);
    /// @notice The round has no number or no answer yet.
    error RoundIncomplete(address feed, uint80 roundId);
    /// @notice A price is above zero.
    error PriceNotPositive(address feed, int256 answer);
    /// @notice The round says that it was written after this block.
    error PriceFromTheFuture(address feed, uint256 updatedAt, uint256 blockTimestamp);
    /// @notice The round is older than the heartbeat and a tenth.
    error PriceStale(address feed, uint256 updatedAt, uint256 oldestAccepted);
    /// @notice The price lies outside the band in which the feed is believed.
    error PriceOutsideBand(uint256 price, uint256 minPrice, uint256 maxPrice);
    /// @notice The chain's sequencer is down since `since`.
    error SequencerDown(uint256 since);
    /// @notice The sequencer is up again, but prices that wait in its queue may not have arrived yet.
    error SequencerInGrace(uint256 upSince, uint256 trustedFrom);
    /// @notice Push and pull price differ by more than `limit`, a part of the push price, WAD.
    error SourcesApart(uint256 pushPrice, uint256 pullPrice, uint256 limit);
    /// @notice The quote token's own price is further than `tolerance` from 1.
    error QuoteTokenOffPeg(uint256 price, uint256 tolerance);

    /// @notice The price that money may move on, or the typed error that says why there is none.
    /// @param sigma Annual volatility, WAD. Below 20 % it counts as 20 %, above 1,000 % as 1,000 %.
    function spot(uint256 sigma) external view returns (Spot memory);

    /// @notice As {spot}, but never reverts: `fault` says why the price must not be trusted, and the price is then the
    ///         last one of the push feed, or 0 when none can be read rightly.
    function read(uint256 sigma) external view returns (Spot memory);
}
