// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

import {IRiskEngine} from "./IRiskEngine.sol";

/// @title What may be sold now (RULES.md Q5, S3, S4)
/// @notice Share price, hedge and settlement always use the live book. Only a sale is admitted against a *checkpoint*, so
///         that its gas does not depend on how much is open: the losses at the stressed spots, exactly, to which each sale
///         adds its own. It serves 10 minutes at most, while spot stays within 1 %, until a surface is posted, a hedge is
///         made, an expiry settled, or 5 % of the headroom used; then the next sale renews it, as every vault call does.
///
///         STRESS. After a sale, what is idle and not owed must cover the loss at spot and at the hedge's liquidation
///         price, and with the hedge the loss and a fifth of NAV at half and at one and a half times spot. A short book
///         with a linear hedge is concave: the worst point is an end or the liquidation price.
interface ISaleLimits {
    /// @notice One sale, as far as the limits care.
    /// @param size Options WAD.
    /// @param delta Of one option, WAD.
    /// @param jumpDelta |delta| of one option once spot has moved 2 % against the vault, WAD: what a round of the oracle is
    ///        charged with, because an option far out of the money shows its delta only in the move.
    /// @param value Of one option, quote WAD.
    /// @param vega Of one option, quote WAD per 1.00 of volatility.
    /// @param skew Of all of it, quote WAD: what a sale back of it returns, so it is no gain.
    /// @param premium Quote-token units of all of it.
    /// @param spot Guarded spot, quote WAD.
    /// @param spotUpdatedAt When its source wrote it; with `isPull` it names the oracle's round.
    struct Sale {
        bool isCall;
        bool isPull;
        uint256 strike;
        uint256 size;
        int256 delta;
        uint256 jumpDelta;
        uint256 value;
        uint256 vega;
        uint256 skew;
        uint256 premium;
        uint256 spot;
        uint256 spotUpdatedAt;
    }

    /// @notice What a sale may still take, so that a page can show why.
    /// @param closure The first limit that the sale would break, or `None`.
    /// @param coverage What the vault has over what it owes and what the open options are worth, WAD, at most 1.
    /// @param roundDeltaLeft Σ jumpDelta that may still be sold at this round of the oracle, underlying WAD.
    /// @param vegaLeft Vega that may still be sold, all expiries together, quote WAD per 1.00 of volatility.
    /// @param depthLeft |delta| that the venue could still take, underlying WAD.
    /// @param coverLeft By how much the vault would cover the worst of the stressed losses with the reserve before the
    ///        sale, quote WAD.
    /// @param cashLeft Quote-token units that are idle and not owed: what options can be sold back for.
    struct Limits {
        IRiskEngine.Closure closure;
        uint256 coverage;
        uint256 roundDeltaLeft;
        uint256 vegaLeft;
        uint256 depthLeft;
        uint256 coverLeft;
        uint256 cashLeft;
    }

    /// @notice What a sale is judged by (RULES.md S4), renewed by every vault call.
    /// @param closure Of the vault as a whole.
    /// @param isSpent A hedge, a settlement or the use of headroom calls for a renewal by the next sale.
    /// @param time Unix seconds of the renewal.
    /// @param surfacePosts `VolatilitySurface.summary().posts` then.
    /// @param spot Quote WAD.
    /// @param bidWithoutIdle Bid NAV less what is idle and not owed: quote WAD.
    /// @param midWithoutIdle Middle of NAV less what is idle and not owed: quote WAD.
    /// @param depth Of the venue, less what an open breach of the band needs: underlying WAD.
    /// @param deltaSold Σ|delta| sold since, underlying WAD.
    /// @param shortVega Of all that is open, quote WAD per 1.00 of volatility.
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
        IRiskEngine.Closure closure;
        bool isSpent;
        uint40 time;
        uint64 surfacePosts;
        uint128 spot;
        int128 bidWithoutIdle;
        int128 midWithoutIdle;
        uint128 depth;
        uint128 deltaSold;
        uint128 shortVega;
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

    event CheckpointRenewed(uint256 spot, IRiskEngine.Closure closure);

    /// @notice Only the contract named may call.
    error NotSystem(address caller);
    /// @notice Selling is closed for the reason given.
    error SalesClosed(IRiskEngine.Closure closure);
    /// @notice After the sale the vault would not cover the loss at `stressedSpot` with the reserve.
    error InsufficientCollateral(uint256 stressedSpot, int256 available, uint256 required);
    /// @notice The open options' vega would pass a fifth of bid NAV.
    error VegaSpent(uint256 vega, uint256 left);
    /// @notice More |delta| after a move of 2 % would be sold at this round of the oracle than 5 % of NAV is worth. Of the
    ///         pull feed what was sold in its last minute counts.
    error RoundDeltaSpent(uint256 delta, uint256 left);
    /// @notice The venue could not take the hedge of this sale on top of what it must take already.
    error VenueDepthSpent(uint256 delta, uint256 left);

    /// @notice What the vault would say to a sale now, by a fresh valuation. A size of 0 asks for the limits alone.
    function limits(Sale calldata sale) external view returns (Limits memory);

    /// @notice See {Checkpoint}.
    function checkpoint() external view returns (Checkpoint memory);

    /// @notice The spot price that an expiry which waits for settlement takes its delta at (RULES.md N5): that of the last
    ///         checkpoint before it, which nobody can choose any more. Quote WAD; 0 = there was none.
    function spotBefore(uint256 expiry) external view returns (uint256);

    /// @notice {IRiskEngine.valuation}, kept as the new checkpoint. Anyone, outside of our own calls.
    function renew() external returns (IRiskEngine.Valuation memory);

    /// @notice Has the next sale renew the checkpoint, because the hedge or what is owed changed. Market and controller
    ///         only.
    function spend() external;

    /// @notice Reverts unless a sale that has just been booked is within every limit. Market only, inside its call.
    function admitSale(Sale calldata sale) external;

    /// @notice Reverts while options cannot be bought back: an expiry waits for settlement, so that what is owed is not
    ///         known yet, or the vault is insolvent. Market only, before it pays.
    function admitBuyback(Sale calldata sale) external;
}
