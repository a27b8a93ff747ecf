// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

import {IHedgeController} from "./IHedgeController.sol";

/// @title What the book is worth, how it moves, and what the vault may still do
/// @notice Views only, computed from the live book at each call: there is no cache to refresh or to exploit. Everything is
///         WAD and from the vault's side: a sold call has a negative delta.
interface IRiskEngine {
    /// @notice Why entering, leaving or selling is closed. `None` = open. Those up to `Insolvent` are of the whole vault,
    ///         the others of one series or one size.
    enum Closure {
        None,
        InProgress,
        PriceUntrusted,
        SurfaceClamped,
        SurfaceStale,
        ExpiryUnsettled,
        VenueUnreadable,
        Insolvent,
        VenueNotTradable,
        VenueOffMark,
        Expired,
        NearExpiry,
        Unposted,
        CarryClamped,
        SizeBelowMinimum,
        DeltaOutOfBounds,
        NoVegaCapacity,
        VegaSpent,
        RoundDeltaSpent,
        VenueDepthSpent,
        CollateralShort,
        CashShort
    }

    /// @notice The open options, marked to model; units as in {OptionMath}.
    /// @param liability Quote WAD, what the sold options are worth and what of the skew sales back would return, rounded up.
    /// @param delta Underlying WAD. An expiry that waits for settlement counts with the last value before it.
    /// @param gamma Change of delta for a relative change of spot of 1.00, underlying WAD.
    /// @param vega Quote WAD per 1.00 of volatility.
    /// @param theta Quote WAD per year of passing time.
    /// @param calls Open call contracts.
    /// @param puts Open put contracts.
    /// @param volatilityDoubt Σ over the expiries of the surface's doubt s · |vega|, quote WAD.
    /// @param timeDelta Σ delta · years to expiry, underlying WAD: what a rate of carry works on.
    struct Book {
        uint256 liability;
        int256 delta;
        int256 gamma;
        int256 vega;
        int256 theta;
        uint256 calls;
        uint256 puts;
        uint256 volatilityDoubt;
        int256 timeDelta;
    }

    /// @notice The share price's numerator in three views, quote WAD (RULES.md N3).
    /// @param mid idle − owed + venue equity − liability, floored at zero.
    /// @param bid What leavers are paid at: mid − doubt.
    /// @param ask What enterers pay at: mid + doubt.
    /// @param spotDoubt ε, a part of spot, WAD.
    /// @param freeLiquidity Quote-token units that may leave now: what is owed and the worst loss stay covered.
    /// @param coverage What the vault has over what it owes and what the open options are worth, WAD, at most 1.
    /// @param closure `None` when deposits and instant exits are open.
    struct Valuation {
        uint256 mid;
        uint256 bid;
        uint256 ask;
        uint256 spot;
        uint256 spotDoubt;
        uint256 liability;
        int256 venueEquity;
        uint256 freeLiquidity;
        uint256 coverage;
        Closure closure;
    }

    /// @notice The spots at which losses are counted, quote WAD.
    /// @param down Half of spot.
    /// @param up One and a half times spot.
    /// @param liquidation Where the venue would liquidate the hedge, if that lies between the two; else 0.
    struct Points {
        uint256 down;
        uint256 here;
        uint256 up;
        uint256 liquidation;
    }

    /// @notice What the open options would cost if they expired at each of the {Points}, quote WAD.
    struct Losses {
        uint256 down;
        uint256 here;
        uint256 up;
        uint256 liquidation;
    }

    /// @notice What a valuation found on its way.
    /// @param hedgeDown What the hedge counts for at half of spot, quote WAD: never below zero, gains at 50 %.
    /// @param hedgeUp The same at one and a half times spot.
    /// @param idle Idle less what is owed, quote WAD.
    /// @param mid Not floored at zero.
    /// @param bid Not floored at zero.
    struct Findings {
        Book book;
        Points points;
        Losses losses;
        IHedgeController.Position hedge;
        uint256 hedgeDown;
        uint256 hedgeUp;
        int256 idle;
        int256 mid;
        int256 bid;
    }

    /// @notice A view used for prices was called while one of our own calls is in progress.
    error ReentrantRead();

    /// @notice The live book at a spot price of the caller's choice.
    function book(uint256 spot) external view returns (Book memory);

    /// @notice NAV in three views. Never reverts for an oracle's or a venue's sake.
    function valuation() external view returns (Valuation memory);

    /// @notice {valuation} with all that it was made of.
    function assess() external view returns (Valuation memory, Findings memory);

    /// @notice See {Valuation}.
    function coverage() external view returns (uint256);
}
