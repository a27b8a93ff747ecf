// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

import {StrikeSlot} from "../libraries/StrikeSlot.sol";
import {IOptionPricer} from "./IOptionPricer.sol";
import {IOptionVault} from "./IOptionVault.sol";
import {IOptionToken} from "./IOptionToken.sol";
import {ISaleLimits} from "./ISaleLimits.sol";

/// @title Lists, quotes, sells, settles and pays European, cash-settled options on the underlying
/// @notice Sizes and prices are WAD, premiums and payouts are quote-token units. A series is a number that names
///         itself (see {SeriesId}): expiry, strike and side.
interface IOptionMarket {
    /// @notice An expiry of the board.
    /// @param listed False = never listed.
    /// @param settlementPrice Quote WAD per underlying once settled, else zero.
    /// @param openContracts Options of all its series sold and not settled, WAD.
    struct Expiry {
        bool listed;
        bool settled;
        uint128 settlementPrice;
        uint256 openContracts;
    }

    event ExpiryListed(uint256 indexed expiry);
    event StrikeListed(uint256 indexed expiry, uint256 strike, uint256 callId, uint256 putId);
    event VegaCapacitySet(uint256 vegaCapacity);

    /// @notice `size` options were sold to `receiver` for `premium`.
    /// @param spot Guarded spot, quote WAD.
    /// @param volatility Annual, WAD.
    /// @param value Model value of one option, quote WAD.
    /// @param delta Of one option, WAD.
    /// @param openInterest Of the series after the trade, WAD.
    event Bought(
        uint256 indexed id,
        address indexed buyer,
        address indexed receiver,
        uint256 size,
        uint256 premium,
        uint256 spot,
        uint256 volatility,
        uint256 value,
        int256 delta,
        uint256 openInterest
    );
    /// @notice `size` options came back for `proceeds`, paid to `receiver`. The rest as in {Bought}.
    event Sold(
        uint256 indexed id,
        address indexed seller,
        address indexed receiver,
        uint256 size,
        uint256 proceeds,
        uint256 spot,
        uint256 volatility,
        uint256 value,
        int256 delta,
        uint256 openInterest
    );
    event Settled(uint256 indexed expiry, uint256 settlementPrice, uint256 owed, address indexed caller);
    event Redeemed(uint256 indexed id, address indexed holder, address indexed receiver, uint256 size, uint256 payout);

    /// @notice An expiry lies at least `minimum` ahead.
    error ExpiryTooSoon(uint256 expiry, uint256 minimum);
    error ExpiryTooFar(uint256 expiry, uint256 maximum);
    /// @notice Expiries are Fridays at 08:00 UTC: any within five weeks, the last one of a month beyond.
    error ExpiryNotOnCalendar(uint256 expiry);
    error ExpiryAlreadyListed(uint256 expiry);
    error ExpiryNotListed(uint256 expiry);
    error ExpiryAlreadySettled(uint256 expiry);
    error ExpiryNotSettled(uint256 expiry);
    error StrikeAlreadyListed(uint256 expiry, uint256 strike);
    error TooManyExpiries(uint256 expiries, uint256 maximum);
    error TooManySeries(uint256 series, uint256 maximum);
    error SeriesNotListed(uint256 id);
    /// @notice More strikes than may be listed on one UTC day.
    error TooManyStrikesToday(uint256 strikes, uint256 maximum);
    /// @notice V_cap at most doubles or halves in a day, and is at most a tenth of bid NAV.
    error VegaCapacityOutOfBounds(uint256 vegaCapacity, uint256 minimum, uint256 maximum);
    error VegaCapacityTooSoon(uint256 earliest, uint256 blockTimestamp);
    /// @notice Only the auctions sell at another spread.
    error NotAuctions(address caller);
    /// @notice The premium at this moment is above what the buyer allows.
    error PremiumAboveLimit(uint256 premium, uint256 maximum);
    /// @notice What the vault pays at this moment is below what the seller allows.
    error ProceedsBelowLimit(uint256 proceeds, uint256 minimum);
    error DeadlinePassed(uint256 deadline, uint256 blockTimestamp);
    error ZeroAddress();
    error ZeroAmount();

    /// @notice Puts an expiry on the board. Lister.
    /// @param expiry Unix seconds, on the calendar, at least an hour ahead.
    function listExpiry(uint256 expiry) external;

    /// @notice Adds strikes to a listed expiry, a call and a put each; at most 20 a day. Lister.
    /// @param strikes Quote WAD per underlying, multiples of 1e9 wei.
    function listStrikes(uint256 expiry, uint256[] calldata strikes) external;

    /// @notice Sets V_cap: the short vega that one expiry may reach, where its skew is 10 points of volatility. Curator, at
    ///         most daily.
    /// @param vegaCapacity Quote WAD per 1.00 of volatility, at most a tenth of bid NAV, and between half and twice what
    ///        it was: what a sale back returns of the skew must not be somebody's to choose.
    function setVegaCapacity(uint256 vegaCapacity) external;

    /// @notice What `size` options of series `id` cost now and what they bring when sold back, each addend by name, and
    ///         what a purchase may still take. It never reverts because something is closed: `price.buying`,
    ///         `price.selling` and `limits.closure` say so.
    function quote(
        uint256 id,
        uint256 size
    ) external view returns (IOptionPricer.Quote memory price, ISaleLimits.Limits memory limits);

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

    /// @notice {buy} for the auctions: the half-spread times `factor` (WAD), paid by `buyer`. Auctions only.
    function buyAtFactor(
        uint256 id,
        uint256 size,
        uint256 factor,
        uint256 maxPremium,
        address buyer,
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

    /// @notice Takes an expiry off the board at the price that {IExpiryPriceOracle} proved, and records what is owed.
    ///         Anyone, any time after the proof: the outcome is the same whoever calls and whenever.
    function settle(uint256 expiry) external returns (uint256 price);

    /// @notice Burns the caller's `size` options of a settled series and pays what they are worth to `receiver`.
    function redeem(uint256 id, uint256 size, address receiver) external returns (uint256 payout);

    /// @notice Burns all of `holder`'s options of a settled series and pays him. Anyone: it can only pay the holder.
    function redeemFor(address holder, uint256 id) external returns (uint256 payout);

    /// @notice The options that it mints and burns.
    function token() external view returns (IOptionToken);

    /// @notice Expiries that are listed and not settled, in order of listing.
    function liveExpiries() external view returns (uint256[] memory);

    function expiryOf(uint256 expiry) external view returns (Expiry memory);

    /// @notice The packed strikes of an expiry with the open interest of their call and put.
    function strikesOf(uint256 expiry) external view returns (StrikeSlot[] memory);

    /// @notice {strikesOf} for whoever prices the book: empty when nothing of the expiry is open.
    function openStrikesOf(uint256 expiry) external view returns (StrikeSlot[] memory);

    /// @notice Whose options these are.
    function vault() external view returns (IOptionVault);

    /// @notice False for a series that was never listed.
    function isListed(uint256 id) external view returns (bool);

    /// @notice Open contracts of all live expiries by type, WAD.
    function openContracts() external view returns (uint256 calls, uint256 puts);

    /// @notice See {setVegaCapacity}; zero = nothing can be sold.
    function vegaCapacity() external view returns (uint256);

    /// @notice WAD options of a series sold and not settled.
    function openInterest(uint256 id) external view returns (uint256);

    /// @notice Payout of one option of a settled series, quote WAD.
    function payoff(uint256 id) external view returns (uint256);

    /// @notice True when an expiry with open interest has passed and is not settled.
    function hasUnsettledExpiry() external view returns (bool);
}
