// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {AccessManaged} from "@openzeppelin/contracts/access/manager/AccessManaged.sol";
import {IERC20} from "@openzeppelin/contracts/token/ERC20/IERC20.sol";
import {IERC20Metadata} from "@openzeppelin/contracts/token/ERC20/extensions/IERC20Metadata.sol";
import {SafeERC20} from "@openzeppelin/contracts/token/ERC20/utils/SafeERC20.sol";
import {Math} from "@openzeppelin/contracts/utils/math/Math.sol";
import {SafeCast} from "@openzeppelin/contracts/utils/math/SafeCast.sol";
import {IExpiryPriceOracle} from "./interfaces/IExpiryPriceOracle.sol";
import {IOptionMarket} from "./interfaces/IOptionMarket.sol";
import {IOptionPricer} from "./interfaces/IOptionPricer.sol";
import {IOptionToken} from "./interfaces/IOptionToken.sol";
import {IOptionVault} from "./interfaces/IOptionVault.sol";
import {IRiskEngine} from "./interfaces/IRiskEngine.sol";
import {ISaleLimits} from "./interfaces/ISaleLimits.sol";
import {IVolatilitySurface} from "./interfaces/IVolatilitySurface.sol";
import {Calendar} from "./libraries/Calendar.sol";
import {SeriesId} from "./libraries/SeriesId.sol";
import {StrikeSlot, StrikeSlotLib} from "./libraries/StrikeSlot.sol";

/// @title OptionMarket: the board
/// @notice Sells options of the vault to anyone at the price that {IOptionPricer} gives, within what the vault can cover
///         ({ISaleLimits}); buys them back; settles each expiry at the price that {IExpiryPriceOracle} proved; pays
///         holders from the vault.
///
///         BOARD. Expiries are Fridays at 08:00 UTC. A strike is a call and a put in one storage slot. At most 256 series
///         and 12 expiries are live, at most 20 strikes are listed a day: that bounds what any view of the book can cost.
///
///         SETTLEMENT. Taking an expiry off the board fixes what is owed and never depends on cash. It leaves the book in
///         the same transaction. Holders redeem whenever they like; what is owed is senior to every share.
///
///         ROLES. The lister lists inside hard bounds, the curator says how much vega an expiry takes. Neither can change
///         what was sold, name a price, or stop settlement and redemption. User functions carry no role.
contract OptionMarket is IOptionMarket, AccessManaged {
    using SafeERC20 for IERC20;

    uint256 private constant WAD = 1e18;
    /// @notice An expiry is listed at least this far ahead.
    uint256 public constant MIN_TIME_TO_EXPIRY = 1 hours;
    uint256 public constant MAX_TIME_TO_EXPIRY = 400 days;
    /// @notice Live series, calls and puts.
    uint256 public constant MAX_SERIES = 256;
    uint256 public constant MAX_EXPIRIES = 12;
    uint256 public constant MAX_STRIKES_A_DAY = 20;
    /// @notice V_cap is at most this part of bid NAV, and is set at most this often.
    uint256 public constant MAX_VEGA_CAPACITY = 0.1e18; // 10 %
    uint256 public constant VEGA_CAPACITY_INTERVAL = 1 days;

    IERC20 public immutable quoteToken;
    IOptionVault public immutable vault;
    IOptionToken public immutable token;
    IRiskEngine public immutable riskEngine;
    ISaleLimits public immutable saleLimits;
    IOptionPricer public immutable pricer;
    IVolatilitySurface public immutable surface;
    IExpiryPriceOracle public immutable expiryPrices;
    address public immutable auctions;

    uint256 private immutable _assetScale;

    mapping(uint256 expiry => Expiry) private _expiries;
    mapping(uint256 expiry => StrikeSlot[]) private _strikes;
    /// @dev Place in `_strikes` plus one; zero = not listed.
    mapping(uint256 expiry => mapping(uint256 strike => uint256)) private _place;
    /// @dev Quote-token units still set aside for a settled series.
    mapping(uint256 id => uint256) private _claims;
    uint256[] private _liveExpiries;
    uint128 private _openCalls;
    uint128 private _openPuts;
    uint128 private _vegaCapacity;
    uint40 private _vegaCapacitySetAt;
    uint32 private _liveSeries;
    uint32 private _listingDay;
    uint16 private _listedToday;
    /// @dev The earliest live expiry; 0 = none.
    uint40 private _nextExpiry;

    /// @dev One lock with vault and controller: no call of any of them starts inside another.
    modifier locked() {
        vault.lock();
        _;
        vault.unlock();
    }

    modifier before(uint256 deadline) {
        if (block.timestamp > deadline) revert DeadlinePassed(deadline, block.timestamp);
        _;
    }

    /// @param quoteToken_ The vault's asset; the vault itself is not deployed yet when this runs.
    constructor(
        address authority_,
        IERC20Metadata quoteToken_,
        IOptionVault vault_,
        IOptionToken token_,
        IRiskEngine riskEngine_,
        ISaleLimits saleLimits_,
        IOptionPricer pricer_,
        IVolatilitySurface surface_,
        IExpiryPriceOracle expiryPrices_,
        address auctions_
    ) AccessManaged(authority_) {
        quoteToken = quoteToken_;
        vault = vault_;
        token = token_;
        riskEngine = riskEngine_;
        saleLimits = saleLimits_;
        pricer = pricer_;
        surface = surface_;
        expiryPrices = expiryPrices_;
        auctions = auctions_;
        _assetScale = 10 ** (18 - quoteToken_.decimals());
    }

    // ---------------------------------------------------------------- lister

    /// @inheritdoc IOptionMarket
    function listExpiry(uint256 expiry) external restricted {
        if (expiry < block.timestamp + MIN_TIME_TO_EXPIRY) {
            revert ExpiryTooSoon(expiry, block.timestamp + MIN_TIME_TO_EXPIRY);
        }
        if (expiry > block.timestamp + MAX_TIME_TO_EXPIRY) {
            revert ExpiryTooFar(expiry, block.timestamp + MAX_TIME_TO_EXPIRY);
        }
        if (!Calendar.isExpiry(expiry, block.timestamp)) revert ExpiryNotOnCalendar(expiry);
        if (_expiries[expiry].listed) revert ExpiryAlreadyListed(expiry);
        if (_liveExpiries.length == MAX_EXPIRIES) revert TooManyExpiries(MAX_EXPIRIES + 1, MAX_EXPIRIES);
        _expiries[expiry].listed = true;
        _liveExpiries.push(expiry);
        if (_nextExpiry == 0 || expiry < _nextExpiry) _nextExpiry = uint40(expiry);
        emit ExpiryListed(expiry);
        surface.addExpiry(expiry);
        expiryPrices.recordListing(expiry);
    }

    /// @inheritdoc IOptionMarket
    function listStrikes(uint256 expiry, uint256[] calldata strikes) external restricted {
        _requireLive(expiry);
        _countListing(strikes.length);
        for (uint256 i; i < strikes.length; ++i) {
            uint256 strike = strikes[i];
            if (_place[expiry][strike] != 0) revert StrikeAlreadyListed(expiry, strike);
            _strikes[expiry].push(StrikeSlotLib.pack(strike, 0, 0));
            _place[expiry][strike] = _strikes[expiry].length;
            uint256 callId = SeriesId.encode(expiry, strike, true);
            uint256 putId = SeriesId.encode(expiry, strike, false);
            emit StrikeListed(expiry, strike, callId, putId);
        }
    }

    // ---------------------------------------------------------------- curator

    /// @inheritdoc IOptionMarket
    function setVegaCapacity(uint256 vegaCapacity_) external restricted {
        uint256 earliest = _vegaCapacitySetAt == 0 ? 0 : _vegaCapacitySetAt + VEGA_CAPACITY_INTERVAL;
        if (block.timestamp < earliest) revert VegaCapacityTooSoon(earliest, block.timestamp);
        // Where the bid is wrong or unknown its tenth would let V_cap fall to anything.
        IRiskEngine.Valuation memory v = riskEngine.valuation();
        if (v.closure != IRiskEngine.Closure.None) revert ISaleLimits.SalesClosed(v.closure);
        uint256 most = (v.bid * MAX_VEGA_CAPACITY) / WAD;
        uint256 least = 1;
        if (_vegaCapacity != 0) {
            most = Math.min(most, 2 * uint256(_vegaCapacity));
            least = Math.max(Math.min(Math.ceilDiv(_vegaCapacity, 2), most), 1);
        }
        if (vegaCapacity_ < least || vegaCapacity_ > most) {
            revert VegaCapacityOutOfBounds(vegaCapacity_, least, most);
        }
        _vegaCapacity = SafeCast.toUint128(vegaCapacity_);
        _vegaCapacitySetAt = uint40(block.timestamp);
        emit VegaCapacitySet(vegaCapacity_);
    }

    // ---------------------------------------------------------------- traders

    /// @inheritdoc IOptionMarket
    function buy(
        uint256 id,
        uint256 size,
        uint256 maxPremium,
        uint256 deadline,
        address receiver
    ) external before(deadline) locked returns (uint256 premium) {
        return _buy(id, size, maxPremium, pricer.quote(id, size), msg.sender, receiver);
    }

    /// @inheritdoc IOptionMarket
    function buyAtFactor(
        uint256 id,
        uint256 size,
        uint256 factor,
        uint256 maxPremium,
        address buyer,
        address receiver
    ) external locked returns (uint256 premium) {
        if (msg.sender != auctions) revert NotAuctions(msg.sender);
        return _buy(id, size, maxPremium, pricer.quoteAtFactor(id, size, factor), buyer, receiver);
    }

    /// @inheritdoc IOptionMarket
    function sell(
        uint256 id,
        uint256 size,
        uint256 minProceeds,
        uint256 deadline,
        address receiver
    ) external before(deadline) locked returns (uint256 proceeds) {
        if (receiver == address(0)) revert ZeroAddress();
        if (size == 0) revert ZeroAmount();
        IOptionPricer.Quote memory q = pricer.quote(id, size);
        if (q.selling != IRiskEngine.Closure.None) pricer.requireSellable(id, size, q);
        proceeds = q.proceeds;
        if (proceeds < minProceeds) revert ProceedsBelowLimit(proceeds, minProceeds);
        saleLimits.admitBuyback(_saleOf(id, size, q, q.sellSkew));

        token.burn(msg.sender, id, size);
        uint256 open = _changeOpenInterest(id, size, false);
        emit Sold(id, msg.sender, receiver, size, proceeds, q.spot, q.volatility, q.value, q.delta, open);
        if (proceeds != 0) vault.payBuyback(receiver, proceeds);
    }

    /// @inheritdoc IOptionMarket
    function settle(uint256 expiry) external locked returns (uint256 price) {
        Expiry storage e = _expiries[expiry];
        if (!e.listed) revert ExpiryNotListed(expiry);
        if (e.settled) revert ExpiryAlreadySettled(expiry);
        price = expiryPrices.settlementPrice(expiry);
        e.settled = true;
        e.settlementPrice = SafeCast.toUint128(price);
        e.openContracts = 0;

        StrikeSlot[] storage slots = _strikes[expiry];
        uint256 count = slots.length;
        uint256 total;
        uint256 calls;
        uint256 puts;
        for (uint256 i; i < count; ++i) {
            StrikeSlot slot = slots[i];
            if (!slot.hasOpenInterest()) continue;
            calls += slot.callOpenInterest();
            puts += slot.putOpenInterest();
            total += _recordClaim(expiry, slot.strikeWad(), true, slot.callOpenInterest(), price);
            total += _recordClaim(expiry, slot.strikeWad(), false, slot.putOpenInterest(), price);
        }
        _openCalls -= uint128(calls);
        _openPuts -= uint128(puts);
        _liveSeries -= uint32(2 * count);
        _removeLiveExpiry(expiry);
        surface.removeExpiry(expiry);
        vault.recordClaims(total);
        saleLimits.spend();
        emit Settled(expiry, price, total, msg.sender);
    }

    /// @inheritdoc IOptionMarket
    function redeem(uint256 id, uint256 size, address receiver) external locked returns (uint256 payout) {
        if (size == 0) revert ZeroAmount();
        if (receiver == address(0)) revert ZeroAddress();
        return _redeem(msg.sender, id, size, receiver);
    }

    /// @inheritdoc IOptionMarket
    function redeemFor(address holder, uint256 id) external locked returns (uint256 payout) {
        uint256 size = token.balanceOf(holder, id);
        if (size == 0) revert ZeroAmount();
        return _redeem(holder, id, size, holder);
    }

    // ---------------------------------------------------------------- views

    /// @inheritdoc IOptionMarket
    function quote(
        uint256 id,
        uint256 size
    ) external view returns (IOptionPricer.Quote memory price, ISaleLimits.Limits memory limits) {
        if (vault.inProgress()) revert IRiskEngine.ReentrantRead();
        price = pricer.quote(id, size);
        limits = saleLimits.limits(_saleOf(id, size, price, price.buySkew));
    }

    /// @inheritdoc IOptionMarket
    function liveExpiries() external view returns (uint256[] memory) {
        return _liveExpiries;
    }

    /// @inheritdoc IOptionMarket
    function expiryOf(uint256 expiry) external view returns (Expiry memory) {
        return _expiries[expiry];
    }

    /// @inheritdoc IOptionMarket
    function strikesOf(uint256 expiry) external view returns (StrikeSlot[] memory) {
        return _strikes[expiry];
    }

    /// @inheritdoc IOptionMarket
    /// @dev `return _strikes[expiry];`, for half of its gas beside the reads: the slots of an array lie one after the
    ///      other, and a slot is its own ABI encoding.
    function openStrikesOf(uint256 expiry) external view returns (StrikeSlot[] memory) {
        if (_expiries[expiry].openContracts == 0) return new StrikeSlot[](0);
        StrikeSlot[] storage slots = _strikes[expiry];
        uint256 count = slots.length;
        assembly ("memory-safe") {
            mstore(0x00, slots.slot)
            let from := keccak256(0x00, 0x20)
            let start := mload(0x40)
            mstore(start, 0x20)
            mstore(add(start, 0x20), count)
            let to := add(start, 0x40)
            for {
                let end := add(from, count)
            } lt(from, end) {
                from := add(from, 1)
            } {
                mstore(to, sload(from))
                to := add(to, 0x20)
            }
            return(start, sub(to, start))
        }
    }

    /// @inheritdoc IOptionMarket
    function isListed(uint256 id) external view returns (bool) {
        (uint256 expiry, uint256 strike, ) = SeriesId.decode(id);
        return _place[expiry][strike] != 0;
    }

    /// @inheritdoc IOptionMarket
    function openContracts() external view returns (uint256 calls, uint256 puts) {
        return (_openCalls, _openPuts);
    }

    /// @inheritdoc IOptionMarket
    function vegaCapacity() external view returns (uint256) {
        return _vegaCapacity;
    }

    /// @inheritdoc IOptionMarket
    function openInterest(uint256 id) external view returns (uint256) {
        (uint256 expiry, uint256 strike, bool isCall) = SeriesId.decode(id);
        if (_expiries[expiry].settled) return 0;
        StrikeSlot slot = _strikes[expiry][_placeOf(id, expiry, strike)];
        return isCall ? slot.callOpenInterest() : slot.putOpenInterest();
    }

    /// @inheritdoc IOptionMarket
    function payoff(uint256 id) external view returns (uint256) {
        return _payoff(id);
    }

    /// @inheritdoc IOptionMarket
    function hasUnsettledExpiry() external view returns (bool) {
        // A sale's gas does not depend on how many expiries there are.
        if (_nextExpiry > block.timestamp) return false;
        uint256 count = _liveExpiries.length;
        for (uint256 i; i < count; ++i) {
            uint256 expiry = _liveExpiries[i];
            if (expiry <= block.timestamp && _expiries[expiry].openContracts != 0) return true;
        }
        return false;
    }

    // ---------------------------------------------------------------- internal

    function _buy(
        uint256 id,
        uint256 size,
        uint256 maxPremium,
        IOptionPricer.Quote memory q,
        address buyer,
        address receiver
    ) private returns (uint256 premium) {
        if (receiver == address(0)) revert ZeroAddress();
        if (q.buying != IRiskEngine.Closure.None) pricer.requireBuyable(id, size, q);
        premium = q.premium;
        if (premium > maxPremium) revert PremiumAboveLimit(premium, maxPremium);

        quoteToken.safeTransferFrom(buyer, address(vault), premium);
        vault.collectPremium(premium);
        uint256 open = _changeOpenInterest(id, size, true);
        token.mint(receiver, id, size);
        saleLimits.admitSale(_saleOf(id, size, q, q.buySkew));
        emit Bought(id, buyer, receiver, size, premium, q.spot, q.volatility, q.value, q.delta, open);
    }

    function _saleOf(
        uint256 id,
        uint256 size,
        IOptionPricer.Quote memory q,
        uint256 skew
    ) private pure returns (ISaleLimits.Sale memory sale) {
        (, sale.strike, sale.isCall) = SeriesId.decode(id);
        sale.size = size;
        sale.delta = q.delta;
        sale.jumpDelta = q.jumpDelta;
        sale.vega = q.vega;
        sale.skew = skew;
        sale.value = q.value;
        sale.premium = q.premium;
        sale.spot = q.spot;
        sale.spotUpdatedAt = q.spotUpdatedAt;
        sale.isPull = q.isPull;
    }

    function _countListing(uint256 strikes) private {
        uint256 series = _liveSeries + 2 * strikes;
        if (series > MAX_SERIES) revert TooManySeries(series, MAX_SERIES);
        uint256 today = block.timestamp / 1 days;
        uint256 listed = (today == _listingDay ? _listedToday : 0) + strikes;
        if (listed > MAX_STRIKES_A_DAY) revert TooManyStrikesToday(listed, MAX_STRIKES_A_DAY);
        (_liveSeries, _listingDay, _listedToday) = (uint32(series), uint32(today), uint16(listed));
    }

    /// @return open Of the series after the change.
    function _changeOpenInterest(uint256 id, uint256 size, bool isMore) private returns (uint256 open) {
        (uint256 expiry, uint256 strike, bool isCall) = SeriesId.decode(id);
        uint256 place = _placeOf(id, expiry, strike);
        StrikeSlot slot = _strikes[expiry][place];
        open = isCall ? slot.callOpenInterest() : slot.putOpenInterest();
        open = isMore ? open + size : open - size;
        uint256 all = _expiries[expiry].openContracts;
        _expiries[expiry].openContracts = isMore ? all + size : all - size;
        _strikes[expiry][place] = isCall ? slot.withCall(open) : slot.withPut(open);
        // An open interest fits 96 bits, and there are 128 strikes at most: the sums fit 128.
        if (isCall) _openCalls = uint128(isMore ? _openCalls + size : _openCalls - size);
        else _openPuts = uint128(isMore ? _openPuts + size : _openPuts - size);
    }

    function _redeem(address holder, uint256 id, uint256 size, address receiver) private returns (uint256 payout) {
        payout = _toAssetsDown(_payoff(id), size);
        token.burn(holder, id, size);
        _claims[id] -= payout;
        // The last holder's redemption frees what rounding kept back.
        if (token.totalSupply(id) == 0 && _claims[id] != 0) {
            vault.releaseClaims(_claims[id]);
            _claims[id] = 0;
        }
        emit Redeemed(id, holder, receiver, size, payout);
        if (payout != 0) vault.payClaim(receiver, payout);
    }

    function _recordClaim(
        uint256 expiry,
        uint256 strike,
        bool isCall,
        uint256 open,
        uint256 price
    ) private returns (uint256 assets) {
        assets = _toAssetsDown(_intrinsic(strike, isCall, price), open);
        if (assets != 0) _claims[SeriesId.encode(expiry, strike, isCall)] = assets;
    }

    function _removeLiveExpiry(uint256 expiry) private {
        uint256 count = _liveExpiries.length;
        uint256 place;
        uint256 next;
        for (uint256 i; i < count; ++i) {
            uint256 live = _liveExpiries[i];
            if (live == expiry) place = i;
            else if (next == 0 || live < next) next = live;
        }
        _liveExpiries[place] = _liveExpiries[count - 1];
        _liveExpiries.pop();
        _nextExpiry = uint40(next);
    }

    function _payoff(uint256 id) private view returns (uint256) {
        (uint256 expiry, uint256 strike, bool isCall) = SeriesId.decode(id);
        _placeOf(id, expiry, strike);
        Expiry memory e = _expiries[expiry];
        if (!e.settled) revert ExpiryNotSettled(expiry);
        return _intrinsic(strike, isCall, e.settlementPrice);
    }

    function _intrinsic(uint256 strike, bool isCall, uint256 price) private pure returns (uint256) {
        if (isCall) return price > strike ? price - strike : 0;
        return strike > price ? strike - price : 0;
    }

    function _toAssetsDown(uint256 priceWad, uint256 size) private view returns (uint256) {
        return Math.mulDiv(priceWad, size, WAD * _assetScale, Math.Rounding.Floor);
    }

    function _placeOf(uint256 id, uint256 expiry, uint256 strike) private view returns (uint256) {
        uint256 place = _place[expiry][strike];
        if (place == 0) revert SeriesNotListed(id);
        return place - 1;
    }

    function _requireLive(uint256 expiry) private view {
        if (!_expiries[expiry].listed) revert ExpiryNotListed(expiry);
        if (_expiries[expiry].settled) revert ExpiryAlreadySettled(expiry);
        if (expiry <= block.timestamp) revert ExpiryTooSoon(expiry, block.timestamp + 1);
    }
}
