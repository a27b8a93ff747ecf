// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {AccessManaged} from "@openzeppelin/contracts/access/manager/AccessManaged.sol";
import {IERC20Metadata} from "@openzeppelin/contracts/token/ERC20/extensions/IERC20Metadata.sol";
import {Math} from "@openzeppelin/contracts/utils/math/Math.sol";
import {SafeCast} from "@openzeppelin/contracts/utils/math/SafeCast.sol";
import {SignedMath} from "@openzeppelin/contracts/utils/math/SignedMath.sol";
import {IFundingOracle, IVenueList} from "./interfaces/IFundingOracle.sol";
import {IGasPriceOracle} from "./interfaces/IGasPriceOracle.sol";
import {IHedgeController} from "./interfaces/IHedgeController.sol";
import {IOptionVault} from "./interfaces/IOptionVault.sol";
import {IPerpVenue} from "./interfaces/IPerpVenue.sol";
import {IRiskEngine} from "./interfaces/IRiskEngine.sol";
import {ISaleLimits} from "./interfaces/ISaleLimits.sol";
import {ISpotOracle} from "./interfaces/ISpotOracle.sol";
import {IVolatilitySurface} from "./interfaces/IVolatilitySurface.sol";

/// @title HedgeController: the keeper proposes, the chain disposes
/// @notice Net delta = book delta + perp position. While |net delta| is within a tenth of a contract per contract sold
///         nothing may be traded; outside, the keeper may trade towards zero, never across it, at a price within 1 % of
///         guarded spot, and after an increase equity must be at least 22 % of the position's notional. Everything is
///         computed in the transaction itself: a proposal that has grown too large since it was made is cut to what is
///         needed now, a keeper cannot act on stale figures, and a stolen key cannot build a position.
///
///         MARGIN. Its corridor is 22 % … 60 % of notional with 35 % as target; it moves only from outside the corridor
///         and only to the target, between the vault and the venue and nowhere else. Without a position all of it
///         returns.
///
///         FUNDING. Every hedge brings the funding oracle a sample when one is due, so that none covers a long silence.
contract HedgeController is IHedgeController, IVenueList, AccessManaged {
    using SafeCast for uint256;
    using SignedMath for int256;

    uint256 private constant WAD = 1e18;
    /// @notice Half-width of the band, delta per contract sold.
    uint256 public constant BAND_PER_CONTRACT = 0.1e18;
    /// @notice Smallest trade, quote WAD; a trade that closes the position may be smaller.
    uint256 public constant MIN_NOTIONAL = 100e18;
    /// @notice How far from guarded spot the keeper's limit price may lie, the venue's fee included.
    uint256 public constant MAX_SLIPPAGE = 0.01e18; // 1 %
    /// @notice Equity ÷ notional: below the floor margin is topped up, above the ceiling it returns, to the target.
    uint256 public constant MARGIN_FLOOR = 0.22e18;
    uint256 public constant MARGIN_TARGET = 0.35e18;
    uint256 public constant MARGIN_CEILING = 0.6e18;
    /// @notice The price move within which the venue's depth is measured: half of what a hedge may slip.
    uint256 public constant DEPTH_MOVE = 0.005e18; // .5 %
    /// @notice Half the spread and the impact of a usual hedge, beside the venue's fee.
    uint256 public constant IMPACT = 0.0005e18; // 5 bps
    /// @notice λ when the venue does not tell its fee, and never more.
    uint256 public constant MAX_PROPORTIONAL_COST = MAX_SLIPPAGE;
    /// @notice Gas of one rebalance, the venue's included.
    uint256 public constant HEDGE_GAS = 2_000_000;
    /// @dev The least time between two samples of funding.
    uint256 private constant SAMPLE_INTERVAL = 15 minutes;
    /// @dev The most that a venue's figures can be, underlying WAD and quote WAD.
    uint256 private constant MAX_SIZE = 1 << 80; // 1.2e6
    uint256 private constant MAX_AMOUNT = 1 << 110; // 1.3e15
    /// @dev A read of the venue is granted this much, so that a caller cannot starve it and make it look dead.
    uint256 private constant VENUE_READ_GAS = 2_000_000;
    /// @dev The same for a single figure.
    uint256 private constant FIGURE_READ_GAS = 600_000;

    IOptionVault public immutable vault;
    IRiskEngine public immutable riskEngine;
    ISaleLimits public immutable saleLimits;
    ISpotOracle public immutable oracle;
    IVolatilitySurface public immutable surface;
    IGasPriceOracle public immutable gasPriceOracle;
    IFundingOracle public immutable funding;
    IPerpVenue public immutable venue;

    uint256 private immutable _assetScale;

    /// @notice The caller sent too little gas to read the venue.
    error InsufficientGas(uint256 available, uint256 required);

    modifier locked() {
        vault.lock();
        _;
        vault.unlock();
    }

    modifier before(uint256 deadline) {
        if (block.timestamp > deadline) revert DeadlinePassed(deadline, block.timestamp);
        _;
    }

    /// @param quoteToken The vault's asset; the vault itself is not deployed yet when this runs.
    constructor(
        address authority_,
        IERC20Metadata quoteToken,
        IOptionVault vault_,
        IRiskEngine riskEngine_,
        ISaleLimits saleLimits_,
        ISpotOracle oracle_,
        IVolatilitySurface surface_,
        IGasPriceOracle gasPriceOracle_,
        IFundingOracle funding_,
        IPerpVenue venue_
    ) AccessManaged(authority_) {
        vault = vault_;
        riskEngine = riskEngine_;
        saleLimits = saleLimits_;
        oracle = oracle_;
        surface = surface_;
        gasPriceOracle = gasPriceOracle_;
        funding = funding_;
        venue = venue_;
        _assetScale = 10 ** (18 - quoteToken.decimals());
    }

    // ---------------------------------------------------------------- keeper

    /// @inheritdoc IHedgeController
    function rebalance(
        int256 sizeDelta,
        uint256 limitPrice,
        uint256 deadline
    ) external restricted before(deadline) locked returns (uint256 price) {
        uint256 spot = _spot();
        _sampleFunding();
        IPerpVenue.State memory s = _stateOrRevert();
        if (!s.tradable) revert VenueNotTradable();
        IRiskEngine.Book memory b = riskEngine.book(spot);
        int256 net = b.delta + s.size;

        uint256 sizeBefore = s.size.abs();
        sizeDelta = _trimToNeutral(sizeDelta, net, band(b.calls, b.puts));
        _checkTrade(sizeDelta, limitPrice, spot, s.size);
        _topUpFor(s, spot, sizeDelta);
        (, price) = venue.submit(sizeDelta, limitPrice);

        s = _stateOrRevert();
        int256 netAfter = b.delta + s.size;
        if (netAfter.abs() >= net.abs() || (netAfter != 0 && (netAfter > 0) != (net > 0))) {
            revert HedgeDidNotReduce(net, netAfter);
        }
        if (s.size.abs() > sizeBefore) _requireFloor(s, spot);
        int256 surplus = _marginMove(s, spot);
        if (surplus < 0) _moveMargin(surplus, spot);
        saleLimits.spend();
        emit Hedged(msg.sender, sizeDelta, price, spot, net, netAfter);
    }

    // ---------------------------------------------------------------- anyone

    /// @inheritdoc IHedgeController
    function adjustMargin() external locked returns (int256 assets) {
        uint256 spot = _spot();
        _sampleFunding();
        IPerpVenue.State memory s = _stateOrRevert();
        assets = _marginMove(s, spot);
        if (assets == 0) {
            uint256 ratio = _ratio(_equity(s, spot), _notional(s, spot));
            if (ratio >= MARGIN_FLOOR && ratio <= MARGIN_CEILING) {
                revert MarginWithinCorridor(ratio, MARGIN_FLOOR, MARGIN_CEILING);
            }
            revert NothingToMove(ratio);
        }
        _moveMargin(assets, spot);
        saleLimits.spend();
    }

    // ---------------------------------------------------------------- views

    /// @inheritdoc IHedgeController
    function position() external view returns (Position memory p) {
        IPerpVenue.State memory s;
        (p.readable, s) = _state();
        if (!p.readable) return p;
        p.size = s.size;
        p.cash = s.cash - s.entryNotional;
        p.maintenanceMargin = s.maintenanceMargin;
        p.markPrice = s.markPrice;
        p.tradable = s.tradable;
        _requireReadGas(FIGURE_READ_GAS);
        try venue.depth{gas: FIGURE_READ_GAS}(DEPTH_MOVE) returns (uint256 depth) {
            p.depth = depth;
        } catch {
            p.depth = 0;
        }
    }

    /// @inheritdoc IHedgeController
    function markPrice() external view returns (uint256 price, bool readable) {
        _requireReadGas(FIGURE_READ_GAS);
        try venue.markPrice{gas: FIGURE_READ_GAS}() returns (uint256 mark) {
            return (mark, mark != 0);
        } catch {
            return (0, false);
        }
    }

    /// @inheritdoc IHedgeController
    function hedgeCost(uint256 spot) external view returns (uint256 proportional, uint256 fixedCost) {
        proportional = MAX_PROPORTIONAL_COST;
        _requireReadGas(FIGURE_READ_GAS);
        try venue.takerFee{gas: FIGURE_READ_GAS}() returns (uint256 fee) {
            proportional = Math.min(Math.saturatingAdd(fee, IMPACT), MAX_PROPORTIONAL_COST);
        } catch {
            proportional = MAX_PROPORTIONAL_COST;
        }
        // Gas is paid in the chain's native token, which is taken to be the underlying.
        fixedCost = Math.mulDiv(HEDGE_GAS * gasPriceOracle.gasPrice(), spot, WAD);
    }

    /// @inheritdoc IHedgeController
    function band(uint256 calls, uint256 puts) public pure returns (uint256) {
        return (BAND_PER_CONTRACT * Math.max(calls, puts)) / WAD;
    }

    /// @inheritdoc IVenueList
    function venues() external view returns (IPerpVenue[] memory all) {
        all = new IPerpVenue[](1);
        all[0] = venue;
    }

    /// @inheritdoc IHedgeController
    function hedgeState() external view returns (HedgeState memory h) {
        if (vault.inProgress()) revert IRiskEngine.ReentrantRead();
        ISpotOracle.Spot memory price = oracle.read(surface.sigma());
        h.spot = price.price;
        (bool readable, IPerpVenue.State memory s) = _state();
        if (readable) _describeVenue(h, s);
        if (price.fault != ISpotOracle.Fault.None) {
            h.reason = Reason.PriceUntrusted;
            return h;
        }
        IRiskEngine.Book memory b = riskEngine.book(h.spot);
        h.bookDelta = b.delta;
        h.netDelta = b.delta + h.hedgeSize;
        h.band = band(b.calls, b.puts);
        if (!readable) {
            h.reason = Reason.VenueUnreadable;
            return h;
        }
        h.equity = _equity(s, h.spot);
        h.notional = _notional(s, h.spot);
        h.marginRatio = _ratio(h.equity, h.notional);
        h.marginMove = _marginMove(s, h.spot);
        _decide(h, s.tradable, b.calls == 0 && b.puts == 0);
    }

    // ---------------------------------------------------------------- internal

    function _describeVenue(HedgeState memory h, IPerpVenue.State memory s) private pure {
        h.hedgeSize = s.size;
        h.markPrice = s.markPrice;
        h.indexPrice = s.indexPrice;
        h.fundingRate = s.fundingRate;
        h.accruedFunding = s.accruedFunding;
        h.maintenanceMargin = s.maintenanceMargin;
    }

    /// @dev A position that must be traded comes first: `rebalance` moves the margin that it needs itself.
    function _decide(HedgeState memory h, bool tradable, bool noOpenInterest) private pure {
        bool outside = h.netDelta.abs() > h.band;
        bool worthwhile = _isWorthwhile(-h.netDelta, h.hedgeSize, h.spot);
        if (outside && worthwhile && tradable) {
            (h.action, h.reason) = (Action.Hedge, noOpenInterest ? Reason.NoOpenInterest : Reason.OutsideBand);
            h.trade = -h.netDelta;
        } else if (h.marginMove > 0) {
            (h.action, h.reason) = (Action.TopUp, Reason.MarginBelowFloor);
        } else if (h.marginMove < 0) {
            (h.action, h.reason) = (Action.FreeMargin, Reason.MarginAboveCeiling);
        } else if (h.marginRatio < MARGIN_FLOOR) {
            h.reason = Reason.MarginBelowFloor;
        } else if (outside) {
            h.reason = tradable ? Reason.BelowMinimumNotional : Reason.VenueNotTradable;
        } else {
            h.reason = noOpenInterest ? Reason.NoOpenInterest : Reason.WithinBand;
        }
    }

    /// @dev The proposal was computed a block or more ago, the net delta is of now: what would cross zero is cut off.
    function _trimToNeutral(int256 sizeDelta, int256 net, uint256 outer) private pure returns (int256) {
        if (net.abs() <= outer) revert WithinBand(net, outer);
        if (sizeDelta == 0 || (sizeDelta > 0) == (net > 0)) revert WrongDirection(sizeDelta, net);
        return sizeDelta.abs() > net.abs() ? -net : sizeDelta;
    }

    function _checkTrade(int256 sizeDelta, uint256 limitPrice, uint256 spot, int256 size) private pure {
        if (!_isWorthwhile(sizeDelta, size, spot)) {
            revert BelowMinimumNotional((sizeDelta.abs() * spot) / WAD, MIN_NOTIONAL);
        }
        if (sizeDelta > 0) {
            uint256 ceiling = (spot * (WAD + MAX_SLIPPAGE)) / WAD;
            if (limitPrice > ceiling) revert LimitBeyondSlippageBound(limitPrice, ceiling);
        } else {
            uint256 floor = Math.ceilDiv(spot * (WAD - MAX_SLIPPAGE), WAD);
            if (limitPrice < floor) revert LimitBeyondSlippageBound(limitPrice, floor);
        }
    }

    function _isWorthwhile(int256 sizeDelta, int256 size, uint256 spot) private pure returns (bool) {
        return sizeDelta != 0 && (size + sizeDelta == 0 || (sizeDelta.abs() * spot) / WAD >= MIN_NOTIONAL);
    }

    /// @dev Before an increase: brings equity to its target for the position to come, as far as money is free, unless it
    ///      stays above the floor even when the trade costs all the slippage that is allowed. Whether that was enough is
    ///      checked after the trade.
    function _topUpFor(IPerpVenue.State memory s, uint256 spot, int256 sizeDelta) private {
        uint256 sizeAfter = (s.size + sizeDelta).abs();
        if (sizeAfter <= s.size.abs()) return;
        uint256 notional = (sizeAfter * spot) / WAD;
        uint256 dearest = (((sizeDelta.abs() * spot) / WAD) * MAX_SLIPPAGE) / WAD;
        int256 equity = _equity(s, spot);
        if (equity >= int256((notional * MARGIN_FLOOR) / WAD + dearest) || _isLost(s, equity)) return;
        uint256 assets = _affordable(int256((notional * MARGIN_TARGET) / WAD) - equity);
        if (assets != 0) _moveMargin(assets.toInt256(), spot);
    }

    function _moveMargin(int256 assets, uint256 spot) private {
        if (assets > 0) {
            vault.sendMargin(address(venue), uint256(assets));
            venue.depositMargin(uint256(assets));
        } else {
            uint256 returned = venue.withdrawMargin(uint256(-assets));
            vault.receiveMargin(address(venue), returned);
        }
        IPerpVenue.State memory s = _stateOrRevert();
        emit MarginMoved(assets, _ratio(_equity(s, spot), _notional(s, spot)));
    }

    /// @return Quote-token units that there is a reason and the means to move now, positive = to the venue.
    function _marginMove(IPerpVenue.State memory s, uint256 spot) private view returns (int256) {
        int256 equity = _equity(s, spot);
        uint256 notional = _notional(s, spot);
        int256 target = int256((notional * MARGIN_TARGET) / WAD);
        if (equity < int256((notional * MARGIN_FLOOR) / WAD)) {
            return _isLost(s, equity) ? int256(0) : _affordable(target - equity).toInt256();
        }
        if (equity > int256((notional * MARGIN_CEILING) / WAD)) {
            // Only what the venue would release now: a gain that is not realised cannot be fetched.
            return -Math.min(uint256(equity - target) / _assetScale, s.withdrawable).toInt256();
        }
        return 0;
    }

    /// @dev An account under water, with a position or only its debt: the loss beyond the margin is the venue's, and what
    ///      is sent after it is gone. Reductions need no margin and stay open.
    function _isLost(IPerpVenue.State memory s, int256 equity) private pure returns (bool) {
        return equity < 0 || (equity == 0 && s.size != 0);
    }

    /// @dev Quote-token units for `quoteWad`, at most what lies idle and is not owed.
    function _affordable(int256 quoteWad) private view returns (uint256) {
        return Math.min(Math.ceilDiv(uint256(quoteWad), _assetScale), Math.saturatingSub(vault.idle(), vault.owed()));
    }

    /// @dev The one limit after an increase: enough equity, whatever came before.
    function _requireFloor(IPerpVenue.State memory s, uint256 spot) private pure {
        int256 equity = _equity(s, spot);
        uint256 notional = _notional(s, spot);
        if (equity < int256((notional * MARGIN_FLOOR) / WAD)) revert LeverageTooHigh(equity, notional, MARGIN_FLOOR);
    }

    function _equity(IPerpVenue.State memory s, uint256 spot) private pure returns (int256) {
        return s.cash - s.entryNotional + (s.size * spot.toInt256()) / int256(WAD);
    }

    function _notional(IPerpVenue.State memory s, uint256 spot) private pure returns (uint256) {
        return (s.size.abs() * spot) / WAD;
    }

    function _ratio(int256 equity, uint256 notional) private pure returns (uint256) {
        if (notional == 0) return type(uint256).max;
        return equity > 0 ? (uint256(equity) * WAD) / notional : 0;
    }

    function _stateOrRevert() private view returns (IPerpVenue.State memory s) {
        bool readable;
        (readable, s) = _state();
        if (!readable) revert VenueUnreadable();
        return s;
    }

    function _state() private view returns (bool readable, IPerpVenue.State memory s) {
        _requireReadGas(VENUE_READ_GAS);
        try venue.state{gas: VENUE_READ_GAS}() returns (IPerpVenue.State memory read) {
            if (_isPlausible(read)) return (true, read);
        } catch {
            return (false, s);
        }
    }

    /// @dev Figures that no account has are no answer: sums of them would not fit, and NAV would revert.
    function _isPlausible(IPerpVenue.State memory s) private pure returns (bool) {
        if (s.size.abs() > MAX_SIZE || s.markPrice > MAX_AMOUNT || s.maintenanceMargin > MAX_AMOUNT) return false;
        return s.cash.abs() <= MAX_AMOUNT && s.entryNotional.abs() <= MAX_AMOUNT;
    }

    function _requireReadGas(uint256 granted) private view {
        // 63/64 of what is left is what the call can get.
        uint256 available = gasleft();
        if (available - available / 64 < granted) revert InsufficientGas(available, granted);
    }

    function _spot() private view returns (uint256) {
        return oracle.spot(surface.sigma()).price;
    }

    /// @dev A sample that cannot be taken now is no reason not to hedge.
    function _sampleFunding() private {
        if (block.timestamp < funding.averages().sampledAt + SAMPLE_INTERVAL) return;
        // solhint-disable-next-line no-empty-blocks
        try funding.sample() {} catch {}
    }
}
