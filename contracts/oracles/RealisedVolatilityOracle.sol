// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {Math} from "@openzeppelin/contracts/utils/math/Math.sol";
import {SafeCast} from "@openzeppelin/contracts/utils/math/SafeCast.sol";
import {IAggregatorV3} from "../interfaces/IAggregatorV3.sol";
import {IRealisedVolatilityOracle} from "../interfaces/IRealisedVolatilityOracle.sol";
import {RealisedVolatility} from "../libraries/RealisedVolatility.sol";

/// @title RealisedVolatilityOracle: what the feed has done, nothing chosen
/// @notice The rule, what is assumed of the feed and every refusal: {IRealisedVolatilityOracle}.
contract RealisedVolatilityOracle is IRealisedVolatilityOracle {
    using SafeCast for uint256;

    /// @dev The grid in two slots. `variance` and `weight` are the two sums of the header's quotient, both times
    ///      1 − 2^(−1/240), WAD.
    struct Point {
        uint128 variance;
        uint64 weight;
        uint32 hour; // hours since 1970
        uint32 samples;
        uint128 price;
        uint80 roundId;
    }

    struct Round {
        uint80 id;
        uint256 answer; // 0 = incomplete
        uint256 updatedAt;
    }

    uint256 private constant WAD = 1e18;
    uint256 private constant PHASE_BITS = 64;
    /// @notice Returns before the volatility is given out: a week's.
    uint256 public constant MIN_SAMPLES = 168;
    /// @notice So many incomplete rounds in a row end a phase that is not the current one.
    uint256 public constant MAX_INCOMPLETE = 8;

    IAggregatorV3 private immutable _feed;
    uint8 public immutable feedDecimals;

    Point private _point;

    /// @param feed_ The push feed.
    /// @param firstHour Unix seconds, a whole hour that is over: the grid's first point. The further back, the sooner the
    ///        oracle is ready, for the feed remembers.
    /// @param firstRound The last complete round at or before it within its phase.
    constructor(IAggregatorV3 feed_, uint256 firstHour, uint80 firstRound) {
        _feed = feed_;
        feedDecimals = feed_.decimals();
        if (firstHour % 1 hours != 0) revert NotAWholeHour(firstHour);
        _requireOver(firstHour);
        Round memory round = _lastOfPhase(firstRound, _latestRound(), firstHour);
        if (round.answer == 0) revert RoundIncomplete(firstRound);
        _point.hour = (firstHour / 1 hours).toUint32();
        _point.price = round.answer.toUint128();
        _point.roundId = round.id;
    }

    /// @inheritdoc IRealisedVolatilityOracle
    function bring(uint80[] calldata roundIds) external returns (uint256 hours_) {
        if (roundIds.length == 0) revert NoRounds();
        uint8 decimals = _feed.decimals();
        if (decimals != feedDecimals) revert FeedDecimalsChanged(feedDecimals, decimals);
        uint80 latest = _latestRound();
        Point memory point = _point;
        for (uint256 i; i < roundIds.length; ++hours_) {
            uint256 hour = _nextHour(point.hour) * 1 hours;
            _requireOver(hour);
            Round memory last;
            for (uint256 phase = _phaseOf(point.roundId); phase <= _phaseOf(latest); ++phase) {
                if (i == roundIds.length) revert MissingPhase(hour, phase);
                uint80 id = roundIds[i++];
                if (_phaseOf(id) != phase) revert WrongPhase(id, phase);
                Round memory round = _lastOfPhase(id, latest, hour);
                if (round.answer != 0 && _follows(round, last)) last = round;
            }
            // The last point's phase has a round before that point, so one was found: none at all cannot be proved.
            _weigh(point, last);
            point.hour = (hour / 1 hours).toUint32();
        }
        _point = point;
        emit PointsBrought(uint256(point.hour) * 1 hours, hours_, point.roundId, _volatility(point), msg.sender);
    }

    /// @inheritdoc IRealisedVolatilityOracle
    function realisedVolatility() external view returns (uint256 volatility, uint256 asOf) {
        Point memory point = _point;
        if (point.samples < MIN_SAMPLES) revert NotReady(point.samples, MIN_SAMPLES);
        return (_volatility(point), uint256(point.hour) * 1 hours);
    }

    /// @inheritdoc IRealisedVolatilityOracle
    function grid() external view returns (Grid memory) {
        Point memory point = _point;
        return Grid(uint256(point.hour) * 1 hours, point.roundId, point.price, point.samples);
    }

    /// @inheritdoc IRealisedVolatilityOracle
    function feed() external view returns (address) {
        return address(_feed);
    }

    // ---------------------------------------------------------------- what a mutant of the tests leaves out

    function _nextHour(uint256 hour) internal view virtual returns (uint256) {
        return hour + 1;
    }

    /// @dev In the hour's own second a round of that second may still come.
    function _requireOver(uint256 hour) internal view virtual {
        if (hour >= block.timestamp) revert HourNotOver(hour, block.timestamp);
    }

    /// @dev Of two phases' last rounds, the one written later; of the same second the later phase's.
    function _follows(Round memory round, Round memory other) internal view virtual returns (bool) {
        return round.updatedAt >= other.updatedAt;
    }

    /// @dev Proves that `id` is its phase's last complete round at or before `hour`, or, where its number is 0, that the
    ///      phase has none (an incomplete round is returned).
    ///      A caller who leaves too little gas cannot make a round look absent: a read that runs out of gas leaves a 64th
    ///      of it, which does not reach to the end of {bring} unless a read costs more than a million gas.
    function _lastOfPhase(uint80 id, uint80 latest, uint256 hour) internal view virtual returns (Round memory round) {
        if (uint64(id) != 0) {
            round = _roundAt(id);
            if (round.answer == 0) revert RoundIncomplete(id);
            if (round.updatedAt > hour) revert RoundAfterHour(id, round.updatedAt, hour);
        }
        bool isCurrent = _phaseOf(id) == _phaseOf(latest);
        for (uint256 ahead = 1; isCurrent ? id + ahead <= latest : ahead <= MAX_INCOMPLETE; ++ahead) {
            Round memory next = _roundAt(uint80(id + ahead));
            if (next.answer == 0) continue;
            if (next.updatedAt <= hour) revert NotTheLastRound(id, next.id, next.updatedAt);
            break;
        }
    }

    // ---------------------------------------------------------------- internal

    function _weigh(Point memory point, Round memory round) private pure {
        uint256 decay = RealisedVolatility.DECAY_10_DAYS;
        point.variance = RealisedVolatility.update(point.variance, point.price, round.answer, decay).toUint128();
        // The same sum over ones; at most WAD.
        point.weight = uint64((point.weight * decay) / WAD + WAD - decay);
        point.samples += 1;
        point.price = round.answer.toUint128();
        point.roundId = round.id;
    }

    function _volatility(Point memory point) private pure returns (uint256) {
        if (point.samples < MIN_SAMPLES) return 0;
        return RealisedVolatility.volatility(Math.mulDiv(point.variance, WAD, point.weight));
    }

    function _latestRound() private view returns (uint80 id) {
        try _feed.latestRoundData() returns (uint80 latest, int256, uint256, uint256, uint80) {
            return latest;
        } catch {
            revert FeedUnreadable(address(_feed));
        }
    }

    /// @dev Incomplete where the feed has no such round, which some feeds say by reverting.
    function _roundAt(uint80 id) private view returns (Round memory round) {
        round.id = id;
        try _feed.getRoundData(id) returns (uint80, int256 answer, uint256, uint256 updatedAt, uint80) {
            if (answer > 0 && answer <= int256(uint256(type(uint128).max)) && updatedAt != 0) {
                (round.answer, round.updatedAt) = (uint256(answer), updatedAt);
            }
        } catch {
            return round;
        }
    }

    function _phaseOf(uint80 id) private pure returns (uint256) {
        return id >> PHASE_BITS;
    }
}
