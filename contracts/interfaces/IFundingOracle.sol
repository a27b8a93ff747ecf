// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

import {IPerpVenue} from "./IPerpVenue.sol";

/// @title Where the hedge may be: the venues whose funding counts
interface IVenueList {
    /// @notice Every venue in use; more than 8 are not sampled.
    function venues() external view returns (IPerpVenue[] memory);
}

/// @title The carry that the hedge is expected to pay (RULES.md F1)
/// @notice A sample is what the venues charged for a unit since the last one, over the time between and over spot, per
///         year; never a rate of the moment, which a trade moves. Anyone brings one, 15 minutes after the last or later.
///         What a venue charges adds up, so it does not matter much when: nobody chooses what is measured.
///
///             b(T) = w(T) · EWMA(half-life 1 day) + (1 − w(T)) · EWMA(half-life 60 days)
///
///         Both begin at 11 %. w is .66 up to 7 days, .55 at 14, .43 from 28 on, linear between. b is held within −50 %
///         and +100 %. Positive = longs pay shorts: the forward lies above spot. Rates are WAD per year.
/// @dev Trusted: the list of venues. Nobody has a role here.
interface IFundingOracle {
    /// @notice Whether b(T) would leave its range. At the upper end calls are too cheap to sell, at the lower puts.
    enum Clamp {
        None,
        Lower,
        Upper
    }

    /// @notice What the oracle remembers.
    /// @param sampledAt Unix seconds of the last sample; 0 = there was none.
    /// @param fast EWMA with a half-life of one day.
    /// @param slow EWMA with a half-life of sixty days.
    struct Averages {
        uint256 sampledAt;
        int256 fast;
        int256 slow;
    }

    /// @notice A sample of `rate` was weighed as `weightSeconds`; with 0 seconds it only marked a beginning.
    event FundingSampled(int256 rate, uint256 weightSeconds, int256 fast, int256 slow, address indexed by);
    /// @notice A venue could not be read and did not count.
    event VenueSkipped(address indexed venue);

    /// @notice The last sample is younger than 15 minutes.
    error SampleTooSoon(uint256 earliest, uint256 blockTimestamp);
    /// @notice No venue could be read.
    error NoVenueReadable();
    /// @notice Too little gas is left to read a venue: it must not look broken for that.
    error GasTooLow(uint256 gasLeft, uint256 needed);
    /// @notice There are more venues than are sampled.
    error TooManyVenues(uint256 venues, uint256 maximum);

    /// @notice Takes a sample. Reverts with the spot oracle's error when spot is not to be trusted.
    /// @return rate The sample, clipped to ±200 % and weighted by the venues' open hedges (equally without any).
    /// @return weightSeconds How long it counts: since the last sample, at most 4 hours.
    function sample() external returns (int256 rate, uint256 weightSeconds);

    /// @notice b(T), clamped.
    function carry(uint256 secondsToExpiry) external view returns (int256 b, Clamp clamp);

    /// @notice The weight of the fast average, WAD.
    function fastWeight(uint256 secondsToExpiry) external pure returns (uint256);

    /// @notice See {Averages}.
    function averages() external view returns (Averages memory);
}
