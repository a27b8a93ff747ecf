// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {Math} from "@openzeppelin/contracts/utils/math/Math.sol";
import {SafeCast} from "@openzeppelin/contracts/utils/math/SafeCast.sol";
import {SignedMath} from "@openzeppelin/contracts/utils/math/SignedMath.sol";
import {IFundingOracle} from "./interfaces/IFundingOracle.sol";
import {IHedgeController} from "./interfaces/IHedgeController.sol";
import {IOptionMarket} from "./interfaces/IOptionMarket.sol";
import {IOptionVault} from "./interfaces/IOptionVault.sol";
import {IRiskEngine} from "./interfaces/IRiskEngine.sol";
import {ISpotOracle} from "./interfaces/ISpotOracle.sol";
import {IVolatilitySurface} from "./interfaces/IVolatilitySurface.sol";
import {Ln} from "./libraries/math/Ln.sol";
import {OptionMath} from "./libraries/OptionMath.sol";
import {StrikeSlot} from "./libraries/StrikeSlot.sol";
import {SviSlice} from "./libraries/Svi.sol";

/// @title RiskEngine: the live book, NAV and the limits that follow from them
/// @notice Each view prices every open option at the moment of the call, at the surface's volatilities and with expected
///         funding in the forward. What is stored is the checkpoint that sales are admitted against (RULES.md S4): the
///         losses at the stressed spots, exactly, to which each sale adds its own. It serves 10 minutes at most, while
///         spot stays within 1 %, until a surface is posted, a hedge is made, an expiry settled, or 5 % of the headroom
///         used; then the next sale renews it. Nothing else reads it, but for the delta of an expiry that waits for
///         settlement, which is that of the last checkpoint before it.
///
///         STRESS (RULES.md S3). After a sale idle − owed must cover the loss at spot and at the hedge's liquidation
///         price, and with the hedge the loss and a fifth of NAV at half and at one and a half times spot. A short book
///         with a linear hedge is concave: the worst point is an end or the liquidation price.
contract RiskEngine is IRiskEngine {
    using SafeCast for int256;
    using SafeCast for uint256;
    using SignedMath for int256;

    uint256 private constant WAD = 1e18;
    int256 private constant INT_WAD = 1e18;
    uint256 private constant YEAR = 365 days;
    /// @notice Least part of NAV between the middle and the bid or ask of a share.
    uint256 public constant MIN_SHARE_SPREAD = 0.001e18; // 10 bps
    /// @notice Doubt of expected carry, a year.
    uint256 public constant CARRY_DOUBT = 0.04e18; // 4 %
    /// @notice What must remain of NAV after a sale when spot has fallen to half or risen by half.
    uint256 public constant RESERVE = 0.2e18; // 20 % of NAV
    /// @notice The two stressed spots, as parts of spot.
    uint256 public constant STRESS_DOWN = 0.5e18;
    uint256 public constant STRESS_UP = 1.5e18;
    /// @notice What part of a hedge's gain a stress test counts on.
    int256 private constant HEDGE_GAIN_CREDIT = 0.5e18; // 50 %
    /// @notice |delta| sold at one round of the oracle is worth at most this part of bid NAV.
    uint256 public constant MAX_ROUND_DELTA = 0.05e18; // 5 %
    /// @notice Greeks and values of the last minutes are those of ten minutes: a delta that flips within a block is no
    ///         hedge target.
    uint256 public constant MIN_TIME_TO_EXPIRY = 10 minutes;
    /// @notice How long a checkpoint serves.
    uint256 public constant CHECKPOINT_LIFE = 10 minutes;
    /// @notice How far spot may move from it, a part.
    uint256 public constant CHECKPOINT_MOVE = 0.01e18; // 1 %
    /// @notice How much of its headroom may be used, a part.
    uint256 public constant CHECKPOINT_HEADROOM = 0.05e18; // 5 %

    IOptionMarket public immutable market;
    IOptionVault public immutable vault;
    IHedgeController public immutable controller;
    ISpotOracle public immutable oracle;
    IVolatilitySurface public immutable surface;
    IFundingOracle public immutable funding;

    Checkpoint private _checkpoint;
    /// @dev Spot of the last checkpoint before an expiry, once a later one was made while it waits for settlement.
    mapping(uint256 expiry => uint256 spot) private _spotBefore;
    /// @dev |delta| sold at the latest round of each source.
    Round private _round;

    struct Round {
        uint40 pushUpdatedAt;
        uint40 pullUpdatedAt;
        uint88 pushDelta;
        uint88 pullDelta;
    }

    /// @dev The spots at which losses are counted; `liquidation` 0 = none between the stressed ones.
    struct Points {
        uint256 down;
        uint256 here;
        uint256 up;
        uint256 liquidation;
    }

    /// @dev What the open options would cost if they expired at each, quote WAD.
    struct Losses {
        uint256 down;
        uint256 here;
        uint256 up;
        uint256 liquidation;
    }

    /// @dev What a valuation found on its way.
    struct Findings {
        Book book;
        Points points;
        Losses losses;
        IHedgeController.Position hedge;
        int256 idle; // less what is owed, quote WAD
        int256 mid; // not floored
        int256 bid; // not floored
    }

    modifier only(address system) {
        if (msg.sender != system) revert NotSystem(msg.sender);
        _;
    }

    constructor(
        IOptionMarket market_,
        IOptionVault vault_,
        IHedgeController controller_,
        ISpotOracle oracle_,
        IVolatilitySurface surface_,
        IFundingOracle funding_
    ) {
        market = market_;
        vault = vault_;
        controller = controller_;
        oracle = oracle_;
        surface = surface_;
        funding = funding_;
    }

    // ---------------------------------------------------------------- the checkpoint

    /// @inheritdoc IRiskEngine
    function renew() external returns (Valuation memory v) {
        if (vault.inProgress()) revert ReentrantRead();
        Findings memory f;
        (v, f) = _valuation();
        _keep(_checkpointOf(v, f, 0));
    }

    /// @inheritdoc IRiskEngine
    function spend() external {
        if (msg.sender != address(market) && msg.sender != address(controller)) revert NotSystem(msg.sender);
        _checkpoint.isSpent = true;
    }

    /// @inheritdoc IRiskEngine
    function admitSale(Sale calldata sale) external only(address(market)) {
        Checkpoint memory c = _checkpoint;
        if (_isStale(c, sale.spot)) {
            (Valuation memory v, Findings memory f) = _valuation();
            // The sale is in the book already: what it needs of the venue is counted below.
            c = _checkpointOf(v, f, _deltaOf(sale).toInt256() * (sale.delta < 0 ? int256(-1) : int256(1)));
            c.deltaSold = _deltaOf(sale).toUint128();
        } else {
            _count(c, sale);
        }
        uint256 sold = _soldAt(sale) + _deltaOf(sale);
        (Closure closure, bytes memory why) = _judge(c, sale, _idle(), sold);
        if (closure != Closure.None) _revertWith(why);
        _keep(c);
        _bookRound(sale, sold);
    }

    /// @inheritdoc IRiskEngine
    function admitBuyback(Sale calldata sale) external only(address(market)) {
        Checkpoint memory c = _checkpoint;
        if (_isStale(c, sale.spot)) {
            (Valuation memory v, Findings memory f) = _valuation();
            c = _checkpointOf(v, f, 0);
        }
        if (market.hasUnsettledExpiry()) revert SalesClosed(Closure.ExpiryUnsettled);
        if (c.closure == Closure.Insolvent) revert SalesClosed(c.closure);
        // What comes back is worth as much less to others. Its losses stay counted until the next renewal.
        int128 value = ((sale.value * sale.size) / WAD).toInt256().toInt128();
        c.midWithoutIdle += value;
        c.bidWithoutIdle += value;
        _keep(c);
    }

    // ---------------------------------------------------------------- views

    /// @inheritdoc IRiskEngine
    function book(uint256 spot) external view returns (Book memory b) {
        Losses memory losses;
        Points memory none;
        _book(b, losses, spot, none);
    }

    /// @inheritdoc IRiskEngine
    function valuation() external view returns (Valuation memory v) {
        if (vault.inProgress()) revert ReentrantRead();
        (v, ) = _valuation();
    }

    /// @inheritdoc IRiskEngine
    function coverage() external view returns (uint256) {
        if (vault.inProgress()) revert ReentrantRead();
        (Valuation memory v, ) = _valuation();
        return _coverage(v);
    }

    /// @inheritdoc IRiskEngine
    function limits(Sale calldata sale) external view returns (Limits memory l) {
        if (vault.inProgress()) revert ReentrantRead();
        (Valuation memory v, Findings memory f) = _valuation();
        Checkpoint memory c = _checkpointOf(v, f, 0);
        uint256 sold = _soldAt(sale);
        l.coverage = _coverage(v);
        l.cashLeft = f.idle > 0 ? uint256(f.idle) / vault.assetScale() : 0;
        l.depthLeft = c.depth;
        l.coverLeft = c.headroom;
        l.roundDeltaLeft = Math.saturatingSub(_roundDelta(c, sale.spot, f.idle), sold);
        if (sale.size == 0) {
            l.closure = c.closure;
            return l;
        }
        _count(c, sale);
        int256 idleAfter = f.idle + (sale.premium * vault.assetScale()).toInt256();
        (l.closure, ) = _judge(c, sale, idleAfter, sold + _deltaOf(sale));
    }

    /// @inheritdoc IRiskEngine
    function checkpoint() external view returns (Checkpoint memory) {
        return _checkpoint;
    }

    // ---------------------------------------------------------------- sales

    /// @dev Whether the checkpoint may no longer be used at this spot price.
    function _isStale(Checkpoint memory c, uint256 spot) internal view virtual returns (bool) {
        if (c.isSpent || block.timestamp > c.time + CHECKPOINT_LIFE) return true;
        uint256 moved = spot > c.spot ? spot - c.spot : c.spot - spot;
        if (moved * WAD > c.spot * CHECKPOINT_MOVE) return true;
        if (c.headroomUsed * WAD > c.headroom * CHECKPOINT_HEADROOM) return true;
        return c.surfacePosts != surface.summary().posts;
    }

    /// @dev Adds a sale to the checkpoint.
    function _count(Checkpoint memory c, Sale calldata sale) private pure {
        uint256 down = _payoff((c.spot * STRESS_DOWN) / WAD, sale);
        uint256 up = _payoff((c.spot * STRESS_UP) / WAD, sale);
        uint256 drift = Math.ceilDiv(sale.size * c.spot, 100 * WAD); // 1 %, as in _checkpointOf
        c.lossDown += (down + (sale.isCall ? 0 : drift)).toUint128();
        c.lossUp += (up + (sale.isCall ? 2 * drift : 0)).toUint128();
        c.lossHere += (_payoff(c.spot, sale) + drift).toUint128();
        if (c.liquidationPrice != 0) c.lossAtLiquidation += _payoff(c.liquidationPrice, sale).toUint128();
        c.headroomUsed += Math.max(down, up).toUint128();
        c.deltaSold += _deltaOf(sale).toUint128();
        int128 value = Math.ceilDiv(sale.value * sale.size, WAD).toInt256().toInt128();
        c.midWithoutIdle -= value;
        c.bidWithoutIdle -= value;
    }

    /// @dev The first limit that is broken with the sale counted in, and the error that says so.
    /// @param idle_ Less what is owed, the premium received, quote WAD.
    /// @param sold |delta| sold at this round, this sale's included.
    function _judge(
        Checkpoint memory c,
        Sale calldata sale,
        int256 idle_,
        uint256 sold
    ) internal view virtual returns (Closure closure, bytes memory why) {
        closure = market.hasUnsettledExpiry() ? Closure.ExpiryUnsettled : c.closure;
        if (closure != Closure.None) return (closure, abi.encodeWithSelector(SalesClosed.selector, closure));

        uint256 most = _roundDelta(c, sale.spot, idle_);
        if (sold > most) {
            uint256 left = Math.saturatingSub(most, sold - _deltaOf(sale));
            why = abi.encodeWithSelector(RoundDeltaSpent.selector, _deltaOf(sale), left);
            return (Closure.RoundDeltaSpent, why);
        }
        if (c.deltaSold > c.depth) {
            uint256 left = Math.saturatingSub(c.depth, c.deltaSold - _deltaOf(sale));
            why = abi.encodeWithSelector(VenueDepthSpent.selector, _deltaOf(sale), left);
            return (Closure.VenueDepthSpent, why);
        }
        return _judgeCover(c, idle_);
    }

    /// @dev S3.
    function _judgeCover(
        Checkpoint memory c,
        int256 idle_
    ) internal view virtual returns (Closure closure, bytes memory why) {
        int256 nav = idle_ + c.midWithoutIdle;
        uint256 reserve = nav > 0 ? (uint256(nav) * RESERVE) / WAD : 0;
        (uint256 spot, int256 available, uint256 required) = (c.spot, idle_, uint256(c.lossHere));
        if (available >= int256(required)) {
            (spot, required) = (c.liquidationPrice, c.lossAtLiquidation);
        }
        if (available >= int256(required)) {
            spot = (c.spot * STRESS_DOWN) / WAD;
            (available, required) = (idle_ + int256(uint256(c.hedgeDown)), c.lossDown + reserve);
        }
        if (available >= int256(required)) {
            spot = (c.spot * STRESS_UP) / WAD;
            (available, required) = (idle_ + int256(uint256(c.hedgeUp)), c.lossUp + reserve);
        }
        if (available >= int256(required)) return (Closure.None, why);
        why = abi.encodeWithSelector(InsufficientCollateral.selector, spot, available, required);
        return (Closure.CollateralShort, why);
    }

    /// @dev Q5: |delta| that may be sold at one round of the oracle.
    function _roundDelta(Checkpoint memory c, uint256 spot, int256 idle_) internal view virtual returns (uint256) {
        int256 nav = idle_ + c.bidWithoutIdle;
        if (nav <= 0 || spot == 0) return 0;
        return (uint256(nav) * MAX_ROUND_DELTA) / spot;
    }

    function _soldAt(Sale calldata sale) private view returns (uint256) {
        Round memory r = _round;
        if (sale.isPull) return r.pullUpdatedAt == sale.spotUpdatedAt ? r.pullDelta : 0;
        return r.pushUpdatedAt == sale.spotUpdatedAt ? r.pushDelta : 0;
    }

    function _bookRound(Sale calldata sale, uint256 sold) private {
        uint40 updatedAt = uint40(sale.spotUpdatedAt);
        if (sale.isPull) (_round.pullUpdatedAt, _round.pullDelta) = (updatedAt, SafeCast.toUint88(sold));
        else (_round.pushUpdatedAt, _round.pushDelta) = (updatedAt, SafeCast.toUint88(sold));
    }

    function _deltaOf(Sale calldata sale) private pure returns (uint256) {
        return Math.ceilDiv(sale.delta.abs() * sale.size, WAD);
    }

    function _payoff(uint256 spot, Sale calldata sale) private pure returns (uint256) {
        return sale.isCall ? _payoff(spot, sale.strike, sale.size, 0) : _payoff(spot, sale.strike, 0, sale.size);
    }

    // ---------------------------------------------------------------- valuation

    function _valuation() private view returns (Valuation memory v, Findings memory f) {
        uint256 scale = vault.assetScale();
        f.idle = _idle();
        ISpotOracle.Spot memory price = oracle.read(surface.sigma());
        (v.spot, v.spotDoubt) = (price.price, price.doubt);
        f.hedge = controller.position();

        // Without any price neither the options nor the hedge can be valued: nothing is claimed.
        if (v.spot != 0) {
            f.points = _points(v.spot, f.hedge);
            _book(f.book, f.losses, v.spot, f.points);
            v.liability = f.book.liability;
            v.venueEquity = f.hedge.cash + (f.hedge.size * v.spot.toInt256()) / INT_WAD;
            f.mid = f.idle + v.venueEquity.max(0) - v.liability.toInt256();
            if (f.mid > 0) v.mid = uint256(f.mid);
            uint256 doubt = Math.max(_doubt(f, v.spot, v.spotDoubt), Math.ceilDiv(v.mid * MIN_SHARE_SPREAD, WAD));
            f.bid = f.mid - doubt.toInt256();
            if (f.bid > 0) v.bid = uint256(f.bid);
            v.ask = v.mid + doubt;
        }

        bool isOpen = f.book.calls + f.book.puts != 0;
        IVolatilitySurface.Closure surfaceClosure = surface.closure();
        if (price.fault != ISpotOracle.Fault.None) v.closure = Closure.PriceUntrusted;
        else if (market.hasUnsettledExpiry()) v.closure = Closure.ExpiryUnsettled;
        else if (isOpen && surfaceClosure == IVolatilitySurface.Closure.Clamped) v.closure = Closure.SurfaceClamped;
        else if (isOpen && surfaceClosure == IVolatilitySurface.Closure.Stale) v.closure = Closure.SurfaceStale;
        else if (!f.hedge.readable) v.closure = Closure.VenueUnreadable;
        else if (v.bid == 0 && (v.liability != 0 || f.idle != 0 || vault.totalSupply() != 0)) {
            // Only a vault that never held anything may start from nothing.
            v.closure = Closure.Insolvent;
        } else v.freeLiquidity = _freeLiquidity(f, v.spot) / scale;
    }

    /// @dev N3: what the middle may be wrong by. Every term is something that an entry or an exit could be timed around.
    function _doubt(Findings memory f, uint256 spot, uint256 spotDoubt) internal view virtual returns (uint256 doubt) {
        Book memory b = f.book;
        uint256 size = f.hedge.size.abs();
        uint256 byPrice = Math.mulDiv((b.delta + f.hedge.size).abs(), spot, WAD);
        uint256 byGamma = Math.mulDiv(b.gamma.abs(), spot, 2 * WAD);
        doubt = Math.mulDiv(byPrice + Math.mulDiv(byGamma, spotDoubt, WAD), spotDoubt, WAD);
        doubt += b.volatilityDoubt;
        doubt += Math.mulDiv(b.timeDelta.abs() * CARRY_DOUBT, spot, WAD * WAD);
        if (size == 0) return doubt;
        uint256 mark = f.hedge.markPrice;
        (uint256 proportional, ) = controller.hedgeCost(spot);
        doubt += Math.mulDiv(size, mark > spot ? mark - spot : spot - mark, WAD);
        doubt += Math.mulDiv(Math.mulDiv(size, spot, WAD), proportional, WAD);
    }

    function _coverage(Valuation memory v) private view returns (uint256) {
        uint256 scale = vault.assetScale();
        uint256 claims = vault.owed() * scale + v.liability;
        uint256 assets = vault.idle() * scale + uint256(v.venueEquity.max(0));
        return assets >= claims ? WAD : (assets * WAD) / claims;
    }

    /// @dev The largest payment after which idle − owed still covers the loss at spot and at the hedge's liquidation
    ///      price, and with the hedge the loss at both stressed spots.
    function _freeLiquidity(Findings memory f, uint256 spot) private pure returns (uint256) {
        int256 free = f.idle - int256(f.losses.here);
        free = free.min(f.idle - int256(f.losses.liquidation));
        free = free.min(f.idle + _hedgeAt(f.hedge, spot, f.points.down) - int256(f.losses.down));
        free = free.min(f.idle + _hedgeAt(f.hedge, spot, f.points.up) - int256(f.losses.up));
        return free > 0 ? uint256(free) : 0;
    }

    /// @dev The hedge at a stressed spot. It never counts below zero, because its loss is limited to its margin; its gain
    ///      counts in part only, because it may not be there in cash when it is needed.
    function _hedgeAt(
        IHedgeController.Position memory hedge,
        uint256 spot,
        uint256 stressed
    ) private pure returns (int256) {
        int256 equity = hedge.cash + (hedge.size * int256(spot)) / INT_WAD;
        int256 change = (hedge.size * (int256(stressed) - int256(spot))) / INT_WAD;
        if (change > 0) change = (change * HEDGE_GAIN_CREDIT) / INT_WAD;
        return (equity + change).max(0);
    }

    /// @dev The liquidation price is where equity is what maintenance asks: cash + x·s = m·|x|·s.
    function _points(
        uint256 spot,
        IHedgeController.Position memory hedge
    ) private pure returns (Points memory p) {
        p.down = (spot * STRESS_DOWN) / WAD;
        p.here = spot;
        p.up = (spot * STRESS_UP) / WAD;
        uint256 size = hedge.size.abs();
        if (size == 0) return p;
        uint256 notional = Math.mulDiv(size, hedge.markPrice == 0 ? spot : hedge.markPrice, WAD);
        if (notional == 0) return p;
        int256 kept = Math.min(Math.mulDiv(hedge.maintenanceMargin, WAD, notional), WAD / 2).toInt256();
        // A long's equity falls with spot, a short's as it rises.
        int256 price = hedge.size > 0
            ? (-hedge.cash * INT_WAD) / ((hedge.size * (INT_WAD - kept)) / INT_WAD).max(1)
            : (hedge.cash * INT_WAD) / ((-hedge.size * (INT_WAD + kept)) / INT_WAD).max(1);
        if (price > int256(p.down) && price < int256(p.up)) p.liquidation = uint256(price);
    }

    // ---------------------------------------------------------------- checkpoint, internal

    /// @param unhedged Delta of sold options that is in the book but counts apart, underlying WAD from the buyer's side.
    function _checkpointOf(
        Valuation memory v,
        Findings memory f,
        int256 unhedged
    ) private view returns (Checkpoint memory c) {
        uint256 calls = f.book.calls;
        uint256 puts = f.book.puts;
        c.time = uint40(block.timestamp);
        c.surfacePosts = surface.summary().posts;
        c.spot = v.spot.toUint128();
        c.closure = v.closure;
        if (c.closure == Closure.None && !f.hedge.tradable) c.closure = Closure.VenueNotTradable;
        c.midWithoutIdle = (f.mid - f.idle).toInt128();
        c.bidWithoutIdle = (f.bid - f.idle).toInt128();

        uint256 breach = Math.saturatingSub(
            (f.book.delta + unhedged + f.hedge.size).abs(),
            controller.band(calls, puts)
        );
        c.depth = Math.min(Math.saturatingSub(f.hedge.depth, breach), type(uint128).max).toUint128();

        // While it serves, spot may move 1 %: at the stressed spots .5 % and 1.5 % of it, rounded up to whole ones.
        uint256 callDrift = Math.ceilDiv(calls * v.spot, 100 * WAD);
        uint256 putDrift = Math.ceilDiv(puts * v.spot, 100 * WAD);
        c.lossDown = (f.losses.down + putDrift).toUint128();
        c.lossUp = (f.losses.up + 2 * callDrift).toUint128();
        c.lossHere = (f.losses.here + Math.max(callDrift, putDrift)).toUint128();
        c.liquidationPrice = f.points.liquidation.toUint128();
        c.lossAtLiquidation = f.losses.liquidation.toUint128();
        c.hedgeDown = uint256(_hedgeAt(f.hedge, v.spot, f.points.down)).toUint128();
        c.hedgeUp = uint256(_hedgeAt(f.hedge, v.spot, f.points.up)).toUint128();
        c.headroom = _headroom(c, f).toUint128();
    }

    /// @dev The least of what is left over by the inequalities of S3.
    function _headroom(Checkpoint memory c, Findings memory f) private pure returns (uint256) {
        int256 reserve = (f.mid.max(0) * int256(RESERVE)) / INT_WAD;
        int256 left = f.idle - int256(uint256(c.lossHere));
        left = left.min(f.idle - int256(uint256(c.lossAtLiquidation)));
        left = left.min(f.idle + int256(uint256(c.hedgeDown)) - int256(uint256(c.lossDown)) - reserve);
        left = left.min(f.idle + int256(uint256(c.hedgeUp)) - int256(uint256(c.lossUp)) - reserve);
        return uint256(left.max(0));
    }

    function _keep(Checkpoint memory c) private {
        Checkpoint storage last = _checkpoint;
        if (c.time != last.time) {
            _keepSpotBeforeExpiry(last.time, last.spot);
            emit CheckpointRenewed(c.spot, c.closure);
        }
        _checkpoint = c;
    }

    /// @dev N5: before the last checkpoint ahead of an expiry is written over, its spot is kept for the delta that counts
    ///      until the expiry is settled. Nobody can choose it later.
    function _keepSpotBeforeExpiry(uint256 time, uint256 spot) private {
        if (time == 0 || !market.hasUnsettledExpiry()) return;
        uint256[] memory expiries = market.liveExpiries();
        for (uint256 i; i < expiries.length; ++i) {
            uint256 expiry = expiries[i];
            if (expiry > block.timestamp || time >= expiry || _spotBefore[expiry] != 0) continue;
            _spotBefore[expiry] = spot;
        }
    }

    // ---------------------------------------------------------------- the book

    /// @dev One pass over the live strikes: value, greeks, contracts, and the losses at the points.
    function _book(Book memory b, Losses memory losses, uint256 spot, Points memory points) private view {
        uint256[] memory expiries = market.liveExpiries();
        for (uint256 i; i < expiries.length; ++i) {
            if (market.expiryOf(expiries[i]).openContracts == 0) continue;
            StrikeSlot[] memory slots = market.strikesOf(expiries[i]);
            if (expiries[i] > block.timestamp) _addExpiry(b, spot, expiries[i], slots);
            else _addExpired(b, spot, expiries[i], slots);
            _addLosses(b, losses, points, slots);
        }
        // Rounded up by more than what the approximation may have left out: 2^-58 of the notional, at least one unit.
        if (b.calls + b.puts != 0) b.liability += Math.mulDiv(b.calls + b.puts, spot, WAD << 58, Math.Rounding.Ceil);
    }

    function _addExpiry(Book memory b, uint256 spot, uint256 expiry, StrikeSlot[] memory slots) private view {
        uint256 secondsLeft = Math.max(expiry - block.timestamp, MIN_TIME_TO_EXPIRY);
        OptionMath.Position memory legs = _legs(spot, expiry, secondsLeft, slots);
        if (legs.value > 0) b.liability += uint256(legs.value);
        b.delta -= legs.delta;
        b.gamma -= legs.gamma;
        b.vega -= legs.vega;
        b.theta -= legs.theta;
        b.volatilityDoubt += Math.ceilDiv(surface.spread(expiry) * legs.vega.abs(), WAD);
        b.timeDelta -= (legs.delta * int256(secondsLeft)) / int256(YEAR);
    }

    /// @dev N5: what waits for settlement is worth what it was about to be, with the delta it had before it expired; no
    ///      price moves that delta any more.
    function _addExpired(Book memory b, uint256 spot, uint256 expiry, StrikeSlot[] memory slots) private view {
        int256 value = _legs(spot, expiry, MIN_TIME_TO_EXPIRY, slots).value;
        if (value > 0) b.liability += uint256(value);
        b.delta -= _legs(_spotBeforeExpiry(expiry, spot), expiry, MIN_TIME_TO_EXPIRY, slots).delta;
    }

    function _spotBeforeExpiry(uint256 expiry, uint256 spot) private view returns (uint256) {
        uint256 kept = _spotBefore[expiry];
        if (kept != 0) return kept;
        uint256 time = _checkpoint.time;
        return time != 0 && time < expiry ? _checkpoint.spot : spot;
    }

    /// @dev The open options of one expiry, long, each strike at its own volatility on the forward (RULES.md F4).
    function _legs(
        uint256 spot,
        uint256 expiry,
        uint256 secondsLeft,
        StrikeSlot[] memory slots
    ) private view returns (OptionMath.Position memory) {
        (int256 carry, ) = funding.carry(secondsLeft);
        OptionMath.Expiry memory context = OptionMath.expiry(secondsLeft, carry, 0);
        SviSlice slice = surface.sliceOf(expiry);
        OptionMath.Book memory sums;
        for (uint256 i; i < slots.length; ++i) {
            StrikeSlot slot = slots[i];
            if (!slot.hasOpenInterest()) continue;
            int256 kQ96 = Ln.ratio(slot.strikeWad(), spot) - context.carryTimeQ96;
            OptionMath.add(sums, context, spot, slot, OptionMath.deviation(context, slice.volatility(kQ96)));
        }
        return OptionMath.net(sums, context, spot);
    }

    function _addLosses(
        Book memory b,
        Losses memory losses,
        Points memory points,
        StrikeSlot[] memory slots
    ) private pure {
        for (uint256 i; i < slots.length; ++i) {
            StrikeSlot slot = slots[i];
            if (!slot.hasOpenInterest()) continue;
            uint256 calls = slot.callOpenInterest();
            uint256 puts = slot.putOpenInterest();
            b.calls += calls;
            b.puts += puts;
            if (points.here == 0) continue;
            uint256 strike = slot.strikeWad();
            losses.down += _payoff(points.down, strike, calls, puts);
            losses.here += _payoff(points.here, strike, calls, puts);
            losses.up += _payoff(points.up, strike, calls, puts);
            if (points.liquidation != 0) losses.liquidation += _payoff(points.liquidation, strike, calls, puts);
        }
    }

    function _payoff(uint256 spot, uint256 strike, uint256 calls, uint256 puts) private pure returns (uint256) {
        return spot > strike ? Math.ceilDiv((spot - strike) * calls, WAD) : Math.ceilDiv((strike - spot) * puts, WAD);
    }

    // ---------------------------------------------------------------- small

    /// @dev Idle less what is owed, quote WAD.
    function _idle() private view returns (int256) {
        uint256 scale = vault.assetScale();
        return (vault.idle() * scale).toInt256() - (vault.owed() * scale).toInt256();
    }

    function _revertWith(bytes memory why) private pure {
        assembly ("memory-safe") {
            revert(add(why, 32), mload(why))
        }
    }
}
