// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

import {StrikeSlot} from "../libraries/StrikeSlot.sol";

/// @title Lists, quotes, sells, settles and pays European, cash-settled options on the underlying
/// @notice Sizes and prices are WAD, premiums and payouts are quote-token units. A series is a number that names
///         itself (see {SeriesId}): expiry, strike and side.
interface IOptionMarket {
    /// @notice An expiry of the board.
    /// @param volatility Annual, WAD, posted by the curator; zero = never listed.
    /// @param settlementPrice Quote WAD per underlying once settled, else zero.
    /// @param openContracts Options of all its series sold and not settled, WAD.
    struct Expiry {
        uint64 volatility;
        bool settled;
        uint128 settlementPrice;
        uint256 openContracts;
    }

    /// @notice A firm price, both ways, and how it came about.
    /// @param premium Quote-token units that buying the whole size costs, rounded up.
    /// @param proceeds Quote-token units that selling the whole size back brings, rounded down.
    /// @param spot Guarded spot, quote WAD.
    /// @param volatility Annual, WAD.
    /// @param value Model value of one option, quote WAD.
    /// @param volatilitySpread Addend of the half-spread for doubt of volatility, quote WAD per option.
    /// @param deltaSpread Addend of the half-spread for doubt of spot and for hedging, quote WAD per option.
    /// @param delta Of one option, WAD.
    struct Quote {
        uint256 premium;
        uint256 proceeds;
        uint256 spot;
        uint256 volatility;
        uint256 value;
        uint256 volatilitySpread;
        uint256 deltaSpread;
        int256 delta;
    }

    event ExpiryListed(uint256 indexed expiry, uint256 volatility);
    event StrikeListed(uint256 indexed expiry, uint256 strike, uint256 callId, uint256 putId);
    event VolatilityPosted(uint256 indexed expiry, uint256 volatility);
    event Bought(
        uint256 indexed id,
        address indexed buyer,
        address indexed receiver,
        uint256 size,
        uint256 premium,
        uint256 spot,
        uint256 value
    );
    event Sold(
        uint256 indexed id,
        address indexed seller,
        address indexed receiver,
        uint256 size,
        uint256 proceeds,
        uint256 spot,
        uint256 value
    );
    event Settled(uint256 indexed expiry, uint256 settlementPrice, uint256 owed, address indexed caller);
    event Redeemed(uint256 indexed id, address indexed holder, address indexed receiver, uint256 size, uint256 payout);

    /// @notice An expiry lies at least `minimum` ahead.
    error ExpiryTooSoon(uint256 expiry, uint256 minimum);
    error ExpiryTooFar(uint256 expiry, uint256 maximum);
    error ExpiryAlreadyListed(uint256 expiry);
    error ExpiryNotListed(uint256 expiry);
    error ExpiryAlreadySettled(uint256 expiry);
    error ExpiryNotSettled(uint256 expiry);
    error VolatilityOutOfBounds(uint256 volatility, uint256 minimum, uint256 maximum);
    error StrikeAlreadyListed(uint256 expiry, uint256 strike);
    error TooManyExpiries(uint256 expiries, uint256 maximum);
    error TooManySeries(uint256 series, uint256 maximum);
    error SeriesNotListed(uint256 id);
    /// @notice Nothing is sold from `closesAt` on.
    error SaleClosed(uint256 expiry, uint256 closesAt);
    error SizeBelowMinimum(uint256 size, uint256 minimum);
    /// @notice Options this far in or out of the money are not sold: |delta| is outside the bounds.
    error DeltaOutOfBounds(int256 delta, uint256 minimum, uint256 maximum);
    /// @notice The premium at this moment is above what the buyer allows.
    error PremiumAboveLimit(uint256 premium, uint256 maximum);
    /// @notice What the vault pays at this moment is below what the seller allows.
    error ProceedsBelowLimit(uint256 proceeds, uint256 minimum);
    error DeadlinePassed(uint256 deadline, uint256 blockTimestamp);
    error ZeroAddress();
    error ZeroAmount();

    /// @notice Puts an expiry on the board. Curator.
    /// @param expiry Unix seconds, at least an hour and at most two years ahead.
    /// @param volatility Annual, WAD, within [20 %, 300 %].
    function listExpiry(uint256 expiry, uint256 volatility) external;

    /// @notice Adds strikes to a listed expiry, a call and a put each. Curator.
    /// @param strikes Quote WAD per underlying, multiples of 1e9 wei.
    function listStrikes(uint256 expiry, uint256[] calldata strikes) external;

    /// @notice Posts the volatility at which an expiry is priced and valued. Curator.
    function setVolatility(uint256 expiry, uint256 volatility) external;

    /// @notice What `size` options of series `id` cost now, and what they bring when sold back: model value ± half-spread,
    ///         never below zero. Reverts with the reason when nothing could be traded.
    function quote(uint256 id, uint256 size) external view returns (Quote memory);

    /// @notice Buys `size` options from the vault. The caller pays the premium in the quote token, which he has
    ///         approved to this contract.
    /// @param maxPremium Quote-token units; a dearer premium reverts with {PremiumAboveLimit}.
    /// @param deadline Unix seconds; later reverts with {DeadlinePassed}.
    /// @param receiver Gets the options.
    function buy(
        uint256 id,
        uint256 size,
        uint256 maxPremium,
        uint256 deadline,
        address receiver
    ) external returns (uint256 premium);

    /// @notice Sells `size` of the caller's options back to the vault, which pays from money that is idle and not owed.
    /// @param minProceeds Quote-token units; less reverts with {ProceedsBelowLimit}.
    /// @param deadline Unix seconds; later reverts with {DeadlinePassed}.
    /// @param receiver Gets the quote tokens.
    function sell(
        uint256 id,
        uint256 size,
        uint256 minProceeds,
        uint256 deadline,
        address receiver
    ) external returns (uint256 proceeds);

    /// @notice Fixes the settlement price of an expiry and records what is owed. Anyone, any time after expiry: the
    ///         outcome is the same whoever calls and whenever.
    /// @param roundId The feed's first complete round at or after expiry.
    function settle(uint256 expiry, uint80 roundId) external returns (uint256 price);

    /// @notice Burns the caller's `size` options of a settled series and pays what they are worth to `receiver`.
    function redeem(uint256 id, uint256 size, address receiver) external returns (uint256 payout);

    /// @notice Burns all of `holder`'s options of a settled series and pays him. Anyone: it can only pay the holder.
    function redeemFor(address holder, uint256 id) external returns (uint256 payout);

    /// @notice Expiries that are listed and not settled, in order of listing.
    function liveExpiries() external view returns (uint256[] memory);

    function expiryOf(uint256 expiry) external view returns (Expiry memory);

    /// @notice The packed strikes of an expiry with the open interest of their call and put.
    function strikesOf(uint256 expiry) external view returns (StrikeSlot[] memory);

    /// @notice WAD options of a series sold and not settled.
    function openInterest(uint256 id) external view returns (uint256);

    /// @notice Payout of one option of a settled series, quote WAD.
    function payoff(uint256 id) external view returns (uint256);

    /// @notice True when an expiry with open interest has passed and is not settled.
    function hasUnsettledExpiry() external view returns (bool);
}
