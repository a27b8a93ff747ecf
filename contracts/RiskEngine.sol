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
import {ISaleLimits} from "./interfaces/ISaleLimits.sol";
import {ISpotOracle} from "./interfaces/ISpotOracle.sol";
import {IVolatilitySurface} from "./interfaces/IVolatilitySurface.sol";
import {Ln} from "./libraries/math/Ln.sol";
import {OptionMath} from "./libraries/OptionMath.sol";
import {StrikeSlot} from "./libraries/StrikeSlot.sol";
import {SviCurve, SviSlice} from "./libraries/Svi.sol";

/// @title RiskEngine: the live book, NAV and what it may be wrong by
/// @notice Nothing is stored: each view prices every open option at the moment of the call, at the surface's volatilities
///         and with expected funding in the forward. An expiry that waits for settlement counts with the delta that it had
///         before it expired.
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
    /// @notice The two stressed spots, as parts of spot.
    uint256 public constant STRESS_DOWN = 0.5e18;
    uint256 public constant STRESS_UP = 1.5e18;
    /// @notice What part of a hedge's gain a stress test counts on.
    int256 private constant HEDGE_GAIN_CREDIT = 0.5e18; // 50 %
    /// @notice κ of the inventory skew, as the pricer has it.
    uint256 public constant SKEW = 0.1e18; // 10 points
    /// @notice A price above this is none: no feed of this world says it, and sums of it would not fit.
    uint256 private constant MAX_SPOT = 1 << 100; // 1.3e12 quote
    /// @notice Greeks and values of the last minutes are those of ten minutes: a delta that flips within a block is no
    ///         hedge target.
    uint256 public constant MIN_TIME_TO_EXPIRY = 10 minutes;

    IOptionMarket public immutable market;
    IOptionVault public immutable vault;
    IHedgeController public immutable controller;
    ISpotOracle public immutable oracle;
    IVolatilitySurface public immutable surface;
    IFundingOracle public immutable funding;
    ISaleLimits public immutable saleLimits;

    constructor(
        IOptionMarket market_,
        IOptionVault vault_,
        IHedgeController controller_,
        ISpotOracle oracle_,
        IVolatilitySurface surface_,
        IFundingOracle funding_,
        ISaleLimits saleLimits_
    ) {
        market = market_;
        vault = vault_;
        controller = controller_;
        oracle = oracle_;
        surface = surface_;
        funding = funding_;
        saleLimits = saleLimits_;
    }

    // ---------------------------------------------------------------- views

    /// @inheritdoc IRiskEngine
    /// @dev The controller asks inside its own call.
    function book(uint256 spot) external view returns (Book memory b) {
        if (msg.sender != address(controller) && vault.inProgress()) revert ReentrantRead();
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
    /// @dev The limits of sales ask inside the market's own call, when the sale is booked.
    function assess() external view returns (Valuation memory, Findings memory) {
        if (msg.sender != address(saleLimits) && vault.inProgress()) revert ReentrantRead();
        return _valuation();
    }

    /// @inheritdoc IRiskEngine
    function coverage() external view returns (uint256) {
        if (vault.inProgress()) revert ReentrantRead();
        (Valuation memory v, ) = _valuation();
        return v.coverage;
    }

    // ---------------------------------------------------------------- valuation

    function _valuation() private view returns (Valuation memory v, Findings memory f) {
        uint256 scale = vault.assetScale();
        f.idle = _idle();
        ISpotOracle.Spot memory price = oracle.read(surface.sigma());
        if (price.price <= MAX_SPOT) (v.spot, v.spotDoubt) = (price.price, price.doubt);
        f.hedge = controller.position();

        // Without any price neither the options nor the hedge can be valued: nothing is claimed.
        if (v.spot != 0) {
            f.points = _points(v.spot, f.hedge);
            _book(f.book, f.losses, v.spot, f.points);
            f.hedgeDown = uint256(_hedgeAt(f.hedge, v.spot, f.points.down));
            f.hedgeUp = uint256(_hedgeAt(f.hedge, v.spot, f.points.up));
            v.liability = f.book.liability;
            v.venueEquity = f.hedge.cash + (f.hedge.size * v.spot.toInt256()) / INT_WAD;
            f.mid = f.idle + v.venueEquity.max(0) - v.liability.toInt256();
            if (f.mid > 0) v.mid = uint256(f.mid);
            uint256 doubt = Math.max(_doubt(f, v.spot, v.spotDoubt), Math.ceilDiv(v.mid * MIN_SHARE_SPREAD, WAD));
            f.bid = f.mid - doubt.toInt256();
            if (f.bid > 0) v.bid = uint256(f.bid);
            v.ask = v.mid + doubt;
        }
        v.coverage = _coverage(v, scale);

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
        } else v.freeLiquidity = _freeLiquidity(f) / scale;
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

    /// @dev S2: what is there for what is owed, and for what the open options would bring.
    function _coverage(Valuation memory v, uint256 scale) private view returns (uint256) {
        uint256 claims = vault.owed() * scale + v.liability;
        uint256 assets = vault.idle() * scale + uint256(v.venueEquity.max(0));
        return assets >= claims ? WAD : (assets * WAD) / claims;
    }

    /// @dev The largest payment after which idle − owed still covers the loss at spot and at the hedge's liquidation
    ///      price, and with the hedge the loss at both stressed spots.
    function _freeLiquidity(Findings memory f) private pure returns (uint256) {
        int256 free = f.idle - int256(f.losses.here);
        free = free.min(f.idle - int256(f.losses.liquidation));
        free = free.min(f.idle + int256(f.hedgeDown) - int256(f.losses.down));
        free = free.min(f.idle + int256(f.hedgeUp) - int256(f.losses.up));
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
    function _points(uint256 spot, IHedgeController.Position memory hedge) private pure returns (Points memory p) {
        p.down = (spot * STRESS_DOWN) / WAD;
        p.here = spot;
        p.up = (spot * STRESS_UP) / WAD;
        uint256 size = hedge.size.abs();
        if (size == 0) return p;
        uint256 notional = Math.mulDiv(size, hedge.markPrice == 0 ? spot : hedge.markPrice, WAD);
        if (notional == 0) return p;
        int256 kept = Math.min(Math.mulDiv(hedge.maintenanceMargin, WAD, notional), WAD / 2).toInt256();
        // A long's equity falls with spot, a short's as it rises.
        int256 price =
            hedge.size > 0
                ? (-hedge.cash * INT_WAD) / ((hedge.size * (INT_WAD - kept)) / INT_WAD).max(1)
                : (hedge.cash * INT_WAD) / ((-hedge.size * (INT_WAD + kept)) / INT_WAD).max(1);
        if (price > int256(p.down) && price < int256(p.up)) p.liquidation = uint256(price);
    }

    // ---------------------------------------------------------------- the book

    /// @dev One pass over the live strikes: value and greeks, and the losses at the points where there are any.
    function _book(Book memory b, Losses memory losses, uint256 spot, Points memory points) private view {
        (b.calls, b.puts) = market.openContracts();
        if (b.calls + b.puts == 0) return;
        uint256 vegaCapacity = market.vegaCapacity();
        uint256[] memory expiries = market.liveExpiries();
        for (uint256 i; i < expiries.length; ++i) {
            StrikeSlot[] memory slots = _openStrikes(expiries[i]);
            if (slots.length == 0) continue;
            if (expiries[i] > block.timestamp) _addExpiry(b, spot, expiries[i], slots, vegaCapacity);
            else _addExpired(b, spot, expiries[i], slots);
            if (points.here != 0) _addLosses(losses, points, slots);
        }
        // Rounded up by more than what the approximation may have left out: 2^-58 of the notional, at least one unit.
        b.liability += Math.mulDiv(b.calls + b.puts, spot, WAD << 58, Math.Rounding.Ceil);
    }

    /// @dev `slots = market.openStrikesOf(expiry);`: what comes back is an array as memory holds it, and is taken as it is
    ///      instead of being copied word by word.
    function _openStrikes(uint256 expiry) internal view virtual returns (StrikeSlot[] memory slots) {
        bytes memory call_ = abi.encodeCall(IOptionMarket.openStrikesOf, (expiry));
        address from = address(market);
        assembly ("memory-safe") {
            if iszero(staticcall(gas(), from, add(call_, 0x20), mload(call_), 0, 0)) {
                returndatacopy(0, 0, returndatasize())
                revert(0, returndatasize())
            }
            let start := mload(0x40)
            returndatacopy(start, 0, returndatasize())
            slots := add(start, 0x20)
            mstore(0x40, add(start, returndatasize()))
        }
    }

    function _addExpiry(
        Book memory b,
        uint256 spot,
        uint256 expiry,
        StrikeSlot[] memory slots,
        uint256 vegaCapacity
    ) private view {
        uint256 secondsLeft = Math.max(expiry - block.timestamp, MIN_TIME_TO_EXPIRY);
        (OptionMath.Position memory legs, uint256 spread) = _legs(spot, expiry, secondsLeft, slots);
        if (legs.value > 0) b.liability += uint256(legs.value);
        b.liability += _skewOwed(legs.vega.abs(), vegaCapacity);
        b.delta -= legs.delta;
        b.gamma -= legs.gamma;
        b.vega -= legs.vega;
        b.theta -= legs.theta;
        b.volatilityDoubt += Math.ceilDiv(spread * legs.vega.abs(), WAD);
        b.timeDelta -= (legs.delta * int256(secondsLeft)) / int256(YEAR);
    }

    /// @dev What sales back of all of an expiry would return of the skew that sales took: the pricer's potential. It is no
    ///      gain of the shares until the options expire.
    function _skewOwed(uint256 shortVega, uint256 capacity) internal view virtual returns (uint256) {
        if (capacity == 0) return 0;
        uint256 above = Math.saturatingSub(shortVega, capacity);
        shortVega -= above;
        return Math.ceilDiv((above + Math.mulDiv(shortVega, shortVega, 2 * capacity, Math.Rounding.Ceil)) * SKEW, WAD);
    }

    /// @dev N5: what waits for settlement is worth what it was about to be, with the delta it had before it expired; no
    ///      price moves that delta any more.
    function _addExpired(Book memory b, uint256 spot, uint256 expiry, StrikeSlot[] memory slots) private view {
        (OptionMath.Position memory legs, ) = _legs(spot, expiry, MIN_TIME_TO_EXPIRY, slots);
        if (legs.value > 0) b.liability += uint256(legs.value);
        (legs, ) = _legs(_spotBeforeExpiry(expiry, spot), expiry, MIN_TIME_TO_EXPIRY, slots);
        b.delta -= legs.delta;
    }

    /// @dev N5.
    function _spotBeforeExpiry(uint256 expiry, uint256 spot) internal view virtual returns (uint256) {
        uint256 before = saleLimits.spotBefore(expiry);
        return before == 0 ? spot : before;
    }

    /// @dev The open options of one expiry, long, each strike at its own volatility on the forward (RULES.md F4).
    function _legs(
        uint256 spot,
        uint256 expiry,
        uint256 secondsLeft,
        StrikeSlot[] memory slots
    ) private view returns (OptionMath.Position memory legs, uint256 spread) {
        (int256 carry, ) = funding.carry(secondsLeft);
        OptionMath.Expiry memory context = OptionMath.expiry(secondsLeft, carry, 0);
        SviSlice slice;
        (slice, spread) = surface.sliceAndSpread(expiry);
        SviCurve memory curve = slice.curve(secondsLeft);
        OptionMath.Book memory sums;
        OptionMath.check(spot, 1, 0);
        int256 carryTimeQ96 = context.carryTimeQ96;
        unchecked {
            for (uint256 i; i < slots.length; ++i) {
                StrikeSlot slot = slots[i];
                if (!slot.hasOpenInterest()) continue;
                // One logarithm for both: where the strike lies on the surface, and from the forward.
                int256 kQ96 = Ln.ratio(slot.strikeWad(), spot) - carryTimeQ96;
                OptionMath.addAt(sums, slot, -kQ96, curve.deviation(kQ96));
            }
        }
        legs = OptionMath.net(sums, context, spot);
    }

    function _addLosses(Losses memory losses, Points memory points, StrikeSlot[] memory slots) private pure {
        for (uint256 i; i < slots.length; ++i) {
            StrikeSlot slot = slots[i];
            if (!slot.hasOpenInterest()) continue;
            uint256 calls = slot.callOpenInterest();
            uint256 puts = slot.putOpenInterest();
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
}
