// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {IERC20Metadata} from "@openzeppelin/contracts/token/ERC20/extensions/IERC20Metadata.sol";
import {Math} from "@openzeppelin/contracts/utils/math/Math.sol";
import {SignedMath} from "@openzeppelin/contracts/utils/math/SignedMath.sol";
import {IFundingOracle} from "./interfaces/IFundingOracle.sol";
import {IHedgeController} from "./interfaces/IHedgeController.sol";
import {IOptionMarket} from "./interfaces/IOptionMarket.sol";
import {IOptionPricer} from "./interfaces/IOptionPricer.sol";
import {IRiskEngine} from "./interfaces/IRiskEngine.sol";
import {ISaleLimits} from "./interfaces/ISaleLimits.sol";
import {ISpotOracle} from "./interfaces/ISpotOracle.sol";
import {IVolatilitySurface} from "./interfaces/IVolatilitySurface.sol";
import {ImpulseBand} from "./libraries/ImpulseBand.sol";
import {Ln} from "./libraries/math/Ln.sol";
import {OptionMath} from "./libraries/OptionMath.sol";
import {SeriesId} from "./libraries/SeriesId.sol";
import {StrikeSlot, StrikeSlotLib} from "./libraries/StrikeSlot.sol";
import {SviSlice} from "./libraries/Svi.sol";

/// @title OptionPricer: what an option costs, and why
/// @notice The formula, what closes and every error: {IOptionPricer}. Nothing is stored and nobody has a role here. What
///         the trader pays is rounded up at every step, what he gets down.
/// @dev The skew cannot be gained from because it is a difference of one function of the expiry's short vega: whatever the
///      order of trades, what it took on the way out is the most that it gives on the way back. That holds as long as
///      the vega of an option is the same number inside the sum over the strikes and by itself, so both come from guarded
///      spot, the same time and the same volatility.
contract OptionPricer is IOptionPricer {
    using OptionMath for OptionMath.Expiry;
    using SignedMath for int256;

    /// @dev What is quoted, and what the oracles say of it.
    struct Terms {
        uint256 expiry;
        uint256 strike;
        uint256 size;
        uint256 vegaCapacity;
        uint256 gamma;
        SviSlice slice;
        OptionMath.Expiry context;
        bool isCall;
        bool isSpotTrusted;
        bool isMarkReadable;
        bool isMarkApart;
        IFundingOracle.Clamp clamp;
        IVolatilitySurface.Closure surfaceClosure;
    }

    uint256 private constant WAD = 1e18;
    uint256 private constant YEAR = 365 days;

    uint256 public constant MIN_SIZE = .01e18; // a hundredth of an option
    /// @notice Nothing is sold in an expiry's last hour.
    uint256 public constant SALE_CUTOFF = 1 hours;
    /// @notice The least time that anything is priced with.
    uint256 public constant MIN_TIME = 600 seconds;
    uint256 public constant MIN_DELTA = .05e18;
    uint256 public constant MAX_DELTA = .95e18;
    /// @notice How far the venue's mark may lie from guarded spot, a part of it.
    uint256 public constant MAX_APART = .015e18; // 1.5 %
    /// @notice u: the doubt of the carry, a year.
    uint256 public constant CARRY_DOUBT = .04e18; // 4 %
    /// @notice κ: the skew in volatility at a short vega of V_cap.
    uint256 public constant SKEW = .1e18; // 10 points
    /// @notice The move of spot after which the delta counts that one round of the oracle may sell.
    uint256 public constant JUMP = .02e18; // 2 %
    /// @notice a of the band whose cost is charged.
    uint256 public constant RISK_AVERSION = 100e18;
    /// @notice A hedge's fixed cost is shared by at least so many contracts.
    uint256 public constant MIN_CONTRACTS = 5e18;
    /// @dev Part of T: over its life an option needs less hedging than its first day suggests.
    uint256 private constant TURNOVER = .7e18;

    IOptionMarket public immutable market;
    IVolatilitySurface public immutable surface;
    IFundingOracle public immutable funding;
    ISpotOracle public immutable oracle;
    IHedgeController public immutable controller;

    uint256 private immutable _assetScale;

    /// @param quoteToken Of at most 18 decimals. The others need not be deployed yet.
    constructor(
        IERC20Metadata quoteToken,
        IOptionMarket market_,
        IVolatilitySurface surface_,
        IFundingOracle funding_,
        ISpotOracle oracle_,
        IHedgeController controller_
    ) {
        market = market_;
        surface = surface_;
        funding = funding_;
        oracle = oracle_;
        controller = controller_;
        _assetScale = 10 ** (18 - quoteToken.decimals());
    }

    // ---------------------------------------------------------------- views

    /// @inheritdoc IOptionPricer
    function quote(uint256 id, uint256 size) external view returns (Quote memory) {
        return _quote(id, size, WAD);
    }

    /// @inheritdoc IOptionPricer
    function quoteAtFactor(uint256 id, uint256 size, uint256 factor) external view returns (Quote memory) {
        return _quote(id, size, factor);
    }

    /// @inheritdoc IOptionPricer
    function requireBuyable(uint256 id, uint256 size, Quote calldata q) external view {
        if (q.buying != IRiskEngine.Closure.None) _revertFor(q.buying, id, size, MIN_SIZE, q);
    }

    /// @inheritdoc IOptionPricer
    function requireSellable(uint256 id, uint256 size, Quote calldata q) external view {
        if (q.selling != IRiskEngine.Closure.None) _revertFor(q.selling, id, size, 1, q);
    }

    // ---------------------------------------------------------------- what a mutant of the tests leaves out

    /// @dev ε.
    function _doubtOf(ISpotOracle.Spot memory spot) internal view virtual returns (uint256) {
        return spot.doubt;
    }

    /// @dev Q1: carry moves the forward and discounts nothing.
    function _contextOf(
        uint256 secondsToExpiry,
        int256 carry
    ) internal view virtual returns (OptionMath.Expiry memory) {
        return OptionMath.expiry(secondsToExpiry, carry, 0);
    }

    /// @dev Q4: the second price at which the option is valued. Where the two are apart nothing is traded.
    function _secondPrice(Quote memory q, Terms memory t) internal view virtual returns (uint256) {
        return t.isMarkReadable && !t.isMarkApart ? q.markPrice : q.spot;
    }

    /// @dev What the option is worth at the two ends of spot's doubt. In the last hours ε is as much as spot has left to move,
    ///      and the second order falls short of that.
    function _valuesWithinDoubt(
        Quote memory q,
        Terms memory t
    ) internal view virtual returns (uint256 dearest, uint256 cheapest) {
        uint256 move = _mulDivUp(q.spot, q.spotDoubt, WAD);
        uint256 above = Math.min(q.spot + move, OptionMath.MAX_PRICE);
        uint256 below = Math.max(Math.saturatingSub(q.spot, move), 1);
        if (!t.isCall) (above, below) = (below, above);
        (dearest, ) = _sidesAt(t, above);
        (, cheapest) = _sidesAt(t, below);
    }

    function _isApart(uint256 spot, uint256 markPrice) internal view virtual returns (bool) {
        uint256 apart = markPrice > spot ? markPrice - spot : spot - markPrice;
        return apart > Math.mulDiv(spot, MAX_APART, WAD);
    }

    /// @dev E4.
    function _isSurfaceBehind(IVolatilitySurface.Closure closure) internal view virtual returns (bool) {
        return closure != IVolatilitySurface.Closure.None;
    }

    /// @dev Q5.
    function _isNearExpiry(uint256 expiry) internal view virtual returns (bool) {
        return block.timestamp + SALE_CUTOFF >= expiry;
    }

    /// @dev Q5.
    function _isOutOfBounds(uint256 delta) internal view virtual returns (bool) {
        return delta < MIN_DELTA || delta > MAX_DELTA;
    }

    /// @dev F1: at that end of its range the carry makes the option too cheap.
    function _isClamped(IFundingOracle.Clamp clamp, IFundingOracle.Clamp end) internal view virtual returns (bool) {
        return clamp == end;
    }

    /// @dev Q3: κ / (2 · V_cap) · [(V + x)² − V²].
    function _buySkew(
        uint256 shortVega,
        uint256 vegaSold,
        uint256 capacity
    ) internal view virtual returns (uint256 skew) {
        skew = _mulDivUp(vegaSold, 2 * shortVega + vegaSold, 2 * capacity);
        return _mulDivUp(skew, SKEW, WAD);
    }

    /// @dev Q3: κ / (2 · V_cap) · [V² − (V − x)²], and κ for each unit of V above V_cap: else whoever lowers V_cap would make
    ///      sales back as dear as he likes.
    function _sellSkew(
        uint256 shortVega,
        uint256 vegaBought,
        uint256 capacity
    ) internal view virtual returns (uint256 skew) {
        vegaBought = Math.min(vegaBought, shortVega);
        uint256 above = Math.min(vegaBought, Math.saturatingSub(shortVega, capacity));
        (shortVega, vegaBought) = (shortVega - above, vegaBought - above);
        skew = above + Math.mulDiv(vegaBought, 2 * shortVega - vegaBought, 2 * capacity);
        return Math.mulDiv(skew, SKEW, WAD);
    }

    /// @dev Q6: what an auction's buyer pays, token units.
    function _premiumOf(Quote memory q, uint256 size, uint256) internal view virtual returns (uint256) {
        uint256 each = q.value + q.buyer.worsePrice + q.buyer.halfSpread;
        return Math.max(_toAssetsUp(_mulDivUp(size, each, WAD) + q.buySkew), q.floor);
    }

    // ---------------------------------------------------------------- internal

    /// @dev While a call of ours is in progress only the market asks (RULES.md N6).
    function _quote(uint256 id, uint256 size, uint256 factor) private view returns (Quote memory q) {
        if (msg.sender != address(market) && market.vault().inProgress()) revert IRiskEngine.ReentrantRead();
        Terms memory t;
        (t.expiry, t.strike, t.isCall) = SeriesId.decode(id);
        if (!market.isListed(id)) revert IOptionMarket.SeriesNotListed(id);
        if (size > type(uint96).max) revert StrikeSlotLib.OpenInterestNotPackable(size);
        t.size = size;
        _readPrices(q, t);
        _readExpiry(q, t);
        if (_isPriced(q, t)) {
            _value(q, t);
            _addSpread(q, t, factor);
            _addSkew(q, t);
            _total(q, t, factor);
        }
        q.buying = _buyingClosure(q, t);
        q.selling = _sellingClosure(t);
    }

    function _readPrices(Quote memory q, Terms memory t) private view {
        ISpotOracle.Spot memory spot = oracle.read(surface.sigma());
        q.spot = spot.price;
        q.spotDoubt = _doubtOf(spot);
        q.spotUpdatedAt = spot.updatedAt;
        q.isPull = spot.source == ISpotOracle.Source.Pull;
        t.isSpotTrusted = spot.fault == ISpotOracle.Fault.None && _isInDomain(spot.price);
        (q.markPrice, t.isMarkReadable) = controller.markPrice();
        t.isMarkApart = t.isMarkReadable && _isApart(q.spot, q.markPrice);
    }

    function _readExpiry(Quote memory q, Terms memory t) private view {
        uint256 secondsToExpiry = Math.max(Math.saturatingSub(t.expiry, block.timestamp), MIN_TIME);
        (q.carry, t.clamp) = funding.carry(secondsToExpiry);
        t.context = _contextOf(secondsToExpiry, q.carry);
        t.slice = surface.sliceOf(t.expiry);
        t.surfaceClosure = surface.closure();
        t.vegaCapacity = market.vegaCapacity();
        if (!_isInDomain(q.spot)) return;
        q.forward = (q.spot * t.context.spotWeightQ96) >> 96;
        q.intrinsic = _intrinsic(q, t, true);
    }

    /// @dev Greeks at guarded spot, and the value at the worse of two prices. On a slice without arbitrage a call rises and
    ///      a put falls with the price, the smile included. Taking the worse of the two values relies on no such slice.
    function _value(Quote memory q, Terms memory t) private view {
        q.volatility = _volatilityAt(t, q.spot, t.strike);
        OptionMath.Greeks memory g = t.context.greeks(q.spot, t.strike, q.volatility, t.isCall);
        (q.value, q.delta, q.vega) = (g.price, g.delta, g.vega);
        // A deviation of next to nothing makes a gamma that no band is defined for.
        t.gamma = Math.min(g.gamma, ImpulseBand.MAX_GAMMA);
        q.jumpDelta = Math.max(q.delta.abs(), _deltaAfterJump(q, t));

        (uint256 dearest, uint256 cheapest) = _sides(t, q.value, q.spot);
        uint256 second = _secondPrice(q, t);
        if (second != q.spot) {
            (uint256 up, uint256 down) = _sidesAt(t, second);
            dearest = Math.max(dearest, up);
            cheapest = Math.min(cheapest, down);
        }
        q.buyer.worsePrice = dearest - q.value;
        q.seller.worsePrice = q.value - cheapest;
    }

    function _deltaAfterJump(Quote memory q, Terms memory t) private pure returns (uint256) {
        uint256 spot = Math.mulDiv(q.spot, t.isCall ? WAD + JUMP : WAD - JUMP, WAD);
        spot = Math.max(Math.min(spot, OptionMath.MAX_PRICE), 1);
        return t.context.greeks(spot, t.strike, _volatilityAt(t, spot, t.strike), t.isCall).delta.abs();
    }

    /// @dev The value at another price, within the error that it may have.
    function _sidesAt(Terms memory t, uint256 spot) internal pure returns (uint256 up, uint256 down) {
        uint256 volatility = _volatilityAt(t, spot, t.strike);
        uint256 value = t.context.price(spot, t.strike, volatility, t.isCall, OptionMath.Rounding.Nearest);
        return _sides(t, value, spot);
    }

    function _sides(Terms memory t, uint256 value, uint256 spot) private pure returns (uint256 up, uint256 down) {
        up = t.context.toSide(value, spot, t.strike, OptionMath.Rounding.Up);
        down = t.context.toSide(value, spot, t.strike, OptionMath.Rounding.Down);
    }

    function _addSpread(Quote memory q, Terms memory t, uint256 factor) private view {
        uint256 deltaNotional = q.delta.abs() * q.spot;
        Spread memory s = q.buyer;
        s.volatility = _mulDivUp(q.vega, surface.spread(t.expiry), WAD);
        s.spot = _mulDivUp(deltaNotional, q.spotDoubt, WAD * WAD);
        uint256 carryDoubt = CARRY_DOUBT * t.context.secondsToExpiry;
        s.carry = _mulDivUp(deltaNotional, carryDoubt, WAD * WAD * YEAR);
        (q.seller.volatility, q.seller.spot, q.seller.carry) = (s.volatility, s.spot, s.carry);

        // Γ · S² = G · S, of three WAD each with ε².
        s.convexity = _mulDivUp(t.gamma * q.spot, q.spotDoubt * q.spotDoubt, 2 * WAD * WAD * WAD);
        (uint256 dearest, uint256 cheapest) = _valuesWithinDoubt(q, t);
        q.seller.convexity = Math.max(s.convexity, Math.saturatingSub(q.value, cheapest + s.spot));
        s.convexity = Math.max(s.convexity, Math.saturatingSub(dearest, q.value + s.spot));

        (uint256 calls, uint256 puts) = market.openContracts();
        uint256 open = t.isCall ? calls : puts;
        (uint256 proportional, uint256 fixedCost) = controller.hedgeCost(q.spot);
        s.hedging = _hedgingCost(q, t, open + t.size, proportional, fixedCost);
        q.seller.hedging = _hedgingCost(q, t, Math.saturatingSub(open, t.size), proportional, fixedCost);

        s.halfSpread = _mulDivUp(_ours(s), factor, WAD) + _known(s);
        q.seller.halfSpread = _ours(q.seller) + _known(q.seller);
    }

    /// @dev S · {2λ|Δ| + .7 · T · (Gσ)² · [f / (H² − h²) + λ / (H + h)]}. Costs beyond what the band knows count as the
    ///      greatest it knows: a price that nobody pays, not a quote that fails.
    function _hedgingCost(
        Quote memory q,
        Terms memory t,
        uint256 contracts,
        uint256 proportional,
        uint256 fixedCost
    ) private pure returns (uint256) {
        proportional = Math.min(proportional, ImpulseBand.MAX_PROPORTIONAL_COST);
        fixedCost = Math.min(fixedCost, type(uint96).max) * WAD * WAD;
        fixedCost = Math.ceilDiv(fixedCost, Math.max(contracts, MIN_CONTRACTS) * q.spot); // f
        fixedCost = Math.min(fixedCost, ImpulseBand.MAX_FIXED_COST);
        (uint256 outer, uint256 inner) = ImpulseBand.ofContract(t.gamma, proportional, fixedCost, RISK_AVERSION);

        // Without gamma the band is 0 and nothing is traded. Without a fixed cost its edges are one.
        uint256 rate = outer == 0 ? 0 : Math.ceilDiv(proportional * WAD, outer + inner);
        if (outer > inner) rate += Math.ceilDiv(fixedCost * WAD * WAD, outer * outer - inner * inner);
        uint256 move = _mulDivUp(t.gamma, q.volatility, WAD);
        uint256 turnover = _mulDivUp(move * move, rate, WAD * WAD);
        uint256 life = TURNOVER * t.context.secondsToExpiry;
        turnover = _mulDivUp(turnover, life, WAD * YEAR);

        uint256 entryAndExit = Math.ceilDiv(2 * proportional * q.delta.abs(), WAD);
        return _mulDivUp(q.spot, entryAndExit + turnover, WAD);
    }

    /// @dev What an auction may give up: what the vault asks for its own risk and work.
    function _ours(Spread memory s) private pure returns (uint256) {
        return Math.max(s.volatility, s.hedging) + s.carry;
    }

    /// @dev What it may not: the doubt of spot is money that somebody else knows of already.
    function _known(Spread memory s) private pure returns (uint256) {
        return s.spot + s.convexity;
    }

    /// @dev An option's own vega and the sum over the strikes are each right to a wei or so: it counts as one more where
    ///      it is sold, and as one less where it comes back.
    function _addSkew(Quote memory q, Terms memory t) private view {
        q.shortVega = _shortVega(q, t);
        if (t.vegaCapacity == 0) return;
        uint256 sold = _vegaSold(q, t.size);
        uint256 bought = Math.saturatingSub(Math.mulDiv(t.size, Math.saturatingSub(q.vega, 1), WAD), 1);
        q.buySkew = _buySkew(q.shortVega, sold, t.vegaCapacity);
        q.sellSkew = _sellSkew(q.shortVega, bought, t.vegaCapacity);
    }

    function _vegaSold(Quote memory q, uint256 size) private pure returns (uint256) {
        return _mulDivUp(size, q.vega + 1, WAD) + 1;
    }

    /// @dev V: the vega of all that is open in the expiry.
    function _shortVega(Quote memory q, Terms memory t) private view returns (uint256) {
        StrikeSlot[] memory strikes = market.strikesOf(t.expiry);
        OptionMath.Book memory sums;
        for (uint256 i; i < strikes.length; ++i) {
            StrikeSlot slot = strikes[i];
            if (!slot.hasOpenInterest()) continue;
            uint256 volatility = _volatilityAt(t, q.spot, slot.strikeWad());
            OptionMath.add(sums, t.context, q.spot, slot, t.context.deviation(volatility));
        }
        return uint256(OptionMath.net(sums, t.context, q.spot).vega);
    }

    function _total(Quote memory q, Terms memory t, uint256 factor) private view {
        uint256 cheapest = q.value - q.seller.worsePrice;
        uint256 back = _mulDivUp(t.size, cheapest, WAD) + q.buySkew;
        uint256 intrinsic = _mulDivUp(t.size, q.intrinsic, WAD);
        q.floor = _toAssetsUp(Math.max(back, intrinsic)) + 1;
        q.premium = _premiumOf(q, t.size, factor);

        uint256 proceeds = Math.mulDiv(t.size, cheapest, WAD) + q.sellSkew;
        uint256 halfSpread = _mulDivUp(t.size, q.seller.halfSpread, WAD);
        proceeds = Math.saturatingSub(proceeds, halfSpread);
        if (_isSurfaceBehind(t.surfaceClosure)) {
            proceeds = Math.min(proceeds, Math.mulDiv(t.size, _intrinsic(q, t, false), WAD));
        }
        q.proceeds = proceeds / _assetScale;
    }

    function _mulDivUp(uint256 x, uint256 y, uint256 denominator) private pure returns (uint256) {
        return Math.mulDiv(x, y, denominator, Math.Rounding.Ceil);
    }

    function _toAssetsUp(uint256 amount) internal view returns (uint256) {
        return Math.ceilDiv(amount, _assetScale);
    }

    /// @dev The forward is rounded down: the true one may be a wei above.
    function _intrinsic(Quote memory q, Terms memory t, bool isUp) private pure returns (uint256) {
        uint256 forward = t.isCall == isUp ? q.forward + 1 : q.forward;
        return t.isCall ? Math.saturatingSub(forward, t.strike) : Math.saturatingSub(t.strike, forward);
    }

    /// @dev Sticky moneyness: the slice at k = ln(K / F), with the forward of the price given. No option is priced beyond
    ///      the greatest volatility that the model knows.
    function _volatilityAt(Terms memory t, uint256 spot, uint256 strike) private pure returns (uint256) {
        int256 kQ96 = Ln.ratio(strike, spot) - t.context.carryTimeQ96;
        return Math.min(t.slice.volatility(kQ96), OptionMath.MAX_VOLATILITY);
    }

    function _isInDomain(uint256 spot) private pure returns (bool) {
        return spot != 0 && spot <= OptionMath.MAX_PRICE;
    }

    function _isPosted(Terms memory t) private pure returns (bool) {
        return SviSlice.unwrap(t.slice) != 0;
    }

    function _isPriced(Quote memory q, Terms memory t) private pure returns (bool) {
        return _isPosted(t) && _isInDomain(q.spot);
    }

    // ---------------------------------------------------------------- what is closed

    function _buyingClosure(Quote memory q, Terms memory t) private view returns (IRiskEngine.Closure) {
        if (!t.isSpotTrusted) return IRiskEngine.Closure.PriceUntrusted;
        if (block.timestamp >= t.expiry) return IRiskEngine.Closure.Expired;
        if (_isNearExpiry(t.expiry)) return IRiskEngine.Closure.NearExpiry;
        if (!_isPosted(t)) return IRiskEngine.Closure.Unposted;
        if (t.surfaceClosure == IVolatilitySurface.Closure.Clamped) return IRiskEngine.Closure.SurfaceClamped;
        if (t.surfaceClosure == IVolatilitySurface.Closure.Stale) return IRiskEngine.Closure.SurfaceStale;
        if (!t.isMarkReadable) return IRiskEngine.Closure.VenueUnreadable;
        if (t.isMarkApart) return IRiskEngine.Closure.VenueOffMark;
        IFundingOracle.Clamp tooCheapAt = t.isCall ? IFundingOracle.Clamp.Upper : IFundingOracle.Clamp.Lower;
        if (_isClamped(t.clamp, tooCheapAt)) return IRiskEngine.Closure.CarryClamped;
        if (t.size < MIN_SIZE) return IRiskEngine.Closure.SizeBelowMinimum;
        if (_isOutOfBounds(q.delta.abs())) return IRiskEngine.Closure.DeltaOutOfBounds;
        if (q.shortVega + _vegaSold(q, t.size) > t.vegaCapacity) return IRiskEngine.Closure.NoVegaCapacity;
        return IRiskEngine.Closure.None;
    }

    function _sellingClosure(Terms memory t) private view returns (IRiskEngine.Closure) {
        if (!t.isSpotTrusted) return IRiskEngine.Closure.PriceUntrusted;
        if (block.timestamp >= t.expiry) return IRiskEngine.Closure.Expired;
        if (!_isPosted(t)) return IRiskEngine.Closure.Unposted;
        if (t.isMarkApart) return IRiskEngine.Closure.VenueOffMark;
        if (t.size == 0) return IRiskEngine.Closure.SizeBelowMinimum;
        return IRiskEngine.Closure.None;
    }

    function _revertFor(
        IRiskEngine.Closure closure,
        uint256 id,
        uint256 size,
        uint256 minSize,
        Quote calldata q
    ) private view {
        (uint256 expiry, , ) = SeriesId.decode(id);
        if (closure == IRiskEngine.Closure.PriceUntrusted) oracle.spot(surface.sigma());
        if (closure == IRiskEngine.Closure.Expired) revert SeriesExpired(expiry, block.timestamp);
        if (closure == IRiskEngine.Closure.NearExpiry) revert SaleClosed(expiry, expiry - SALE_CUTOFF);
        if (closure == IRiskEngine.Closure.Unposted) revert SurfaceUnposted(expiry);
        if (closure == IRiskEngine.Closure.SurfaceClamped) revert SurfaceClosed(IVolatilitySurface.Closure.Clamped);
        if (closure == IRiskEngine.Closure.SurfaceStale) revert SurfaceClosed(IVolatilitySurface.Closure.Stale);
        if (closure == IRiskEngine.Closure.VenueUnreadable) revert VenueUnreadable();
        if (closure == IRiskEngine.Closure.VenueOffMark) revert MarkApart(q.spot, q.markPrice, MAX_APART);
        if (closure == IRiskEngine.Closure.CarryClamped) revert CarryClamped(q.carry);
        if (closure == IRiskEngine.Closure.SizeBelowMinimum) revert SizeBelowMinimum(size, minSize);
        if (closure == IRiskEngine.Closure.DeltaOutOfBounds) revert DeltaOutOfBounds(q.delta, MIN_DELTA, MAX_DELTA);
        if (closure == IRiskEngine.Closure.NoVegaCapacity)
            revert NoVegaCapacity(q.shortVega + _vegaSold(q, size), market.vegaCapacity());
        // A price that the oracle trusts and the model cannot use, or a reason that is not this contract's.
        revert ISaleLimits.SalesClosed(closure);
    }
}
