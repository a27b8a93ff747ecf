// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

/// @title What the book is worth, how it moves, and what the vault may still do
/// @notice Share price, hedge and settlement always use the live book: every open option priced at the moment of the
///         call. Only a sale is admitted against a *checkpoint* (RULES.md S4), so that its gas does not depend on how
///         much is open. Everything is WAD and from the vault's side: a sold call has a negative delta.
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
        RoundDeltaSpent,
        VenueDepthSpent,
        CollateralShort,
        CashShort
    }

    /// @notice The open options, marked to model; units as in {OptionMath}.
    /// @param liability Quote WAD, what the sold options are worth, rounded up.
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
        Closure closure;
    }

    /// @notice One sale, as far as the limits care.
    /// @param size Options WAD.
    /// @param delta Of one option, WAD.
    /// @param value Of one option, quote WAD.
    /// @param premium Quote-token units of all of it.
    /// @param spot Guarded spot, quote WAD.
    /// @param spotUpdatedAt When its source wrote it; with `isPull` it names the oracle's round.
    struct Sale {
        uint256 strike;
        bool isCall;
        uint256 size;
        int256 delta;
        uint256 value;
        uint256 premium;
        uint256 spot;
        uint256 spotUpdatedAt;
        bool isPull;
    }

    /// @notice What a sale may still take, so that a page can show why.
    /// @param closure The first limit that the sale would break, or `None`.
    /// @param coverage What the vault has over what it owes and what the open options are worth, WAD, at most 1.
    /// @param roundDeltaLeft |delta| that may still be sold at this round of the oracle, underlying WAD.
    /// @param depthLeft |delta| that the venue could still take, underlying WAD.
    /// @param coverLeft By how much the vault would cover the worst of the stressed losses with the reserve before the
    ///        sale, quote WAD.
    /// @param cashLeft Quote-token units that are idle and not owed: what options can be sold back for.
    struct Limits {
        Closure closure;
        uint256 coverage;
        uint256 roundDeltaLeft;
        uint256 depthLeft;
        uint256 coverLeft;
        uint256 cashLeft;
    }

    /// @notice What a sale is judged by (RULES.md S4), renewed by every vault call.
    /// @param time Unix seconds of the renewal.
    /// @param surfacePosts `VolatilitySurface.summary().posts` then.
    /// @param spot Quote WAD.
    /// @param closure Of the vault as a whole.
    /// @param isSpent A hedge, a settlement or the use of headroom calls for a renewal by the next sale.
    /// @param bidWithoutIdle Bid NAV less what is idle and not owed: quote WAD.
    /// @param midWithoutIdle Middle of NAV less what is idle and not owed: quote WAD.
    /// @param depth Of the venue, less what an open breach of the band needs: underlying WAD.
    /// @param deltaSold Σ|delta| sold since, underlying WAD.
    /// @param headroom coverLeft at the renewal, quote WAD.
    /// @param headroomUsed Σ of the greatest stressed losses sold since, quote WAD.
    /// @param lossDown What the open options would cost if they expired at a stressed spot, here half of spot.
    /// @param lossUp At one and a half times spot.
    /// @param lossHere At spot, the greater of 1 % to both sides.
    /// @param lossAtLiquidation At the hedge's liquidation price, if that lies between the stressed spots, else 0.
    /// @param liquidationPrice See there; 0 = none inside.
    /// @param hedgeDown What the hedge counts for at half of spot: never below zero, gains at 50 %.
    /// @param hedgeUp At one and a half times spot.
    struct Checkpoint {
        uint40 time;
        uint64 surfacePosts;
        uint128 spot;
        Closure closure;
        bool isSpent;
        int128 bidWithoutIdle;
        int128 midWithoutIdle;
        uint128 depth;
        uint128 deltaSold;
        uint128 headroom;
        uint128 headroomUsed;
        uint128 lossDown;
        uint128 lossUp;
        uint128 lossHere;
        uint128 lossAtLiquidation;
        uint128 liquidationPrice;
        uint128 hedgeDown;
        uint128 hedgeUp;
    }

    event CheckpointRenewed(uint256 spot, Closure closure);

    /// @notice A view used for prices was called while one of our own calls is in progress.
    error ReentrantRead();
    /// @notice Only the vault, the market or the controller may call.
    error NotSystem(address caller);
    /// @notice Selling is closed for the reason given.
    error SalesClosed(Closure closure);
    /// @notice After the sale the vault would not cover the loss at `stressedSpot` with the reserve.
    error InsufficientCollateral(uint256 stressedSpot, int256 available, uint256 required);
    /// @notice More |delta| would be sold at this round of the oracle than 5 % of NAV is worth.
    error RoundDeltaSpent(uint256 delta, uint256 left);
    /// @notice The venue could not take the hedge of this sale on top of what it must take already.
    error VenueDepthSpent(uint256 delta, uint256 left);

    /// @notice The live book at a spot price of the caller's choice.
    function book(uint256 spot) external view returns (Book memory);

    /// @notice NAV in three views. Never reverts for an oracle's or a venue's sake.
    function valuation() external view returns (Valuation memory);

    /// @notice What the vault has over what it owes and what the open options are worth, WAD, at most 1.
    function coverage() external view returns (uint256);

    /// @notice What the vault would say to a sale now, by a fresh valuation. A size of 0 asks for the limits alone.
    function limits(Sale calldata sale) external view returns (Limits memory);

    /// @notice See {Checkpoint}.
    function checkpoint() external view returns (Checkpoint memory);

    /// @notice {valuation}, kept as the new checkpoint. Anyone, outside of our own calls.
    function renew() external returns (Valuation memory);

    /// @notice Has the next sale renew the checkpoint, because the hedge or what is owed changed. System only.
    function spend() external;

    /// @notice Reverts unless a sale that has just been booked is within every limit. Market only, inside its call.
    function admitSale(Sale calldata sale) external;

    /// @notice Reverts while options cannot be bought back: an expiry waits for settlement, so that what is owed is not
    ///         known yet, or the vault is insolvent. Market only, before it pays.
    function admitBuyback(Sale calldata sale) external;
}
