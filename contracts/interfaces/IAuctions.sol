// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

import {IOptionPricer} from "./IOptionPricer.sol";

/// @title The other way to sell: a schedule on the market's own sale (RULES.md Q6)
/// @notice An auction offers `size` options of one series between `start` and `end`, both included, at the market's
///         half-spread times a factor that falls along a straight line:
///
///             factor(t) = firstFactor − (firstFactor − lastFactor) · (t − start) / (end − start), rounded up
///
///         Anyone fills any part at any time in the window, and pays the market, which he has approved for the quote token.
///         What is not sold when the window ends is not sold. Several auctions run at once, also of the same series: each
///         fill moves the inventory that the next one's price starts from.
///
///         An auction holds nothing and promises no price. Each fill is a sale by the market at that moment, within every
///         limit that a purchase has (spot's doubt, delta bounds, last hour, collateral, delta per oracle round), and
///         never below the pricer's floor: one unit more than selling the same size back could bring, and not below
///         intrinsic value on the forward. A factor of 0 gives up the half-spread, not the floor.
///
///         Sizes and factors are WAD, times Unix seconds.
/// @dev Trusted: the curator with the half-spread of what he schedules, between nothing and five times of it. He can
///      neither choose the buyer nor sell below the floor.
interface IAuctions {
    /// @notice What the curator decides.
    /// @param seriesId A listed series of the market.
    /// @param size Options to sell.
    /// @param start The first second in which it sells.
    /// @param end The last one; before the last hour of the series.
    /// @param firstFactor At `start`, at most 5.
    /// @param lastFactor At `end`, at most `firstFactor`.
    struct Schedule {
        uint256 seriesId;
        uint256 size;
        uint256 start;
        uint256 end;
        uint256 firstFactor;
        uint256 lastFactor;
    }

    /// @param Scheduled Starts later.
    /// @param Open Sells now, as far as the market does.
    /// @param SoldOut Nothing is left.
    /// @param Ended The window is over, something was left.
    /// @param Cancelled By the curator, before it was sold out or over.
    enum State {
        Scheduled,
        Open,
        SoldOut,
        Ended,
        Cancelled
    }

    /// @notice An auction as it stands.
    /// @param remaining Options not sold yet, whether or not they can still be.
    /// @param factor What multiplies the half-spread now: the first before the start, the last after the end.
    struct Auction {
        Schedule schedule;
        uint256 remaining;
        uint256 factor;
        State state;
    }

    event Scheduled(uint256 indexed auctionId, uint256 indexed seriesId, Schedule schedule);
    event Cancelled(uint256 indexed auctionId, uint256 remaining);
    /// @notice `size` options were sold to `receiver` for `premium`, at the half-spread times `factor`.
    /// @param premium Quote-token units.
    /// @param remaining Options left after it.
    event Filled(
        uint256 indexed auctionId,
        uint256 indexed seriesId,
        address indexed buyer,
        address receiver,
        uint256 size,
        uint256 factor,
        uint256 premium,
        uint256 remaining
    );

    error SeriesNotListed(uint256 seriesId);
    /// @notice An auction offers at least the smallest trade, and at most what an open interest can be.
    error SizeOutOfBounds(uint256 size, uint256 minimum, uint256 maximum);
    error StartInThePast(uint256 start, uint256 blockTimestamp);
    /// @notice end − start lies outside of [10 minutes, 7 days]; 0 = it would end before it starts.
    error WindowOutOfBounds(uint256 window, uint256 minimum, uint256 maximum);
    /// @notice Nothing is sold in the last hour of a series, which begins at `closesAt`.
    error EndTooLate(uint256 end, uint256 closesAt);
    error FactorOutOfBounds(uint256 factor, uint256 maximum);
    error FactorRises(uint256 firstFactor, uint256 lastFactor);

    error UnknownAuction(uint256 auctionId);
    error NotStarted(uint256 auctionId, uint256 start, uint256 blockTimestamp);
    /// @notice The window is over, everything is sold, or the curator has cancelled: see `state`.
    error AuctionOver(uint256 auctionId, State state);
    error DeadlinePassed(uint256 deadline, uint256 blockTimestamp);
    error FillBelowMinimum(uint256 size, uint256 minimum);
    error FillAboveRemaining(uint256 size, uint256 remaining);
    /// @notice The fill would leave less than the smallest trade, which nobody could buy. Take the rest too, or less.
    error RestBelowMinimum(uint256 rest, uint256 minimum);

    /// @notice Schedules an auction. Curator.
    /// @return auctionId Auctions are numbered from 0.
    function schedule(Schedule calldata s) external returns (uint256 auctionId);

    /// @notice Ends an auction that is not sold out or over. Curator.
    function cancel(uint256 auctionId) external;

    /// @notice Buys `size` options at the factor of this moment. The caller pays, and has approved the market.
    /// @param size At least the smallest trade; it leaves nothing or at least the smallest trade.
    /// @param maxPremium Quote-token units; a dearer premium reverts with the market's `PremiumAboveLimit`.
    /// @param deadline Unix seconds; later reverts with {DeadlinePassed}.
    /// @param receiver Gets the options.
    /// @return premium Quote-token units paid.
    function fill(
        uint256 auctionId,
        uint256 size,
        uint256 maxPremium,
        uint256 deadline,
        address receiver
    ) external returns (uint256 premium);

    /// @notice What `size` options cost at the factor of this moment, why, and what is left. Like the market's quote it
    ///         answers whatever is closed: `price.buying` and `auction.state` say so. The limits of the vault, which are
    ///         the same for every sale, are in the market's quote.
    function quote(
        uint256 auctionId,
        uint256 size
    ) external view returns (IOptionPricer.Quote memory price, Auction memory auction);

    function auctionOf(uint256 auctionId) external view returns (Auction memory);

    /// @notice How many auctions there have been.
    function auctionCount() external view returns (uint256);
}
