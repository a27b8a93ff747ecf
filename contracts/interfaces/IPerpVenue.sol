// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

/// @title The smallest view of a perpetual-futures protocol that a hedge needs
/// @notice An adapter owns one account on one perpetual market. It obeys the HedgeController alone, sends money to the
///         OptionVault alone, and normalises sign, scale and rate: sizes and prices are WAD (1e18), `size` is positive
///         for a long, funding is positive when the account receives it.
/// @dev Assumed of the protocol behind it: it credits what `depositMargin` sends, it never moves margin elsewhere, and
///      a loss is limited to the margin deposited.
interface IPerpVenue {
    /// @notice The account and its market, read from the protocol at this moment, never remembered.
    /// @param size Filled position, underlying WAD, positive = long.
    /// @param cash Quote WAD: settlement-token margin, plus realised profit and loss, plus funding accrued so far.
    /// @param entryNotional Quote WAD, signed like `size`: what the open position cost (long) or brought (short).
    ///        The account's equity at a price p is `cash + size * p / 1e18 - entryNotional`.
    /// @param accruedFunding Quote WAD, already inside `cash`: funding not yet settled, positive = account receives.
    /// @param markPrice The protocol's mark, quote WAD per underlying.
    /// @param indexPrice The protocol's index, quote WAD per underlying.
    /// @param fundingRate Momentary rate per year, WAD, positive = longs pay shorts. For display, never for pricing.
    /// @param maintenanceMargin Quote WAD: equity below which the protocol may liquidate.
    /// @param withdrawable Quote-token units that `withdrawMargin` could return now.
    /// @param tradable False when the protocol is paused or its price feed is unusable.
    struct State {
        int256 size;
        int256 cash;
        int256 entryNotional;
        int256 accruedFunding;
        uint256 markPrice;
        uint256 indexPrice;
        int256 fundingRate;
        uint256 maintenanceMargin;
        uint256 withdrawable;
        bool tradable;
    }

    /// @notice Margin reached the protocol.
    event MarginDeposited(uint256 assets);
    /// @notice Margin came back and was sent to the vault.
    event MarginWithdrawn(uint256 assets);
    /// @notice The position changed by `sizeDelta` (WAD, signed) at `price` (quote WAD per underlying, fee included).
    event Filled(int256 sizeDelta, uint256 price);

    /// @notice Only the HedgeController may call this.
    error NotController(address caller);
    /// @notice The fill would be, or was, worse than `limitPrice` (both quote WAD per underlying, fee included).
    error WorseThanLimit(uint256 price, uint256 limitPrice);
    /// @notice A trade of nothing was asked for.
    error ZeroSize();
    /// @notice The protocol does not tell what a unit has paid so far.
    error CumulativeFundingUnknown();

    /// @notice The token margin is paid in; the vault's asset.
    function quoteToken() external view returns (address);

    /// @notice See {State}. May revert when the protocol does: the caller guards.
    function state() external view returns (State memory);

    /// @notice The protocol's mark, as in {State}, for a reader that needs nothing else.
    function markPrice() external view returns (uint256);

    /// @notice What the protocol charges for a trade, a part of its notional, WAD.
    function takerFee() external view returns (uint256);

    /// @notice Underlying WAD that can be traded either way before the price has moved by `move` (a part, WAD), the
    ///         lesser of the two ways, by the liquidity of this moment.
    function depth(uint256 move) external view returns (uint256);

    /// @notice What one unit has paid in funding since the market began, if all of it were settled now: quote WAD per
    ///         underlying, positive = longs paid shorts. Only differences mean something.
    /// @dev Part of it may not be settled yet, and could still come out otherwise: see {settleFunding}.
    function cumulativeFunding() external view returns (int256);

    /// @notice Has the protocol settle funding as far as it can for this market, and returns {cumulativeFunding} after.
    ///         Anyone may call: it moves no money that was not owed already.
    function settleFunding() external returns (int256 cumulative);

    /// @notice Hands `assets` quote-token units, already held by the adapter, to the protocol as margin.
    function depositMargin(uint256 assets) external;

    /// @notice Takes up to `assets` quote-token units of margin back and sends them to the vault.
    /// @return returned What the vault received: `min(assets, State.withdrawable)`.
    function withdrawMargin(uint256 assets) external returns (uint256 returned);

    /// @notice Changes the position by `sizeDelta` (underlying WAD, positive = buy), all of it or revert.
    /// @param limitPrice Worst acceptable average price, quote WAD per underlying, the protocol's fee included: a
    ///        ceiling for a buy, a floor for a sale.
    /// @return filled The change of the position as read back from the protocol.
    /// @return price The average price of the fill, fee included.
    function submit(int256 sizeDelta, uint256 limitPrice) external returns (int256 filled, uint256 price);
}
