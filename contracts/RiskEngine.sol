// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {Math} from "@openzeppelin/contracts/utils/math/Math.sol";
import {SignedMath} from "@openzeppelin/contracts/utils/math/SignedMath.sol";
import {IHedgeController} from "./interfaces/IHedgeController.sol";
import {IOptionMarket} from "./interfaces/IOptionMarket.sol";
import {IOptionVault} from "./interfaces/IOptionVault.sol";
import {IRiskEngine} from "./interfaces/IRiskEngine.sol";
import {ISpotOracle} from "./interfaces/ISpotOracle.sol";
import {OptionMath} from "./libraries/OptionMath.sol";
import {StrikeSlot} from "./libraries/StrikeSlot.sol";

/// @title RiskEngine: the live book, NAV and the limits that follow from them
/// @notice Nothing is stored: each view prices every open option at the moment of the call.
contract RiskEngine is IRiskEngine {
    using SignedMath for int256;

    uint256 private constant WAD = 1e18;
    /// @notice Half the distance between bid and ask of a share, as a part of NAV.
    uint256 public constant SHARE_SPREAD = 0.001e18; // 10 bps
    /// @notice What must remain of NAV after a sale when spot has fallen to half or risen by half.
    uint256 public constant RESERVE = 0.2e18; // 20 % of NAV
    /// @notice The two stressed spots, as parts of spot.
    uint256 public constant STRESS_DOWN = 0.5e18;
    uint256 public constant STRESS_UP = 1.5e18;
    /// @notice What part of a hedge's gain a stress test counts on.
    int256 private constant HEDGE_GAIN_CREDIT = 0.5e18; // 50 %
    /// @notice Greeks and values of the last minutes are those of ten minutes: a delta that flips within a block is no
    ///         hedge target.
    uint256 public constant MIN_TIME_TO_EXPIRY = 10 minutes;

    IOptionMarket public immutable market;
    IOptionVault public immutable vault;
    IHedgeController public immutable controller;
    ISpotOracle public immutable oracle;

    /// @dev What the open options would cost if they expired at a given spot, quote WAD.
    struct Losses {
        uint256 down;
        uint256 here;
        uint256 up;
    }

    /// @dev What stands against those losses, quote WAD: idle − owed, and the hedge, whose equity at a price p is
    ///      `cash + size · p`.
    struct Cover {
        int256 idle;
        int256 hedgeSize;
        int256 hedgeCash;
    }

    constructor(IOptionMarket market_, IOptionVault vault_, IHedgeController controller_, ISpotOracle oracle_) {
        market = market_;
        vault = vault_;
        controller = controller_;
        oracle = oracle_;
    }

    /// @inheritdoc IRiskEngine
    function book(uint256 spot) external view returns (Book memory b) {
        (b, ) = _book(spot);
    }

    /// @inheritdoc IRiskEngine
    function valuation() external view returns (Valuation memory v) {
        if (vault.inProgress()) revert ReentrantRead();
        (v, , ) = _valuation();
    }

    /// @inheritdoc IRiskEngine
    function checkSale() external view {
        (Valuation memory v, Losses memory loss, Cover memory cover) = _valuation();
        if (v.closure != Closure.None) revert SalesClosed(v.closure);
        if (cover.idle < int256(loss.here)) revert InsufficientCollateral(v.spot, cover.idle, loss.here);

        uint256 reserve = (v.mid * RESERVE) / WAD;
        _requireCovered(cover, v.spot, (v.spot * STRESS_DOWN) / WAD, loss.down + reserve);
        _requireCovered(cover, v.spot, (v.spot * STRESS_UP) / WAD, loss.up + reserve);
    }

    /// @inheritdoc IRiskEngine
    function checkBuyback() external view {
        (Valuation memory v, , ) = _valuation();
        if (v.closure != Closure.None && v.closure != Closure.VenueUnreadable) revert SalesClosed(v.closure);
    }

    function _requireCovered(Cover memory cover, uint256 spot, uint256 stressed, uint256 required) private pure {
        int256 available = _coverAt(cover, spot, stressed);
        if (available < int256(required)) revert InsufficientCollateral(stressed, available, required);
    }

    function _valuation() private view returns (Valuation memory v, Losses memory loss, Cover memory cover) {
        uint256 scale = vault.assetScale();
        cover.idle = int256(vault.idle() * scale) - int256(vault.owed() * scale);

        ISpotOracle.Fault fault;
        (v.spot, , fault) = oracle.read();
        bool readable;
        (cover.hedgeSize, cover.hedgeCash, readable) = controller.position();

        // Without any price neither the options nor the hedge can be valued: nothing is claimed.
        if (v.spot != 0) {
            Book memory b;
            (b, loss) = _book(v.spot);
            v.liability = b.liability;
            v.venueEquity = cover.hedgeCash + (cover.hedgeSize * int256(v.spot)) / int256(WAD);
            int256 nav = cover.idle + v.venueEquity.max(0) - int256(v.liability);
            v.mid = nav > 0 ? uint256(nav) : 0;
            uint256 doubt = Math.ceilDiv(v.mid * SHARE_SPREAD, WAD);
            v.bid = v.mid - doubt;
            v.ask = v.mid + doubt;
        }

        if (fault != ISpotOracle.Fault.None) v.closure = Closure.PriceUntrusted;
        else if (market.hasUnsettledExpiry()) v.closure = Closure.ExpiryUnsettled;
        else if (!readable) v.closure = Closure.VenueUnreadable;
        else if (v.bid == 0 && (v.liability != 0 || cover.idle != 0 || vault.totalSupply() != 0)) {
            // Only a vault that never held anything may start from nothing.
            v.closure = Closure.Insolvent;
        } else v.freeLiquidity = _freeLiquidity(v.spot, cover, loss) / scale;
    }

    /// @dev The largest payment after which idle − owed still covers the loss at spot, and with the hedge the loss at both
    ///      stressed spots.
    function _freeLiquidity(uint256 spot, Cover memory cover, Losses memory loss) private pure returns (uint256) {
        int256 free = cover.idle - int256(loss.here);
        free = free.min(_coverAt(cover, spot, (spot * STRESS_DOWN) / WAD) - int256(loss.down));
        free = free.min(_coverAt(cover, spot, (spot * STRESS_UP) / WAD) - int256(loss.up));
        return free > 0 ? uint256(free) : 0;
    }

    /// @dev Cash and hedge at a stressed spot. The hedge never counts below zero, because its loss is limited to its
    ///      margin; its gain counts in part only, because it may not be there in cash when it is needed.
    function _coverAt(Cover memory cover, uint256 spot, uint256 stressed) private pure returns (int256) {
        int256 equity = cover.hedgeCash + (cover.hedgeSize * int256(spot)) / int256(WAD);
        int256 change = (cover.hedgeSize * (int256(stressed) - int256(spot))) / int256(WAD);
        if (change > 0) change = (change * HEDGE_GAIN_CREDIT) / int256(WAD);
        return cover.idle + (equity + change).max(0);
    }

    /// @dev One pass over the live strikes: value, greeks, contracts and the payoffs at the stressed spots.
    function _book(uint256 spot) private view returns (Book memory b, Losses memory loss) {
        uint256[] memory expiries = market.liveExpiries();
        for (uint256 i; i < expiries.length; ++i) {
            IOptionMarket.Expiry memory e = market.expiryOf(expiries[i]);
            if (e.openContracts == 0) continue;
            StrikeSlot[] memory slots = market.strikesOf(expiries[i]);
            _addExpiry(b, spot, expiries[i], e.volatility, slots);
            _addLosses(b, loss, spot, slots);
        }
        // Rounded up by more than what the approximation may have left out: 2^-58 of the notional, at least one unit.
        if (b.calls + b.puts != 0) b.liability += Math.mulDiv(b.calls + b.puts, spot, WAD << 58, Math.Rounding.Ceil);
    }

    function _addExpiry(
        Book memory b,
        uint256 spot,
        uint256 expiry,
        uint256 volatility,
        StrikeSlot[] memory slots
    ) private view {
        uint256 secondsLeft = expiry > block.timestamp ? expiry - block.timestamp : 0;
        if (secondsLeft < MIN_TIME_TO_EXPIRY) secondsLeft = MIN_TIME_TO_EXPIRY;
        OptionMath.Expiry memory context = OptionMath.expiry(secondsLeft, 0, 0);
        OptionMath.Position memory legs = OptionMath.book(context, spot, slots, volatility);
        if (legs.value > 0) b.liability += uint256(legs.value);
        b.delta -= legs.delta;
        b.gamma -= legs.gamma;
        b.vega -= legs.vega;
        b.theta -= legs.theta;
    }

    function _addLosses(Book memory b, Losses memory loss, uint256 spot, StrikeSlot[] memory slots) private pure {
        for (uint256 i; i < slots.length; ++i) {
            uint256 strike = slots[i].strikeWad();
            uint256 calls = slots[i].callOpenInterest();
            uint256 puts = slots[i].putOpenInterest();
            b.calls += calls;
            b.puts += puts;
            loss.down += _payoff((spot * STRESS_DOWN) / WAD, strike, calls, puts);
            loss.here += _payoff(spot, strike, calls, puts);
            loss.up += _payoff((spot * STRESS_UP) / WAD, strike, calls, puts);
        }
    }

    function _payoff(uint256 spot, uint256 strike, uint256 calls, uint256 puts) private pure returns (uint256) {
        return spot > strike ? Math.ceilDiv((spot - strike) * calls, WAD) : Math.ceilDiv((strike - spot) * puts, WAD);
    }
}
