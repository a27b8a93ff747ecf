// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

/// @title The volatility that a push feed has shown, on an hourly grid (RULES.md F2)
/// @notice The price of an hour is that of the last complete round at or before it, over all phases from the last
///         point's to the current one; of two rounds of the same second the one with the larger id. Hours come in order
///         and none is skipped, so whoever brings them has nothing to choose. An hour without a new round repeats the
///         price, so a gap of the feed needs no rule of its own: it is one return, booked to the hour in which the feed
///         spoke again.
///
///             variance = Σ 2^(−age / 10 days) · ln(price / price an hour before)² · 8760  ÷  Σ 2^(−age / 10 days)
///
///         The weights are divided out, so there is no starting value either. Nobody has a role here.
/// @dev Assumed of the feed: within a phase `updatedAt` never falls, and no round is written with a time before its
///      block's. A round is complete when `updatedAt` and `answer` are above zero. A phase that is not the current one
///      ends before the first eight incomplete rounds in a row; the current one ends at its latest round.
interface IRealisedVolatilityOracle {
    /// @notice Where the grid stands.
    /// @param hour Unix seconds of the last point.
    /// @param roundId The round that gave its price.
    /// @param price That price, in the feed's own decimals.
    /// @param samples Returns weighed so far.
    struct Grid {
        uint256 hour;
        uint80 roundId;
        uint256 price;
        uint256 samples;
    }

    /// @notice The grid went on by `hours_` points and stands at `hour`; `volatility` is 0 while too few were brought.
    event PointsBrought(uint256 indexed hour, uint256 hours_, uint80 roundId, uint256 volatility, address indexed by);

    /// @notice The latest round could not be read.
    error FeedUnreadable(address feed);
    /// @notice The feed scales its answers otherwise than when this oracle began.
    error FeedDecimalsChanged(uint8 expected, uint8 actual);
    /// @notice The grid begins at a whole hour.
    error NotAWholeHour(uint256 timestamp);
    /// @notice The hour is not over: a round of it may still be written in this block.
    error HourNotOver(uint256 hour, uint256 blockTimestamp);
    /// @notice Nothing was brought.
    error NoRounds();
    /// @notice An id for this phase, from the last point's to the feed's current one, is missing.
    error MissingPhase(uint256 hour, uint256 phase);
    /// @notice The id is not of the phase whose turn it is.
    error WrongPhase(uint80 roundId, uint256 phase);
    /// @notice The round has no answer.
    error RoundIncomplete(uint80 roundId);
    /// @notice The round was written after the hour.
    error RoundAfterHour(uint80 roundId, uint256 updatedAt, uint256 hour);
    /// @notice A later complete round of the phase was written at or before the hour, too.
    error NotTheLastRound(uint80 roundId, uint80 laterRoundId, uint256 updatedAt);
    /// @notice Too few returns to speak of a volatility.
    error NotReady(uint256 samples, uint256 needed);

    /// @notice Brings the rounds of the next hours. For each hour, one id for every phase from the last point's to the
    ///         feed's current one, in order: normally a single id. An id whose number within the phase is 0 states that
    ///         the phase has no complete round at or before the hour.
    /// @return hours_ Points that the grid went on by.
    function bring(uint80[] calldata roundIds) external returns (uint256 hours_);

    /// @notice The realised volatility, half-life 10 days, or {NotReady}.
    /// @return volatility WAD per square root of a year.
    /// @return asOf Unix seconds of the last point. It may lie far back: the reader decides what is too old.
    function realisedVolatility() external view returns (uint256 volatility, uint256 asOf);

    /// @notice See {Grid}.
    function grid() external view returns (Grid memory);

    /// @notice The feed that is sampled.
    function feed() external view returns (address);
}
