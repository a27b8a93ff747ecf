// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {AccessManaged} from "@openzeppelin/contracts/access/manager/AccessManaged.sol";
import {IERC20} from "@openzeppelin/contracts/token/ERC20/IERC20.sol";
import {IERC20Metadata} from "@openzeppelin/contracts/token/ERC20/extensions/IERC20Metadata.sol";
import {SafeERC20} from "@openzeppelin/contracts/token/ERC20/utils/SafeERC20.sol";
import {Math} from "@openzeppelin/contracts/utils/math/Math.sol";
import {SafeCast} from "@openzeppelin/contracts/utils/math/SafeCast.sol";
import {SignedMath} from "@openzeppelin/contracts/utils/math/SignedMath.sol";
import {IOptionMarket} from "./interfaces/IOptionMarket.sol";
import {IOptionToken} from "./interfaces/IOptionToken.sol";
import {IOptionVault} from "./interfaces/IOptionVault.sol";
import {IRiskEngine} from "./interfaces/IRiskEngine.sol";
import {ISpotOracle} from "./interfaces/ISpotOracle.sol";
import {OptionMath} from "./libraries/OptionMath.sol";
import {SeriesId} from "./libraries/SeriesId.sol";
import {StrikeSlot, StrikeSlotLib} from "./libraries/StrikeSlot.sol";

/// @title OptionMarket: the board
/// @notice Sells options of the vault at the model's price plus a half-spread, to anyone, within what the vault can
///         cover; buys them back at the model's price less a half-spread; settles each expiry at the feed's first complete round after it; pays holders from the vault.
///
///         PRICE. Black–Scholes at the expiry's posted volatility and guarded spot, carry 0, ± half-spread: 2
///         volatility points of vega, plus 0.77 % of |delta| · spot (the push feed's doubt and the cost of the hedge).
///
///         ROLES. The curator lists and posts volatility inside hard bounds. He cannot change what was sold or stop
///         settlement and redemption. But whoever posts the volatility makes the price, both ways: a curator with an
///         accomplice can move money out of the vault by it, so he is trusted with it until posts are bounded by a
///         surface and its speed limits. User functions carry no role.
contract OptionMarket is IOptionMarket, AccessManaged {
    using SafeERC20 for IERC20;
    using SignedMath for int256;

    uint256 private constant WAD = 1e18;
    /// @notice Addend of the half-spread: the doubt of volatility, annual.
    uint256 public constant VOLATILITY_SPREAD = 0.02e18; // 2 volatility points
    /// @notice Addend of the half-spread: part of |delta| · spot.
    uint256 public constant DELTA_SPREAD = 0.0077e18; // 0.77 %
    uint256 public constant MIN_VOLATILITY = 0.2e18; // 20 %
    uint256 public constant MAX_VOLATILITY = 3e18; // 300 %
    uint256 public constant MIN_SIZE = 0.01e18; // a hundredth of an option
    /// @notice Nothing is sold in an expiry's last hour.
    uint256 public constant SALE_CUTOFF = 1 hours;
    uint256 public constant MAX_TIME_TO_EXPIRY = 2 * 365 days;
    /// @notice Options are sold only inside these bounds of |delta|. Outside, a premium rounds to nothing while the size
    ///         counts in the hedging band, and the stress test at ± 50 % does not see what they can cost.
    uint256 public constant MIN_DELTA = 0.05e18;
    uint256 public constant MAX_DELTA = 0.95e18;
    /// @notice Live series, calls and puts, and live expiries: they bound what any view of the book can cost.
    uint256 public constant MAX_SERIES = 256;
    uint256 public constant MAX_EXPIRIES = 32;

    IERC20 public immutable quoteToken;
    IOptionVault public immutable vault;
    IOptionToken public immutable token;
    IRiskEngine public immutable riskEngine;
    ISpotOracle public immutable oracle;

    uint256 private immutable _assetScale;

    mapping(uint256 expiry => Expiry) private _expiries;
    mapping(uint256 expiry => StrikeSlot[]) private _strikes;
    /// @dev Place in `_strikes` plus one; zero = not listed.
    mapping(uint256 expiry => mapping(uint256 strike => uint256)) private _place;
    /// @dev Quote-token units still set aside for a settled series.
    mapping(uint256 id => uint256) private _claims;
    uint256[] private _liveExpiries;
    uint256 private _liveSeries;

    /// @dev One lock with vault and controller: no call of any of them starts inside another.
    modifier locked() {
        vault.lock();
        _;
        vault.unlock();
    }

    /// @param quoteToken_ The vault's asset; the vault itself is not deployed yet when this runs.
    constructor(
        address authority_,
        IERC20Metadata quoteToken_,
        IOptionVault vault_,
        IOptionToken token_,
        IRiskEngine riskEngine_,
        ISpotOracle oracle_
    ) AccessManaged(authority_) {
        quoteToken = quoteToken_;
        vault = vault_;
        token = token_;
        riskEngine = riskEngine_;
        oracle = oracle_;
        _assetScale = 10 ** (18 - quoteToken_.decimals());
    }

    // ---------------------------------------------------------------- curator

    /// @inheritdoc IOptionMarket
    function listExpiry(uint256 expiry, uint256 volatility) external restricted {
        if (expiry < block.timestamp + SALE_CUTOFF) revert ExpiryTooSoon(expiry, block.timestamp + SALE_CUTOFF);
        if (expiry > block.timestamp + MAX_TIME_TO_EXPIRY) {
            revert ExpiryTooFar(expiry, block.timestamp + MAX_TIME_TO_EXPIRY);
        }
        if (_expiries[expiry].volatility != 0) revert ExpiryAlreadyListed(expiry);
        _requireVolatility(volatility);
        if (_liveExpiries.length == MAX_EXPIRIES) revert TooManyExpiries(MAX_EXPIRIES + 1, MAX_EXPIRIES);
        _expiries[expiry].volatility = uint64(volatility);
        _liveExpiries.push(expiry);
        emit ExpiryListed(expiry, volatility);
    }

    /// @inheritdoc IOptionMarket
    function listStrikes(uint256 expiry, uint256[] calldata strikes) external restricted {
        _requireLive(expiry);
        uint256 series = _liveSeries + 2 * strikes.length;
        if (series > MAX_SERIES) revert TooManySeries(series, MAX_SERIES);
        _liveSeries = series;
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

    /// @inheritdoc IOptionMarket
    function setVolatility(uint256 expiry, uint256 volatility) external restricted {
        _requireLive(expiry);
        _requireVolatility(volatility);
        _expiries[expiry].volatility = uint64(volatility);
        emit VolatilityPosted(expiry, volatility);
    }

    // ---------------------------------------------------------------- traders

    /// @inheritdoc IOptionMarket
    function buy(
        uint256 id,
        uint256 size,
        uint256 maxPremium,
        uint256 deadline,
        address receiver
    ) external locked returns (uint256 premium) {
        if (block.timestamp > deadline) revert DeadlinePassed(deadline, block.timestamp);
        if (receiver == address(0)) revert ZeroAddress();
        Quote memory q = _quote(id, size);
        uint256 delta = q.delta.abs();
        if (delta < MIN_DELTA || delta > MAX_DELTA) revert DeltaOutOfBounds(q.delta, MIN_DELTA, MAX_DELTA);
        premium = q.premium;
        if (premium > maxPremium) revert PremiumAboveLimit(premium, maxPremium);

        quoteToken.safeTransferFrom(msg.sender, address(vault), premium);
        vault.collectPremium(premium);
        _changeOpenInterest(id, size, true);
        token.mint(receiver, id, size);
        riskEngine.checkSale();
        emit Bought(id, msg.sender, receiver, size, premium, q.spot, q.value);
    }

    /// @inheritdoc IOptionMarket
    function sell(
        uint256 id,
        uint256 size,
        uint256 minProceeds,
        uint256 deadline,
        address receiver
    ) external locked returns (uint256 proceeds) {
        if (block.timestamp > deadline) revert DeadlinePassed(deadline, block.timestamp);
        if (receiver == address(0)) revert ZeroAddress();
        Quote memory q = _quote(id, size);
        proceeds = q.proceeds;
        if (proceeds < minProceeds) revert ProceedsBelowLimit(proceeds, minProceeds);
        riskEngine.checkBuyback();

        token.burn(msg.sender, id, size);
        _changeOpenInterest(id, size, false);
        emit Sold(id, msg.sender, receiver, size, proceeds, q.spot, q.value);
        if (proceeds != 0) vault.payBuyback(receiver, proceeds);
    }

    /// @inheritdoc IOptionMarket
    function settle(uint256 expiry, uint80 roundId) external locked returns (uint256 price) {
        Expiry storage e = _expiries[expiry];
        if (e.volatility == 0) revert ExpiryNotListed(expiry);
        if (e.settled) revert ExpiryAlreadySettled(expiry);
        price = oracle.settlementPrice(expiry, roundId);
        e.settled = true;
        e.settlementPrice = SafeCast.toUint128(price);
        e.openContracts = 0;

        StrikeSlot[] storage slots = _strikes[expiry];
        uint256 count = slots.length;
        uint256 total;
        for (uint256 i; i < count; ++i) {
            StrikeSlot slot = slots[i];
            total += _recordClaim(expiry, slot.strikeWad(), true, slot.callOpenInterest(), price);
            total += _recordClaim(expiry, slot.strikeWad(), false, slot.putOpenInterest(), price);
        }
        _liveSeries -= 2 * count;
        _removeLiveExpiry(expiry);
        vault.recordClaims(total);
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
    function quote(uint256 id, uint256 size) external view returns (Quote memory) {
        if (vault.inProgress()) revert IRiskEngine.ReentrantRead();
        return _quote(id, size);
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
        uint256 count = _liveExpiries.length;
        for (uint256 i; i < count; ++i) {
            uint256 expiry = _liveExpiries[i];
            if (expiry <= block.timestamp && _expiries[expiry].openContracts != 0) return true;
        }
        return false;
    }

    // ---------------------------------------------------------------- internal

    function _quote(uint256 id, uint256 size) private view returns (Quote memory q) {
        (uint256 expiry, uint256 strike, bool isCall) = SeriesId.decode(id);
        _placeOf(id, expiry, strike);
        if (block.timestamp + SALE_CUTOFF > expiry) revert SaleClosed(expiry, expiry - SALE_CUTOFF);
        if (size < MIN_SIZE) revert SizeBelowMinimum(size, MIN_SIZE);

        (q.spot, ) = oracle.spot();
        q.volatility = _expiries[expiry].volatility;
        OptionMath.Expiry memory context = OptionMath.expiry(expiry - block.timestamp, 0, 0);
        OptionMath.Greeks memory g = OptionMath.greeks(context, q.spot, strike, q.volatility, isCall);
        q.value = g.price;
        q.delta = g.delta;
        q.volatilitySpread = Math.ceilDiv(g.vega * VOLATILITY_SPREAD, WAD);
        q.deltaSpread = Math.mulDiv(g.delta.abs() * DELTA_SPREAD, q.spot, WAD * WAD, Math.Rounding.Ceil);
        uint256 halfSpread = q.volatilitySpread + q.deltaSpread;
        q.premium = Math.mulDiv(q.value + halfSpread, size, WAD * _assetScale, Math.Rounding.Ceil);
        q.proceeds = _toAssetsDown(Math.saturatingSub(q.value, halfSpread), size);
    }

    function _changeOpenInterest(uint256 id, uint256 size, bool isMore) private {
        (uint256 expiry, uint256 strike, bool isCall) = SeriesId.decode(id);
        uint256 place = _placeOf(id, expiry, strike);
        StrikeSlot slot = _strikes[expiry][place];
        uint256 open = isCall ? slot.callOpenInterest() : slot.putOpenInterest();
        open = isMore ? open + size : open - size;
        uint256 all = _expiries[expiry].openContracts;
        _expiries[expiry].openContracts = isMore ? all + size : all - size;
        _strikes[expiry][place] = isCall ? slot.withCall(open) : slot.withPut(open);
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
        uint256 last = _liveExpiries.length - 1;
        for (uint256 i; i < last; ++i) {
            if (_liveExpiries[i] == expiry) {
                _liveExpiries[i] = _liveExpiries[last];
                break;
            }
        }
        _liveExpiries.pop();
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
        if (_expiries[expiry].volatility == 0) revert ExpiryNotListed(expiry);
        if (_expiries[expiry].settled) revert ExpiryAlreadySettled(expiry);
        if (expiry <= block.timestamp) revert ExpiryTooSoon(expiry, block.timestamp + 1);
    }

    function _requireVolatility(uint256 volatility) private pure {
        if (volatility < MIN_VOLATILITY || volatility > MAX_VOLATILITY) {
            revert VolatilityOutOfBounds(volatility, MIN_VOLATILITY, MAX_VOLATILITY);
        }
    }
}
