// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

/// @title What the book is worth, how it moves, and what the vault may still do
/// @notice Views only, computed from the live book at each call: there is no cache to refresh or to exploit.
///         Everything is WAD and from the vault's side: a sold call has a negative delta.
interface IRiskEngine {
    /// @notice Why entering, leaving or selling is closed.
    enum Closure {
        None,
        PriceUntrusted,
        ExpiryUnsettled,
        VenueUnreadable,
        Insolvent,
        InProgress
    }

    /// @notice The open options, marked to model; units as in {OptionMath}.
    /// @param liability Quote WAD, what the sold options are worth, rounded up.
    /// @param delta Underlying WAD.
    /// @param gamma Change of delta for a relative change of spot of 1.00, underlying WAD.
    /// @param vega Quote WAD per 1.00 of volatility.
    /// @param theta Quote WAD per year of passing time.
    /// @param calls Open call contracts.
    /// @param puts Open put contracts.
    struct Book {
        uint256 liability;
        int256 delta;
        int256 gamma;
        int256 vega;
        int256 theta;
        uint256 calls;
        uint256 puts;
    }

    /// @notice The share price's numerator in three views, quote WAD.
    /// @param mid idle − owed + venue equity − liability, floored at zero.
    /// @param bid What leavers are paid at.
    /// @param ask What enterers pay at.
    /// @param freeLiquidity Quote-token units that may leave now: what is owed and the worst loss stay covered.
    /// @param closure `None` when deposits and instant exits are open.
    struct Valuation {
        uint256 mid;
        uint256 bid;
        uint256 ask;
        uint256 spot;
        uint256 liability;
        int256 venueEquity;
        uint256 freeLiquidity;
        Closure closure;
    }

    /// @notice A view used for prices was called while one of our own calls is in progress.
    error ReentrantRead();
    /// @notice Selling is closed for the reason given.
    error SalesClosed(Closure closure);
    /// @notice After the sale the vault would not cover the loss at `stressedSpot` with the reserve.
    error InsufficientCollateral(uint256 stressedSpot, int256 available, uint256 required);

    /// @notice The live book at a spot price of the caller's choice.
    function book(uint256 spot) external view returns (Book memory);

    /// @notice NAV in three views. Never reverts for an oracle's or a venue's sake.
    function valuation() external view returns (Valuation memory);

    /// @notice Reverts while options cannot be bought back: the price is untrusted, an expiry waits for settlement, so that
    ///         what is owed is not known yet, or the vault is insolvent. Called by the market before it pays.
    function checkBuyback() external view;

    /// @notice Reverts unless the book as it stands after a sale is covered. Called by the market at the end of a sale.
    function checkSale() external view;
}
