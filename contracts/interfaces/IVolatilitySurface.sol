// SPDX-License-Identifier: MIT
pragma solidity ^0.8.31;

import {SviSlice} from "../libraries/Svi.sol";

/// @title The implied volatilities that options are priced at (RULES.md F3, F4)
/// @notice One raw SVI slice of annualised variance per expiry, v(k) with k = ln(strike / forward): between posts a
///         strike's volatility follows its moneyness (sticky moneyness), and while the expiry comes nearer the variance
///         per year stays.
///
///         A POST names slices for one or more expiries, ascending, and is judged as a whole, on the surface as it would
///         be after. It is *refused*, with an error of its own each, when a slice is no volatility at all, admits
///         arbitrage (on its own, or against its neighbours in time), or lies outside the level that the hard bounds and
///         realised volatility allow. Nothing happens then.
///
///         A post that is *too fast* is something else. A slice may go as far as its own doubt s(t) in one post (17
///         strikes, to five deviations), the next 10 minutes later; at the money by 20 % within an hour and 60 % within a
///         day (as ratios: 1.2 and 1.6 either way). The curator who shows a surface beyond that says that the one in
///         force is wrong by more than what traders pay for its doubt. A revert could not remember that, so the call
///         succeeds: every slice of it goes the same share of its way, the largest that was found to keep all limits and
///         all checks, 0 if need be, and is marked *clamped*. Readers take the mark for a reason to close deposits,
///         instant exits and sales, until a post of that expiry is accepted whole. `postedAt` stays, so that the doubt
///         goes on growing: it covers what is missing, and lets the next post go further.
///
///         The doubt is s(t) = the slice's spread + 1.1 points · √(hours since it was accepted whole).
/// @dev A slice that passes stays free of arbitrage as its expiry comes nearer: at each k Durrleman's function is concave
///      in T and (1 − k·v'/2v)² at T = 0, and T₁/T₂ of two neighbours only falls. So it is enough to look at posts.
///
///      Trusted: the curator within these limits. He cannot remove a live slice, and a compromised one moves a slice
///      about six times its doubt an hour at most. The market names the expiries there are.
interface IVolatilitySurface {
    /// @notice One slice as posted, in the units of the slot (Svi.sol): a and b 1e-9, rho 1e-6, m and sigma 1e-8.
    /// @param spread Volatility, 1e-4: 150 is 1.5 points.
    struct Post {
        uint256 expiry;
        int40 a;
        uint48 b;
        int24 rho;
        int32 m;
        uint32 sigma;
        uint16 spread;
    }

    /// @notice Why deposits, instant exits and sales are closed by the surface.
    /// @param Clamped The last post of some live expiry was not accepted whole.
    /// @param Stale Some live expiry has had no post accepted whole for longer than the heartbeat.
    enum Closure {
        None,
        Clamped,
        Stale
    }

    /// @notice Of one expiry.
    /// @param Unknown The market has not named it, or has settled it.
    /// @param Unposted Named, without a slice: nothing can be priced.
    enum State {
        Unknown,
        Unposted,
        Fresh,
        Clamped,
        Stale,
        Expired
    }

    /// @notice Everything about one expiry.
    /// @param postedAt Unix seconds at which a post was last accepted whole; 0 = never.
    /// @param nextPostAt Unix seconds from which the slice may move again.
    /// @param spread s(t) now, WAD.
    /// @param lowestAtTheMoney The least volatility at the money that the hour and the day allow now, WAD.
    /// @param highestAtTheMoney The greatest.
    struct Status {
        State state;
        SviSlice slice;
        uint256 postedAt;
        uint256 nextPostAt;
        uint256 atTheMoneyVolatility;
        uint256 spread;
        uint256 lowestAtTheMoney;
        uint256 highestAtTheMoney;
    }

    /// @notice The state of the whole, in one slot.
    /// @param oldestPostedAt The earliest `postedAt` of the live slices; 0 = there is none.
    /// @param clamped How many live slices are marked.
    /// @param posts Counts calls of {post} and changes of the expiries: equal = nothing changed since.
    /// @param highestAtTheMoney The greatest volatility at the money of the live slices, WAD.
    struct Summary {
        uint32 oldestPostedAt;
        uint32 clamped;
        uint64 posts;
        uint128 highestAtTheMoney;
    }

    /// @notice A slice was posted: `slice` is in force now, `share` / 256 of the way to what was asked for.
    event SlicePosted(uint256 indexed expiry, SviSlice slice, uint256 share);
    /// @notice The market named an expiry.
    event ExpiryAdded(uint256 indexed expiry);
    /// @notice The market settled an expiry.
    event ExpiryRemoved(uint256 indexed expiry);

    /// @notice Only the market names and removes expiries.
    error NotTheMarket(address caller);
    /// @notice The expiry is named already.
    error ExpiryAlreadyLive(uint256 expiry);
    /// @notice The market has not named the expiry, or has settled it.
    error ExpiryNotLive(uint256 expiry);
    /// @notice More expiries than are watched at once.
    error TooManyExpiries(uint256 expiries, uint256 maximum);
    /// @notice The expiry is over, or does not fit 32 bits.
    error ExpiryOutOfRange(uint256 expiry, uint256 blockTimestamp);
    /// @notice The expiry is still ahead and must keep its slice.
    error ExpiryStillAhead(uint256 expiry, uint256 blockTimestamp);
    /// @notice The expiry has no slice yet.
    error NotPosted(uint256 expiry);
    /// @notice A strike or a forward is 0 or above 2^128.
    error PriceOutOfRange(uint256 price);
    /// @notice Seconds outside of [1 hour, 24 hours].
    error HeartbeatOutOfRange(uint256 heartbeat);

    /// @notice Nothing was posted.
    error EmptyPost();
    /// @notice Expiries are posted in ascending order, each once.
    error ExpiriesNotAscending(uint256 expiry, uint256 previous);
    /// @notice The spread, 1e-4, is outside of its bounds.
    error SpreadOutOfRange(uint256 expiry, uint256 spread, uint256 minimum, uint256 maximum);
    /// @notice |rho| must be below 1 (1e-6).
    error CorrelationOutOfRange(uint256 expiry, int256 rho);
    /// @notice sigma must be above 0.
    error NoCurvature(uint256 expiry);
    /// @notice The least variance of the slice must be above 0.
    error VarianceNotPositive(uint256 expiry);
    /// @notice T · b · (1 + |rho|) must be at most 2 (Lee).
    error WingTooSteep(uint256 expiry);
    /// @notice The density is negative at this log-moneyness (Durrleman).
    error ButterflyArbitrage(uint256 expiry, int256 kQ96);
    /// @notice Total variance falls between two expiries at this log-moneyness.
    error CalendarArbitrage(uint256 near, uint256 far, int256 kQ96);
    /// @notice The later expiry has the flatter wing: the two cross further out.
    error CalendarWingArbitrage(uint256 near, uint256 far);
    /// @notice Volatility at the money outside of the hard bounds, WAD.
    error AtTheMoneyOutOfRange(uint256 expiry, uint256 volatility, uint256 minimum, uint256 maximum);
    /// @notice Volatility at the money outside of [.6, 2.5] times realised volatility, WAD.
    error AtTheMoneyOutsideFence(uint256 expiry, uint256 volatility, uint256 lowest, uint256 highest);
    /// @notice Realised volatility was last brought too long ago: bring the hours since (anyone may).
    error RealisedVolatilityStale(uint256 asOf, uint256 oldestAccepted);
    /// @notice The slice moved less than 10 minutes ago, and is within its doubt of what was posted: there is no hurry.
    error PostTooSoon(uint256 expiry, uint256 earliest, uint256 blockTimestamp);

    /// @notice Posts slices. Curator only.
    /// @return share 256 = accepted whole; less = clamped to that many 256ths of the way, and marked. First posts of an
    ///         expiry wait then.
    function post(Post[] calldata posts) external returns (uint256 share);

    /// @notice Names an expiry. Market only; a slice is posted after.
    function addExpiry(uint256 expiry) external;

    /// @notice Forgets an expiry that was settled. Market only.
    function removeExpiry(uint256 expiry) external;

    /// @notice Implied volatility, WAD. Prices in any common scale. {NotPosted}, {PriceOutOfRange}.
    function volatility(uint256 expiry, uint256 strike, uint256 forward) external view returns (uint256);

    /// @notice {volatility} of many strikes.
    function volatilities(
        uint256 expiry,
        uint256 forward,
        uint256[] calldata strikes
    ) external view returns (uint256[] memory);

    /// @notice w = T · v, WAD, down to 0 at expiry.
    function totalVariance(uint256 expiry, uint256 strike, uint256 forward) external view returns (uint256);

    /// @notice √w = volatility · √T, WAD.
    function totalDeviation(uint256 expiry, uint256 strike, uint256 forward) external view returns (uint256);

    /// @notice Volatility at strike = forward, WAD, to 1e-6. {NotPosted}.
    function atTheMoneyVolatility(uint256 expiry) external view returns (uint256);

    /// @notice s(t), WAD of volatility. {NotPosted}.
    function spread(uint256 expiry) external view returns (uint256);

    /// @notice The slot itself, for readers that price a whole expiry: `slice.volatility(kQ96)`. 0 = none.
    function sliceOf(uint256 expiry) external view returns (SviSlice);

    /// @notice {sliceOf} and {spread} in one, for the whole book: 0 and 0 where there is none.
    function sliceAndSpread(uint256 expiry) external view returns (SviSlice slice, uint256 spread);

    /// @notice See {Status}. Never reverts.
    function statusOf(uint256 expiry) external view returns (Status memory);

    /// @notice The reason that closes, `Clamped` before `Stale`. One slot, however many expiries. An expiry that is over
    ///         and not settled counts until the next post of any other: it cannot be posted itself, and N5 closes for it
    ///         where anything of it is open.
    function closure() external view returns (Closure);

    /// @notice See {Summary}.
    function summary() external view returns (Summary memory);

    /// @notice The volatility that the doubt of spot is computed with (RULES.md P1): the greater of realised volatility and
    ///         the live slices' at the money, WAD. One for all, so that every price has one doubt.
    function sigma() external view returns (uint256);

    /// @notice Live expiries, ascending.
    function expiries() external view returns (uint256[] memory);

    /// @notice Seconds after which a slice without a post is stale.
    function heartbeat() external view returns (uint256);
}
