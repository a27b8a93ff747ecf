// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {Math} from "@openzeppelin/contracts/utils/math/Math.sol";
import {SafeCast} from "@openzeppelin/contracts/utils/math/SafeCast.sol";
import {SignedMath} from "@openzeppelin/contracts/utils/math/SignedMath.sol";
import {IHedgeController} from "./interfaces/IHedgeController.sol";
import {IOptionMarket} from "./interfaces/IOptionMarket.sol";
import {IOptionVault} from "./interfaces/IOptionVault.sol";
import {IRiskEngine} from "./interfaces/IRiskEngine.sol";
import {ISaleLimits} from "./interfaces/ISaleLimits.sol";
import {IVolatilitySurface} from "./interfaces/IVolatilitySurface.sol";

/// @title SaleLimits: what may be sold now
/// @notice The rules and what is stored: {ISaleLimits}.
contract SaleLimits is ISaleLimits {
    using SafeCast for int256;
    using SafeCast for uint256;
    using SignedMath for int256;

    uint256 private constant WAD = 1e18;
    int256 private constant INT_WAD = 1e18;
    /// @notice What must remain of NAV after a sale when spot has fallen to half or risen by half.
    uint256 public constant RESERVE = 0.2e18; // 20 % of NAV
    /// @dev The two stressed spots of {IRiskEngine.Points}, as parts of spot.
    uint256 private constant STRESS_DOWN = 0.5e18;
    uint256 private constant STRESS_UP = 1.5e18;
    /// @notice |delta| sold at one round of the oracle is worth at most this part of bid NAV.
    uint256 public constant MAX_ROUND_DELTA = 0.05e18; // 5 %
    /// @notice The open options' vega is at most this part of bid NAV: what a surface that is walked up within its limits can
    ///         cost, all expiries together.
    uint256 public constant MAX_VEGA = 0.2e18; // 20 %
    /// @notice What the pull feed sold counts less and less for so long.
    uint256 public constant PULL_REFILL = 1 minutes;
    /// @notice How long a checkpoint serves.
    uint256 public constant CHECKPOINT_LIFE = 10 minutes;
    /// @notice How far spot may move from it, a part.
    uint256 public constant CHECKPOINT_MOVE = 0.01e18; // 1 %
    /// @notice How much of its headroom may be used, a part.
    uint256 public constant CHECKPOINT_HEADROOM = 0.05e18; // 5 %

    IOptionMarket public immutable market;
    IOptionVault public immutable vault;
    IHedgeController public immutable controller;
    IRiskEngine public immutable riskEngine;
    IVolatilitySurface public immutable surface;

    Checkpoint private _checkpoint;
    /// @dev Once a later checkpoint was made while the expiry waits for settlement.
    mapping(uint256 expiry => uint256 spot) private _spotBefore;
    Round private _round;

    /// @dev Σ jumpDelta sold at the latest round of each source.
    struct Round {
        uint40 pushUpdatedAt;
        uint40 pullUpdatedAt;
        uint88 pushDelta;
        uint88 pullDelta;
    }

    modifier only(address system) {
        if (msg.sender != system) revert NotSystem(msg.sender);
        _;
    }

    constructor(
        IOptionMarket market_,
        IOptionVault vault_,
        IHedgeController controller_,
        IRiskEngine riskEngine_,
        IVolatilitySurface surface_
    ) {
        market = market_;
        vault = vault_;
        controller = controller_;
        riskEngine = riskEngine_;
        surface = surface_;
    }

    // ---------------------------------------------------------------- vault, market and controller

    /// @inheritdoc ISaleLimits
    function renew() external returns (IRiskEngine.Valuation memory v) {
        if (vault.inProgress()) revert IRiskEngine.ReentrantRead();
        IRiskEngine.Findings memory f;
        (v, f) = riskEngine.assess();
        _keep(_checkpointOf(v, f, 0));
    }

    /// @inheritdoc ISaleLimits
    function spend() external {
        if (msg.sender != address(market) && msg.sender != address(controller)) revert NotSystem(msg.sender);
        _checkpoint.isSpent = true;
    }

    /// @inheritdoc ISaleLimits
    function admitSale(Sale calldata sale) external only(address(market)) {
        Checkpoint memory c = _checkpoint;
        uint256 sold = _soldAt(sale) + _jumpDeltaOf(sale);
        IRiskEngine.Closure closure;
        bytes memory why;
        bool isStale = _isStale(c, sale.spot);
        if (!isStale) {
            _count(c, sale);
            (closure, why) = _judge(c, sale, _idle(), sold);
            // What a checkpoint refuses, the book as it is may allow: the quote says what that would.
            isStale = closure != IRiskEngine.Closure.None && _mayRenew();
        }
        if (isStale) {
            c = _renewedWith(sale);
            (closure, why) = _judge(c, sale, _idle(), sold);
        }
        if (closure != IRiskEngine.Closure.None) _revertWith(why);
        _keep(c);
        _bookRound(sale, sold);
    }

    /// @inheritdoc ISaleLimits
    function admitBuyback(Sale calldata sale) external only(address(market)) {
        Checkpoint memory c = _checkpoint;
        if (_isStale(c, sale.spot)) {
            (IRiskEngine.Valuation memory v, IRiskEngine.Findings memory f) = riskEngine.assess();
            c = _checkpointOf(v, f, 0);
        }
        if (market.hasUnsettledExpiry()) revert SalesClosed(IRiskEngine.Closure.ExpiryUnsettled);
        _requireSolvent(c);
        // What comes back is worth as much less to others. Its losses stay counted until the next renewal.
        int128 value = ((sale.value * sale.size) / WAD + sale.skew).toInt256().toInt128();
        c.midWithoutIdle += value;
        c.bidWithoutIdle += value;
        _keep(c);
    }

    // ---------------------------------------------------------------- views

    /// @inheritdoc ISaleLimits
    function limits(Sale calldata sale) external view returns (Limits memory left) {
        if (msg.sender != address(market) && vault.inProgress()) revert IRiskEngine.ReentrantRead();
        (IRiskEngine.Valuation memory v, IRiskEngine.Findings memory f) = riskEngine.assess();
        Checkpoint memory c = _checkpointOf(v, f, 0);
        uint256 sold = _soldAt(sale);
        left.coverage = v.coverage;
        left.cashLeft = f.idle > 0 ? uint256(f.idle) / vault.assetScale() : 0;
        left.depthLeft = c.depth;
        left.coverLeft = c.headroom;
        left.roundDeltaLeft = Math.saturatingSub(_roundDelta(c, sale.spot, f.idle), sold);
        left.vegaLeft = Math.saturatingSub(_vegaOf(c, f.idle), c.shortVega);
        left.closure = c.closure;
        // What is closed anyway may have a price of which nothing can be computed.
        if (sale.size == 0 || c.closure != IRiskEngine.Closure.None) return left;
        _count(c, sale);
        int256 idleAfter = f.idle + (sale.premium * vault.assetScale()).toInt256();
        (left.closure, ) = _judge(c, sale, idleAfter, sold + _jumpDeltaOf(sale));
    }

    /// @inheritdoc ISaleLimits
    function spotBefore(uint256 expiry) external view returns (uint256) {
        uint256 kept = _spotBefore[expiry];
        if (kept != 0) return kept;
        return _checkpoint.time < expiry ? _checkpoint.spot : 0;
    }

    /// @inheritdoc ISaleLimits
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
        c.shortVega += Math.ceilDiv(sale.vega * sale.size, WAD).toUint128();
        int128 value = (Math.ceilDiv(sale.value * sale.size, WAD) + sale.skew).toInt256().toInt128();
        c.midWithoutIdle -= value;
        c.bidWithoutIdle -= value;
    }

    /// @dev The first limit that is broken with the sale counted in, and the error that says so.
    /// @param idle_ Less what is owed, the premium received, quote WAD.
    /// @param sold Σ jumpDelta sold at this round, this sale's included.
    function _judge(
        Checkpoint memory c,
        Sale calldata sale,
        int256 idle_,
        uint256 sold
    ) internal view virtual returns (IRiskEngine.Closure closure, bytes memory why) {
        closure = market.hasUnsettledExpiry() ? IRiskEngine.Closure.ExpiryUnsettled : c.closure;
        if (closure != IRiskEngine.Closure.None)
            return (closure, abi.encodeWithSelector(SalesClosed.selector, closure));

        uint256 most = _roundDelta(c, sale.spot, idle_);
        if (sold > most) {
            uint256 left = Math.saturatingSub(most, sold - _jumpDeltaOf(sale));
            why = abi.encodeWithSelector(RoundDeltaSpent.selector, _jumpDeltaOf(sale), left);
            return (IRiskEngine.Closure.RoundDeltaSpent, why);
        }
        uint256 mostVega = _vegaOf(c, idle_);
        if (c.shortVega > mostVega) {
            uint256 vega = Math.ceilDiv(sale.vega * sale.size, WAD);
            uint256 left = Math.saturatingSub(mostVega, Math.saturatingSub(c.shortVega, vega));
            why = abi.encodeWithSelector(VegaSpent.selector, vega, left);
            return (IRiskEngine.Closure.VegaSpent, why);
        }
        uint256 depth = _depthOf(c);
        if (c.deltaSold > depth) {
            uint256 left = Math.saturatingSub(depth, c.deltaSold - _deltaOf(sale));
            why = abi.encodeWithSelector(VenueDepthSpent.selector, _deltaOf(sale), left);
            return (IRiskEngine.Closure.VenueDepthSpent, why);
        }
        return _judgeCover(c, idle_);
    }

    /// @dev S3.
    function _judgeCover(
        Checkpoint memory c,
        int256 idle_
    ) internal view virtual returns (IRiskEngine.Closure closure, bytes memory why) {
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
        if (available >= int256(required)) return (IRiskEngine.Closure.None, why);
        why = abi.encodeWithSelector(InsufficientCollateral.selector, spot, available, required);
        return (IRiskEngine.Closure.CollateralShort, why);
    }

    /// @dev Q5: |delta| that may be sold at one round of the oracle.
    function _roundDelta(Checkpoint memory c, uint256 spot, int256 idle_) internal view virtual returns (uint256) {
        int256 nav = idle_ + c.bidWithoutIdle;
        if (nav <= 0 || spot == 0) return 0;
        return (uint256(nav) * MAX_ROUND_DELTA) / spot;
    }

    /// @dev The vega that all open options together may have.
    function _vegaOf(Checkpoint memory c, int256 idle_) internal view virtual returns (uint256) {
        int256 nav = idle_ + c.bidWithoutIdle;
        return nav > 0 ? (uint256(nav) * MAX_VEGA) / WAD : 0;
    }

    /// @dev S2, in short: who sells back must not be paid before those who are owed as much, whatever else is closed too.
    function _requireSolvent(Checkpoint memory c) internal view virtual {
        if (_idle() + c.bidWithoutIdle <= 0) revert SalesClosed(IRiskEngine.Closure.Insolvent);
    }

    /// @dev Whether a sale that a checkpoint refuses is judged once more by the book as it is.
    function _mayRenew() internal view virtual returns (bool) {
        return true;
    }

    /// @dev Q5: |delta| that the venue could take when the checkpoint was made.
    function _depthOf(Checkpoint memory c) internal view virtual returns (uint256) {
        return c.depth;
    }

    /// @dev What a round of the push feed sold counts until its next one. What the pull feed sold counts less with every
    ///      second of its publish time, down to nothing after a minute: whoever brings its prices could bring one for each
    ///      of the last ten seconds.
    function _soldAt(Sale calldata sale) private view returns (uint256) {
        Round memory r = _round;
        if (!sale.isPull) return r.pushUpdatedAt == sale.spotUpdatedAt ? r.pushDelta : 0;
        uint256 passed = Math.saturatingSub(sale.spotUpdatedAt, r.pullUpdatedAt);
        uint256 refill = _pullRefill();
        return passed >= refill ? 0 : Math.ceilDiv(r.pullDelta * (refill - passed), refill);
    }

    function _bookRound(Sale calldata sale, uint256 sold) private {
        uint40 updatedAt = uint40(sale.spotUpdatedAt);
        if (sale.isPull) (_round.pullUpdatedAt, _round.pullDelta) = (updatedAt, SafeCast.toUint88(sold));
        else (_round.pushUpdatedAt, _round.pushDelta) = (updatedAt, SafeCast.toUint88(sold));
    }

    function _pullRefill() internal view virtual returns (uint256) {
        return PULL_REFILL;
    }

    function _jumpDeltaOf(Sale calldata sale) private pure returns (uint256) {
        return Math.ceilDiv(sale.jumpDelta * sale.size, WAD);
    }

    function _deltaOf(Sale calldata sale) private pure returns (uint256) {
        return Math.ceilDiv(sale.delta.abs() * sale.size, WAD);
    }

    // ---------------------------------------------------------------- checkpoint, internal

    /// @dev The book as it is, the sale in it; what the sale needs of the venue counts apart.
    function _renewedWith(Sale calldata sale) private view returns (Checkpoint memory c) {
        (IRiskEngine.Valuation memory v, IRiskEngine.Findings memory f) = riskEngine.assess();
        c = _checkpointOf(v, f, _deltaOf(sale).toInt256() * (sale.delta < 0 ? int256(-1) : int256(1)));
        c.deltaSold = _deltaOf(sale).toUint128();
    }

    /// @param unhedged Delta of sold options that is in the book but counts apart, underlying WAD from the buyer's side.
    function _checkpointOf(
        IRiskEngine.Valuation memory v,
        IRiskEngine.Findings memory f,
        int256 unhedged
    ) private view returns (Checkpoint memory c) {
        uint256 calls = f.book.calls;
        uint256 puts = f.book.puts;
        c.time = uint40(block.timestamp);
        c.surfacePosts = surface.summary().posts;
        c.spot = v.spot.toUint128();
        c.closure = v.closure;
        if (c.closure == IRiskEngine.Closure.None && !f.hedge.tradable)
            c.closure = IRiskEngine.Closure.VenueNotTradable;
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
        c.hedgeDown = f.hedgeDown.toUint128();
        c.hedgeUp = f.hedgeUp.toUint128();
        c.shortVega = f.book.vega.abs().toUint128();
        c.headroom = _headroom(c, f).toUint128();
        if (v.closure == IRiskEngine.Closure.PriceUntrusted) _keepTrustedSpot(c);
    }

    /// @dev N5: a price that nobody trusts is not the last one before an expiry. The next sale renews.
    function _keepTrustedSpot(Checkpoint memory c) internal view virtual {
        (c.time, c.spot, c.isSpent) = (_checkpoint.time, _checkpoint.spot, true);
    }

    /// @dev The least of what is left over by the inequalities of S3.
    function _headroom(Checkpoint memory c, IRiskEngine.Findings memory f) private pure returns (uint256) {
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

    function _payoff(uint256 spot, Sale calldata sale) private pure returns (uint256) {
        if (sale.isCall) return spot > sale.strike ? Math.ceilDiv((spot - sale.strike) * sale.size, WAD) : 0;
        return sale.strike > spot ? Math.ceilDiv((sale.strike - spot) * sale.size, WAD) : 0;
    }

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
