// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

/// @title Keeps the board filled without a curator
/// @notice Anyone calls {list}. It lists the next weekly and month-end expiries, and in each one that has a fresh slice of
///         the surface the strikes at given deltas of guarded spot. It holds the lister's role on the market and no
///         other, no money and no discretion: what it lists follows from the clock, the surface and the price.
///
///         EXPIRIES. The next `weeklies` Fridays and the next `monthEnds` last Fridays of a month, from a day ahead on.
///
///         STRIKES. A target is a delta on the forward, N(d1) of a call or of a put. Its strike solves
///         ln(K / F) = v² / 2 − z · v with N(z) the call's delta and v the slice's own volatility at K times √T, by halving
///         ±(4v + v²), v at the money, 14 times: exact to 2.5e-4 of v, at 65 % .002 % of the forward for a week. It is
///         then rounded to the grid: 1, 2½ or 5 times a power of ten, the greatest that is at most 1 % of spot; 25 at
///         3,000. A strike whose option would, rounded, have a hedge delta outside of .05–.95 is left out, as the market
///         would not sell it.
///
///         SPACING. A strike is listed only when every listed one of the expiry is at least a step away. A step is the
///         grid, or `spacing` standard deviations of the forward until expiry if that is more: at .35, 65 % and a week 3 %
///         of the forward, at four weeks 6 %. So strikes do not follow each move: the first listing fills the range, and
///         more come only when spot has carried a target a step beyond what is listed, or when time has made steps so much
///         smaller that there is room between.
///
///         WHAT A GRIEFER CAN DO AT MOST. He chooses when to call, at most once an hour for each expiry, and pays the
///         gas. The strikes are then those of that moment's guarded spot, within a pull price's doubt of what anybody
///         would get. However often he calls, and whatever the price does between, an expiry gets no two strikes closer
///         than a step, none beyond what a trusted price has reached, and no more than 32 from here. He can use up the
///         market's 20 strikes of a day only if prices really go that far, and then the curator lists tomorrow. By leaving
///         too little gas he gets a revert: only the market's own limits are taken for an answer.
/// @dev Trusted: the market, the surface, the spot and funding oracles.
interface IAutoLister {
    /// @notice What the deployer decides, once. WAD.
    /// @param weeklies Fridays to keep listed, 1–4.
    /// @param monthEnds Last Fridays of a month to keep listed, at most 6; one that is among the weeklies counts as both.
    /// @param spacing See the header: .1 to 1.
    /// @param callDeltas In order of importance: 1 to 8, each within [.05, .95].
    /// @param putDeltas Likewise, positive numbers.
    struct Config {
        uint256 weeklies;
        uint256 monthEnds;
        uint256 spacing;
        uint256[] callDeltas;
        uint256[] putDeltas;
    }

    /// @notice Why an expiry gets no strike now.
    /// @param Nothing Every target is served by a listed strike. Only spot or time will change that.
    /// @param Expiry It is not listed, or not one of those that are kept listed now.
    /// @param Interval Strikes were listed in it less than an hour ago.
    /// @param Surface It has no slice, or one that is clamped or stale.
    /// @param Price Spot is not to be trusted.
    /// @param Full It has as many strikes as are listed from here.
    /// @param Day The market's strikes of this UTC day are used up.
    /// @param Board The market holds as many series or expiries as it can.
    enum Waiting {
        Nothing,
        Expiry,
        Interval,
        Surface,
        Price,
        Full,
        Day,
        Board
    }

    /// @notice A call of {list} did something.
    event Listed(address indexed caller, uint256 expiries, uint256 strikes);

    /// @notice There is nothing to list now.
    /// @param waiting Why, in the nearest expiry that has a reason other than `Nothing`.
    /// @param nextAt The earliest time, Unix seconds, at which the clock alone may bring something. A move of spot or a
    ///        post of the surface may bring it earlier.
    error NothingToList(Waiting waiting, uint256 nextAt);
    error WeekliesOutOfBounds(uint256 weeklies, uint256 minimum, uint256 maximum);
    error MonthEndsOutOfBounds(uint256 monthEnds, uint256 maximum);
    error SpacingOutOfBounds(uint256 spacing, uint256 minimum, uint256 maximum);
    error TargetsOutOfBounds(uint256 targets, uint256 minimum, uint256 maximum);
    error DeltaOutOfBounds(uint256 delta, uint256 minimum, uint256 maximum);

    /// @notice Lists what is missing, as far as the market has room. Anyone.
    /// @return expiries How many were listed.
    /// @return strikes Likewise.
    function list() external returns (uint256 expiries, uint256 strikes);

    /// @notice The expiries to keep listed now, ascending.
    function wantedExpiries() external view returns (uint256[] memory);

    /// @notice The strikes that are missing in an expiry now, quote WAD, in order of importance, whether or not the market
    ///         has room for them; and why there are none.
    function missingStrikes(uint256 expiry) external view returns (uint256[] memory strikes, Waiting waiting);

    /// @notice When strikes were last listed in an expiry from here, Unix seconds; 0 = never.
    function listedAt(uint256 expiry) external view returns (uint256);
}
