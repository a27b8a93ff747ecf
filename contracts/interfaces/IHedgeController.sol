// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

/// @title The hedge: the chain computes what is needed, the keeper proposes when and at which limit price
/// @notice All figures WAD and from the vault's side. net delta = book delta + hedge size.
interface IHedgeController {
    /// @notice What is to be done now.
    enum Action {
        Hold,
        Hedge,
        TopUp,
        FreeMargin
    }

    /// @notice Why.
    enum Reason {
        WithinBand,
        OutsideBand,
        NoOpenInterest,
        BelowMinimumNotional,
        PriceUntrusted,
        VenueUnreadable,
        VenueNotTradable,
        MarginBelowFloor,
        MarginAboveCeiling
    }

    /// @notice Everything that a keeper, a page or a test needs to know about the hedge at one block.
    /// @param band Largest |net delta| that is left alone.
    /// @param trade Size that brings net delta to its target, signed; zero when nothing is to be traded.
    /// @param equity Venue equity at spot, quote WAD, may be negative.
    /// @param notional |hedge size| · spot, quote WAD.
    /// @param marginRatio equity ÷ notional, WAD; the largest uint when there is no position, zero when equity ≤ 0.
    /// @param marginMove Quote-token units that `adjustMargin` would move, positive = to the venue.
    struct HedgeState {
        Action action;
        Reason reason;
        uint256 spot;
        uint256 markPrice;
        uint256 indexPrice;
        int256 bookDelta;
        int256 hedgeSize;
        int256 netDelta;
        uint256 band;
        int256 trade;
        int256 equity;
        uint256 notional;
        uint256 marginRatio;
        uint256 maintenanceMargin;
        int256 marginMove;
        int256 fundingRate;
        int256 accruedFunding;
    }

    /// @notice The hedge as NAV and the limits of sales see it. Its equity at a price p is `cash + size · p`.
    /// @param size Filled position, underlying WAD.
    /// @param cash Quote WAD, entry notional already taken off.
    /// @param maintenanceMargin Quote WAD.
    /// @param markPrice Of the venue, quote WAD.
    /// @param depth Underlying WAD that can be traded there within {DEPTH_MOVE}.
    /// @param readable False when the venue gave no answer; all figures are zero then.
    /// @param tradable False when the venue says that it cannot be traded.
    struct Position {
        int256 size;
        int256 cash;
        uint256 maintenanceMargin;
        uint256 markPrice;
        uint256 depth;
        bool readable;
        bool tradable;
    }

    event Hedged(
        address indexed keeper,
        int256 sizeDelta,
        uint256 price,
        uint256 spot,
        int256 netDeltaBefore,
        int256 netDeltaAfter
    );
    event MarginMoved(int256 assets, uint256 marginRatioAfter);

    /// @notice |net delta| is inside the band: no trade is needed, so none is made.
    error WithinBand(int256 netDelta, uint256 band);
    /// @notice The proposed trade points away from neutral.
    error WrongDirection(int256 sizeDelta, int256 netDelta);
    error BelowMinimumNotional(uint256 notional, uint256 minimum);
    /// @notice The limit price allows more slippage against guarded spot than the contract does.
    error LimitBeyondSlippageBound(uint256 limitPrice, uint256 bound);
    /// @notice The venue's fill did not do what was asked of it.
    error HedgeDidNotReduce(int256 netDeltaBefore, int256 netDeltaAfter);
    /// @notice After the trade equity ÷ notional is below the floor.
    error LeverageTooHigh(int256 equity, uint256 notional, uint256 floorRatio);
    error VenueUnreadable();
    error VenueNotTradable();
    /// @notice The margin ratio is inside its corridor.
    error MarginWithinCorridor(uint256 marginRatio, uint256 floorRatio, uint256 ceilingRatio);
    /// @notice The margin ratio is outside its corridor, but there is nothing free to move.
    error NothingToMove(uint256 marginRatio);
    error DeadlinePassed(uint256 deadline, uint256 blockTimestamp);

    /// @notice See {HedgeState}. Never reverts for an oracle's or a venue's sake: the reason says what is wrong.
    function hedgeState() external view returns (HedgeState memory);

    /// @notice Trades the hedge towards the target that this contract computes in the same transaction. Keeper.
    ///         Margin is topped up to its target first when the trade would leave it below the floor, and surplus
    ///         above the ceiling comes back afterwards.
    /// @param sizeDelta Underlying WAD, signed: the most that is to be traded. What would carry net delta across zero
    ///        at this moment is cut off.
    /// @param limitPrice Worst average fill, quote WAD, fee included; within 1 % of guarded spot.
    /// @param deadline Unix seconds; later reverts with {DeadlinePassed}.
    /// @return price The average price of the fill, quote WAD.
    function rebalance(int256 sizeDelta, uint256 limitPrice, uint256 deadline) external returns (uint256 price);

    /// @notice Moves margin from outside its corridor to its target, never further. Anyone: it cannot be used to move
    ///         money anywhere but between the vault and its venue.
    /// @return assets Quote-token units moved, positive = to the venue.
    function adjustMargin() external returns (int256 assets);

    /// @notice See {Position}. Never reverts for the venue's sake.
    function position() external view returns (Position memory);

    /// @notice The venue's mark, quote WAD. Never reverts for the venue's sake.
    /// @return price Zero when it gave none.
    /// @return readable False when it gave no positive one.
    function markPrice() external view returns (uint256 price, bool readable);

    /// @notice What one rebalance costs now, for the price of an option and for the band (POLICY.md).
    /// @param spot Quote WAD.
    /// @return proportional λ: the venue's fee, half its spread and impact, a part of notional, WAD.
    /// @return fixedCost C: gas at the stored gas price, quote WAD.
    function hedgeCost(uint256 spot) external view returns (uint256 proportional, uint256 fixedCost);

    /// @notice Largest |net delta| that is left alone with so many open contracts, underlying WAD.
    function band(uint256 calls, uint256 puts) external pure returns (uint256);
}
