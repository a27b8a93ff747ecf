// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {AccessManaged} from "@openzeppelin/contracts/access/manager/AccessManaged.sol";
import {IERC20Metadata} from "@openzeppelin/contracts/token/ERC20/extensions/IERC20Metadata.sol";
import {Math} from "@openzeppelin/contracts/utils/math/Math.sol";
import {SafeCast} from "@openzeppelin/contracts/utils/math/SafeCast.sol";
import {SignedMath} from "@openzeppelin/contracts/utils/math/SignedMath.sol";
import {IHedgeController} from "./interfaces/IHedgeController.sol";
import {IOptionVault} from "./interfaces/IOptionVault.sol";
import {IPerpVenue} from "./interfaces/IPerpVenue.sol";
import {IRiskEngine} from "./interfaces/IRiskEngine.sol";
import {ISpotOracle} from "./interfaces/ISpotOracle.sol";

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
contract HedgeController is IHedgeController, AccessManaged {
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
    /// @dev A read of the venue is granted this much, so that a caller cannot starve it and make it look dead.
    uint256 private constant VENUE_READ_GAS = 2_000_000;

    IOptionVault public immutable vault;
    IRiskEngine public immutable riskEngine;
    ISpotOracle public immutable oracle;
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
        ISpotOracle oracle_,
        IPerpVenue venue_
    ) AccessManaged(authority_) {
        vault = vault_;
        riskEngine = riskEngine_;
        oracle = oracle_;
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
        (uint256 spot, ) = oracle.spot();
        IPerpVenue.State memory s = _stateOrRevert();
        if (!s.tradable) revert VenueNotTradable();
        IRiskEngine.Book memory b = riskEngine.book(spot);
        int256 net = b.delta + s.size;

        uint256 sizeBefore = s.size.abs();
        sizeDelta = _trimToNeutral(sizeDelta, net, _band(b));
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
        emit Hedged(msg.sender, sizeDelta, price, spot, net, netAfter);
    }

    // ---------------------------------------------------------------- anyone

    /// @inheritdoc IHedgeController
    function adjustMargin() external locked returns (int256 assets) {
        (uint256 spot, ) = oracle.spot();
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
    }

    // ---------------------------------------------------------------- views

    /// @inheritdoc IHedgeController
    function position() external view returns (int256 size, int256 cash, bool readable) {
        IPerpVenue.State memory s;
        (readable, s) = _state();
        if (readable) (size, cash) = (s.size, s.cash - s.entryNotional);
    }

    /// @inheritdoc IHedgeController
    function hedgeState() external view returns (HedgeState memory h) {
        ISpotOracle.Fault fault;
        (h.spot, , fault) = oracle.read();
        (bool readable, IPerpVenue.State memory s) = _state();
        if (readable) _describeVenue(h, s);
        if (fault != ISpotOracle.Fault.None) {
            h.reason = Reason.PriceUntrusted;
            return h;
        }
        IRiskEngine.Book memory b = riskEngine.book(h.spot);
        h.bookDelta = b.delta;
        h.netDelta = b.delta + h.hedgeSize;
        h.band = _band(b);
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
    function _trimToNeutral(int256 sizeDelta, int256 net, uint256 band) private pure returns (int256) {
        if (net.abs() <= band) revert WithinBand(net, band);
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

    function _band(IRiskEngine.Book memory b) private pure returns (uint256) {
        return (BAND_PER_CONTRACT * Math.max(b.calls, b.puts)) / WAD;
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
        // 63/64 of what is left is what the call can get.
        uint256 available = gasleft();
        if (available - available / 64 < VENUE_READ_GAS) revert InsufficientGas(available, VENUE_READ_GAS);
        try venue.state{gas: VENUE_READ_GAS}() returns (IPerpVenue.State memory read) {
            return (true, read);
        } catch {
            return (false, s);
        }
    }
}
