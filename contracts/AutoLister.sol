// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {Math} from "@openzeppelin/contracts/utils/math/Math.sol";
import {SignedMath} from "@openzeppelin/contracts/utils/math/SignedMath.sol";
import {IAutoLister} from "./interfaces/IAutoLister.sol";
import {IFundingOracle} from "./interfaces/IFundingOracle.sol";
import {IOptionMarket} from "./interfaces/IOptionMarket.sol";
import {ISpotOracle} from "./interfaces/ISpotOracle.sol";
import {IVolatilitySurface} from "./interfaces/IVolatilitySurface.sol";
import {Calendar} from "./libraries/Calendar.sol";
import {Exp} from "./libraries/math/Exp.sol";
import {Ln} from "./libraries/math/Ln.sol";
import {NormalDistribution} from "./libraries/math/NormalDistribution.sol";
import {OptionMath} from "./libraries/OptionMath.sol";
import {StrikeSlot} from "./libraries/StrikeSlot.sol";
import {SviCurve, SviSlice} from "./libraries/Svi.sol";

/// @title AutoLister: routine listing without a curator
/// @notice What it lists, and what a caller cannot make it do: {IAutoLister}.
contract AutoLister is IAutoLister {
    using SignedMath for int256;

    /// @dev A delta as the d1 that has it.
    struct Target {
        int128 d1Q96;
        bool isCall;
    }

    /// @dev What the strikes of one expiry are found with.
    struct Board {
        SviSlice slice;
        OptionMath.Expiry context;
        uint256 spot;
        uint256 forward;
        uint256 deviationQ96; // v, at the money
        uint256 grid;
        uint256 step;
    }

    uint256 private constant WAD = 1e18;

    /// @notice Neither expiries nor strikes are listed later than this before expiry.
    uint256 public constant LEAD = 1 days;
    /// @notice Between two listings of strikes in one expiry.
    uint256 public constant INTERVAL = 1 hours;
    /// @notice The strikes of an expiry, whoever listed them, above which none is added. Four expiries fill the board.
    uint256 public constant MAX_STRIKES = 32;
    uint256 public constant MAX_WEEKLIES = 4; // beyond lies the calendar's five-week horizon
    uint256 public constant MAX_MONTH_ENDS = 6;
    uint256 public constant MAX_TARGETS = 8;
    uint256 public constant MIN_SPACING = 0.1e18; // a tenth of a standard deviation
    uint256 public constant MAX_SPACING = 1e18;
    uint256 public constant MIN_DELTA = 0.05e18;
    uint256 public constant MAX_DELTA = 0.95e18;
    /// @notice The grid is at most this part of spot.
    uint256 public constant GRID = 0.01e18; // 1 %

    uint256 private constant HALVINGS = 14;

    IOptionMarket public immutable market;
    IVolatilitySurface public immutable surface;
    ISpotOracle public immutable oracle;
    IFundingOracle public immutable funding;
    uint256 public immutable weeklies;
    uint256 public immutable monthEnds;
    uint256 public immutable spacing;

    /// @inheritdoc IAutoLister
    mapping(uint256 expiry => uint256) public listedAt;
    /// @dev In order of importance.
    Target[] private _targets;

    constructor(
        IOptionMarket market_,
        IVolatilitySurface surface_,
        ISpotOracle oracle_,
        IFundingOracle funding_,
        Config memory config
    ) {
        if (config.weeklies == 0 || config.weeklies > MAX_WEEKLIES) {
            revert WeekliesOutOfBounds(config.weeklies, 1, MAX_WEEKLIES);
        }
        if (config.monthEnds > MAX_MONTH_ENDS) revert MonthEndsOutOfBounds(config.monthEnds, MAX_MONTH_ENDS);
        if (config.spacing < MIN_SPACING || config.spacing > MAX_SPACING) {
            revert SpacingOutOfBounds(config.spacing, MIN_SPACING, MAX_SPACING);
        }
        market = market_;
        surface = surface_;
        oracle = oracle_;
        funding = funding_;
        weeklies = config.weeklies;
        monthEnds = config.monthEnds;
        spacing = config.spacing;
        _requireTargets(config.callDeltas);
        _requireTargets(config.putDeltas);
        // Calls and puts in turn: what is nearest to the top of either list comes first.
        for (uint256 i; i < Math.max(config.callDeltas.length, config.putDeltas.length); ++i) {
            if (i < config.callDeltas.length) _targets.push(Target(_quantileQ96(config.callDeltas[i]), true));
            if (i < config.putDeltas.length) _targets.push(Target(_quantileQ96(WAD - config.putDeltas[i]), false));
        }
    }

    // ---------------------------------------------------------------- anyone

    /// @inheritdoc IAutoLister
    function list() external returns (uint256 expiries, uint256 strikes) {
        uint256[] memory wanted = wantedExpiries();
        ISpotOracle.Spot memory spot = _spot();
        Waiting waiting;
        uint256 nextAt = wanted[0] - LEAD; // when another expiry is wanted
        for (uint256 i; i < wanted.length; ++i) {
            (bool isNew, uint256 added, Waiting why) = _listIn(wanted[i], spot);
            if (isNew) ++expiries;
            strikes += added;
            if (waiting == Waiting.Nothing) waiting = why;
            if (why == Waiting.Interval) nextAt = Math.min(nextAt, listedAt[wanted[i]] + INTERVAL);
            if (why == Waiting.Day) nextAt = Math.min(nextAt, (block.timestamp / 1 days + 1) * 1 days);
        }
        if (expiries + strikes == 0) revert NothingToList(waiting, nextAt);
        emit Listed(msg.sender, expiries, strikes);
    }

    // ---------------------------------------------------------------- views

    /// @inheritdoc IAutoLister
    function wantedExpiries() public view returns (uint256[] memory wanted) {
        wanted = new uint256[](weeklies + monthEnds);
        uint256 count;
        uint256 weekly = block.timestamp + LEAD;
        for (; count < weeklies; ++count) wanted[count] = weekly = Calendar.nextExpiry(weekly);
        uint256 monthEnd = block.timestamp + LEAD;
        for (uint256 i; i < monthEnds; ++i) {
            monthEnd = Calendar.nextMonthEnd(monthEnd);
            // One before the last weekly is a Friday like the others, and is among them.
            if (monthEnd > weekly) wanted[count++] = monthEnd;
        }
        assembly ("memory-safe") {
            mstore(wanted, count)
        }
    }

    /// @inheritdoc IAutoLister
    function missingStrikes(uint256 expiry) external view returns (uint256[] memory strikes, Waiting waiting) {
        uint256[] memory wanted = wantedExpiries();
        uint256 i;
        while (i < wanted.length && wanted[i] != expiry) ++i;
        if (i == wanted.length || !market.expiryOf(expiry).listed) return (strikes, Waiting.Expiry);
        return _missing(expiry, _spot());
    }

    // ---------------------------------------------------------------- what a mutant of the tests leaves out

    function _isTooSoon(uint256 expiry) internal view virtual returns (bool) {
        return block.timestamp < listedAt[expiry] + INTERVAL;
    }

    function _isTrusted(ISpotOracle.Spot memory spot) internal view virtual returns (bool) {
        return spot.fault == ISpotOracle.Fault.None;
    }

    function _isPosted(uint256 expiry) internal view virtual returns (bool) {
        return surface.statusOf(expiry).state == IVolatilitySurface.State.Fresh;
    }

    /// @dev The least distance between two strikes of an expiry.
    function _step(Board memory b) internal view virtual returns (uint256) {
        uint256 deviation = (b.forward * b.deviationQ96) >> 96;
        return Math.max(b.grid, (deviation * spacing) / WAD);
    }

    /// @dev Whether the market would sell the option at all: by its own delta, not that of the target before rounding.
    function _isSellable(Board memory b, uint256 strike, bool isCall) internal view virtual returns (bool) {
        uint256 volatility = b.slice.volatility(Ln.ratio(strike, b.forward));
        uint256 delta = OptionMath.greeks(b.context, b.spot, strike, volatility, isCall).delta.abs();
        return delta >= MIN_DELTA && delta <= MAX_DELTA;
    }

    /// @dev What a refusal of the market means: its own limits are an answer. Anything else is none, such as the empty
    ///      one of a call that ran out of the gas that the caller left it.
    function _limitOf(bytes memory refusal) internal view virtual returns (Waiting) {
        bytes4 selector = bytes4(refusal);
        if (selector == IOptionMarket.TooManyStrikesToday.selector) return Waiting.Day;
        if (selector == IOptionMarket.TooManySeries.selector) return Waiting.Board;
        // The surface's limit is the same error.
        if (selector == IOptionMarket.TooManyExpiries.selector) return Waiting.Board;
        return Waiting.Nothing;
    }

    // ---------------------------------------------------------------- internal

    /// @return isNew Whether the expiry was listed.
    /// @return added How many strikes were.
    /// @return waiting Why no more were.
    function _listIn(
        uint256 expiry,
        ISpotOracle.Spot memory spot
    ) private returns (bool isNew, uint256 added, Waiting waiting) {
        if (!market.expiryOf(expiry).listed) {
            try market.listExpiry(expiry) {
                isNew = true;
            } catch (bytes memory refusal) {
                return (false, 0, _answerOf(refusal));
            }
        }
        uint256[] memory strikes;
        (strikes, waiting) = _missing(expiry, spot);
        uint256[] memory one = new uint256[](1);
        // One by one: as many as there is room for.
        for (uint256 i; i < strikes.length; ++i) {
            one[0] = strikes[i];
            try market.listStrikes(expiry, one) {
                ++added;
            } catch (bytes memory refusal) {
                waiting = _answerOf(refusal);
                break;
            }
        }
        if (added != 0) listedAt[expiry] = block.timestamp;
    }

    /// @dev The limit that a refusal speaks of, or the refusal itself.
    function _answerOf(bytes memory refusal) private view returns (Waiting waiting) {
        waiting = _limitOf(refusal);
        if (waiting != Waiting.Nothing) return waiting;
        assembly ("memory-safe") {
            revert(add(refusal, 32), mload(refusal))
        }
    }

    function _spot() private view returns (ISpotOracle.Spot memory) {
        return oracle.read(surface.sigma());
    }

    /// @dev Requires a listed expiry that is ahead.
    function _missing(
        uint256 expiry,
        ISpotOracle.Spot memory spot
    ) private view returns (uint256[] memory missing, Waiting waiting) {
        if (_isTooSoon(expiry)) return (missing, Waiting.Interval);
        if (!_isPosted(expiry)) return (missing, Waiting.Surface);
        if (!_isTrusted(spot)) return (missing, Waiting.Price);
        StrikeSlot[] memory slots = market.strikesOf(expiry);
        if (slots.length >= MAX_STRIKES) return (missing, Waiting.Full);

        Board memory b = _board(expiry, spot.price);
        // What is listed, and behind it what will be.
        uint256 count = slots.length;
        uint256[] memory strikes = new uint256[](count + _targets.length);
        for (uint256 i; i < count; ++i) strikes[i] = slots[i].strikeWad();
        for (uint256 i; i < _targets.length && count < MAX_STRIKES; ++i) {
            Target memory target = _targets[i];
            uint256 strike = _strikeOf(b, target.d1Q96);
            if (_isServed(strike, strikes, count, b.step) || !_isSellable(b, strike, target.isCall)) continue;
            strikes[count++] = strike;
        }
        missing = new uint256[](count - slots.length);
        for (uint256 i; i < missing.length; ++i) missing[i] = strikes[slots.length + i];
    }

    function _board(uint256 expiry, uint256 spot) private view returns (Board memory b) {
        uint256 secondsToExpiry = expiry - block.timestamp;
        (int256 carry, ) = funding.carry(secondsToExpiry);
        b.slice = surface.sliceOf(expiry);
        b.context = OptionMath.expiry(secondsToExpiry, carry, 0);
        b.spot = spot;
        b.forward = (spot * b.context.spotWeightQ96) >> 96;
        b.deviationQ96 = OptionMath.deviation(b.context, b.slice.atTheMoneyVolatility());
        b.grid = _gridOf(spot);
        b.step = _step(b);
    }

    /// @dev The strike on the grid that is nearest to where d1 is `d1Q96`. Without arbitrage d1 falls as the strike
    ///      rises: k = v² / 2 − d1 · v has one root.
    function _strikeOf(Board memory b, int256 d1Q96) private pure returns (uint256) {
        int256 v = int256(b.deviationQ96);
        int256 high = 4 * v + ((v * v) >> 96);
        int256 low = -high;
        SviCurve memory curve = b.slice.curve(b.context.secondsToExpiry);
        for (uint256 i; i < HALVINGS; ++i) {
            int256 k = (low + high) / 2;
            v = int256(curve.deviation(k));
            if (((v / 2 - d1Q96) * v) >> 96 > k) low = k;
            else high = k;
        }
        uint256 exact = (b.forward * Exp.exp((low + high) / 2)) >> 96;
        return ((exact + b.grid / 2) / b.grid) * b.grid;
    }

    function _isServed(
        uint256 strike,
        uint256[] memory strikes,
        uint256 count,
        uint256 step
    ) private pure returns (bool) {
        for (uint256 i; i < count; ++i) {
            uint256 distance = strike > strikes[i] ? strike - strikes[i] : strikes[i] - strike;
            if (distance < step) return true;
        }
        return false;
    }

    /// @dev 1, 2½ or 5 times a power of ten.
    function _gridOf(uint256 spot) private pure returns (uint256) {
        uint256 limit = (spot * GRID) / WAD;
        uint256 power = 10 ** Math.log10(limit);
        if (limit >= 5 * power) return 5 * power;
        return 2 * limit >= 5 * power ? (5 * power) / 2 : power;
    }

    function _requireTargets(uint256[] memory deltas) private pure {
        if (deltas.length == 0 || deltas.length > MAX_TARGETS) revert TargetsOutOfBounds(deltas.length, 1, MAX_TARGETS);
        for (uint256 i; i < deltas.length; ++i) {
            if (deltas[i] < MIN_DELTA || deltas[i] > MAX_DELTA)
                revert DeltaOutOfBounds(deltas[i], MIN_DELTA, MAX_DELTA);
        }
    }

    /// @dev The z with N(z) = `probability`, by halving: within 2 of zero for every delta that is allowed.
    function _quantileQ96(uint256 probability) private pure returns (int128) {
        int256 low = -2e18;
        int256 high = 2e18;
        while (high - low > 1) {
            int256 z = (low + high) / 2;
            if (NormalDistribution.cdf(z) < probability) low = z;
            else high = z;
        }
        return int128((high << 96) / int256(WAD));
    }
}
