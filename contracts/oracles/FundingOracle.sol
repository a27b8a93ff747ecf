// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {Math} from "@openzeppelin/contracts/utils/math/Math.sol";
import {SafeCast} from "@openzeppelin/contracts/utils/math/SafeCast.sol";
import {SignedMath} from "@openzeppelin/contracts/utils/math/SignedMath.sol";
import {IFundingOracle, IVenueList} from "../interfaces/IFundingOracle.sol";
import {IPerpVenue} from "../interfaces/IPerpVenue.sol";
import {ISpotOracle} from "../interfaces/ISpotOracle.sol";
import {Exp} from "../libraries/math/Exp.sol";

/// @title FundingOracle: measured carry
/// @notice The rule and every refusal: {IFundingOracle}.
/// @dev A sample settles each venue's funding first, because a venue like Curie charges nothing until somebody touches
///      it, and then charges the premium of that moment for all the time since. Sampling is what keeps that time short.
contract FundingOracle is IFundingOracle {
    using SafeCast for int256;
    using SafeCast for uint256;
    using SignedMath for int256;

    /// @dev A venue's cumulative funding per unit as last read.
    struct Reading {
        int216 cumulative;
        uint40 readAt; // 0 = never
    }

    uint256 private constant YEAR = 365 days;
    int256 private constant WAD = 1e18;
    int256 private constant ONE_Q96 = 1 << 96;
    int256 private constant LN2_Q96 = 0xb17217f7d1cf79abc9e3b398; // .693147...

    uint256 public constant MIN_INTERVAL = 15 minutes;
    uint256 public constant MAX_WEIGHT = 4 hours;
    int256 public constant MAX_RATE = 2e18; // 200 % a year
    int256 public constant START = .11e18; // 11 % a year: the mean of four years
    uint256 public constant FAST_HALF_LIFE = 1 days;
    uint256 public constant SLOW_HALF_LIFE = 60 days;
    int256 public constant MIN_CARRY = -.5e18; // -50 %
    int256 public constant MAX_CARRY = 1e18; // +100 %
    uint256 public constant MAX_VENUES = 8;
    /// @notice Gas that each of a venue's two reads is granted. Curie's take up to .4 million.
    uint256 public constant READ_GAS = 1_000_000;

    IVenueList public immutable venueList;
    ISpotOracle public immutable spotOracle;

    uint40 private _sampledAt;
    int96 private _fast;
    int96 private _slow;
    mapping(IPerpVenue venue => Reading) private _readings;

    constructor(IVenueList venueList_, ISpotOracle spotOracle_) {
        venueList = venueList_;
        spotOracle = spotOracle_;
        _fast = int96(START);
        _slow = int96(START);
    }

    /// @inheritdoc IFundingOracle
    function sample() external returns (int256 rate, uint256 weightSeconds) {
        uint256 earliest = _sampledAt == 0 ? 0 : _sampledAt + _minInterval();
        if (block.timestamp < earliest) revert SampleTooSoon(earliest, block.timestamp);
        // Only the price is used: the volatility that makes its doubt does not matter.
        uint256 price = spotOracle.spot(0).price;

        bool measured;
        (rate, measured) = _measureVenues(price);
        if (measured) {
            weightSeconds = _weightOf(block.timestamp - _sampledAt);
            _fast = _average(_fast, rate, weightSeconds, FAST_HALF_LIFE);
            _slow = _average(_slow, rate, weightSeconds, SLOW_HALF_LIFE);
        }
        _sampledAt = uint40(block.timestamp);
        emit FundingSampled(rate, weightSeconds, _fast, _slow, msg.sender);
    }

    /// @inheritdoc IFundingOracle
    function carry(uint256 secondsToExpiry) external view returns (int256 b, Clamp clamp) {
        int256 w = fastWeight(secondsToExpiry).toInt256();
        return _clampCarry((w * _fast + (WAD - w) * _slow) / WAD);
    }

    /// @inheritdoc IFundingOracle
    function averages() external view returns (Averages memory) {
        return Averages(_sampledAt, _fast, _slow);
    }

    /// @inheritdoc IFundingOracle
    function fastWeight(uint256 secondsToExpiry) public pure returns (uint256) {
        if (secondsToExpiry <= 7 days) return .66e18;
        if (secondsToExpiry <= 14 days) return .66e18 - (.11e18 * (secondsToExpiry - 7 days)) / 7 days;
        if (secondsToExpiry <= 28 days) return .55e18 - (.12e18 * (secondsToExpiry - 14 days)) / 14 days;
        return .43e18;
    }

    // ---------------------------------------------------------------- what a mutant of the tests leaves out

    function _minInterval() internal view virtual returns (uint256) {
        return MIN_INTERVAL;
    }

    function _weightOf(uint256 elapsed) internal view virtual returns (uint256) {
        return Math.min(elapsed, MAX_WEIGHT);
    }

    /// @dev What a unit paid (positive: a long) since the last reading, per year of spot.
    function _rateOf(
        IPerpVenue,
        int256 paidPerUnit,
        uint256 elapsed,
        uint256 price
    ) internal view virtual returns (int256) {
        return _clip((paidPerUnit * (WAD * int256(YEAR))) / (price * elapsed).toInt256());
    }

    function _clip(int256 rate) internal view virtual returns (int256) {
        return SignedMath.max(-MAX_RATE, SignedMath.min(MAX_RATE, rate));
    }

    function _clampCarry(int256 b) internal view virtual returns (int256, Clamp) {
        if (b >= MAX_CARRY) return (MAX_CARRY, Clamp.Upper);
        if (b <= MIN_CARRY) return (MIN_CARRY, Clamp.Lower);
        return (b, Clamp.None);
    }

    /// @dev How much a venue's rate counts beside the others': its open hedge.
    function _hedgeAt(IPerpVenue venue) internal view virtual returns (uint256) {
        try venue.state{gas: READ_GAS}() returns (IPerpVenue.State memory state) {
            return state.size.abs();
        } catch {
            return 0;
        }
    }

    /// @dev A caller who leaves too little gas would make a venue look broken, and so choose which ones count.
    function _requireGas(uint256 reads) internal view virtual {
        // 63/64 of what is left is what a call may be granted.
        uint256 needed = (reads * READ_GAS * 64) / 63 + 200_000;
        if (gasleft() < needed) revert GasTooLow(gasleft(), needed);
    }

    // ---------------------------------------------------------------- internal

    /// @return rate Mean of the venues that could be read now and before.
    /// @return measured False when there is none: a first reading is only a beginning.
    function _measureVenues(uint256 price) private returns (int256 rate, bool measured) {
        IPerpVenue[] memory venues = venueList.venues();
        uint256 count = venues.length;
        if (count > MAX_VENUES) revert TooManyVenues(count, MAX_VENUES);
        int256 weightedByHedge;
        int256 hedges;
        int256 sum;
        int256 rates;
        bool readable;
        for (uint256 i; i < count; ++i) {
            (bool ok, int256 cumulative) = _read(venues[i]);
            if (!ok) continue;
            readable = true;
            Reading memory last = _readings[venues[i]];
            _readings[venues[i]] = Reading(int216(cumulative), uint40(block.timestamp));
            if (last.readAt == 0) continue;
            int256 one = _rateOf(venues[i], cumulative - last.cumulative, block.timestamp - last.readAt, price);
            sum += one;
            ++rates;
            // One venue alone needs no weight.
            int256 hedge = count == 1 ? int256(1) : _hedgeAt(venues[i]).toInt256();
            weightedByHedge += one * hedge;
            hedges += hedge;
        }
        if (!readable) revert NoVenueReadable();
        if (rates == 0) return (0, false);
        return (hedges == 0 ? sum / rates : weightedByHedge / hedges, true);
    }

    /// @dev Two sums that are out of range belong to no real venue: such a one counts as unreadable.
    function _read(IPerpVenue venue) private returns (bool ok, int256 cumulative) {
        _requireGas(2);
        try venue.settleFunding{gas: READ_GAS}() returns (int256 cumulativeFunding) {
            if (cumulativeFunding.abs() < 1 << 127) return (true, cumulativeFunding);
        } catch {
            ok = false;
        }
        emit VenueSkipped(address(venue));
    }

    /// @dev The old average keeps 2^(−seconds / half-life) of its distance to the sample.
    function _average(int96 old, int256 rate, uint256 weightSeconds, uint256 halfLife) private pure returns (int96) {
        int256 kept = int256(Exp.exp(-(LN2_Q96 * weightSeconds.toInt256()) / halfLife.toInt256()));
        return (rate + ((int256(old) - rate) * kept) / ONE_Q96).toInt96();
    }
}
