// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {Math} from "@openzeppelin/contracts/utils/math/Math.sol";
import {IPyth} from "@pythnetwork/pyth-sdk-solidity/IPyth.sol";
import {IAggregatorV3} from "../interfaces/IAggregatorV3.sol";
import {ISpotOracle} from "../interfaces/ISpotOracle.sol";
import {FeedReader, PullPrice, Round} from "../libraries/FeedReader.sol";
import {Sqrt} from "../libraries/math/Sqrt.sol";

/// @title SpotOracle: two sources, one guarded price and its doubt
/// @notice What is believed and when: {ISpotOracle}. Nothing is stored and nobody has a role here; feeds and
///         limits are fixed at deployment, inside the hard bounds below (docs/PARAMETERS.md says what each stops).
///
///         TRUSTED: that the push feed reports within 30 s of a move of its deviation threshold and at its heartbeat;
///         that a pull price that the Pyth contract accepts was published at its publish time.
contract SpotOracle is ISpotOracle {
    using FeedReader for IAggregatorV3;
    using FeedReader for IPyth;

    /// @param push Reference feed, underlying in quote.
    /// @param heartbeat Seconds between rounds that the push feed promises at least.
    /// @param deviation d: the move that makes the push feed report, a part of the price, WAD.
    /// @param minPrice Lower end of the band in which the price is believed, WAD.
    /// @param maxPrice Its upper end, WAD.
    /// @param pull The Pyth contract; zero = push feed alone.
    /// @param pullId The feed's id there.
    /// @param maxApart How far the pull price may lie from the push price, a part of it, WAD.
    /// @param sequencer Uptime feed of a rollup's sequencer (answer 0 = up); zero = none.
    /// @param grace Seconds after the sequencer's return for which no price is trusted.
    /// @param quoteFeed Push feed of the quote token in its peg; zero = no such guard.
    /// @param quoteHeartbeat As `heartbeat`, of that feed.
    /// @param pegTolerance How far that price may lie from 1, WAD.
    struct Config {
        IAggregatorV3 push;
        uint256 heartbeat;
        uint256 deviation;
        uint256 minPrice;
        uint256 maxPrice;
        IPyth pull;
        bytes32 pullId;
        uint256 maxApart;
        IAggregatorV3 sequencer;
        uint256 grace;
        IAggregatorV3 quoteFeed;
        uint256 quoteHeartbeat;
        uint256 pegTolerance;
    }

    uint256 private constant WAD = 1e18;
    uint256 private constant WAD_DECIMALS = 18;
    uint256 private constant YEAR = 365 days;

    /// @notice How long a report takes to reach the chain: L.
    uint256 public constant PUSH_LATENCY = 30 seconds;
    uint256 public constant PULL_LATENCY = 2 seconds;
    /// @notice A pull price older than this does not count.
    uint256 public constant MAX_PULL_AGE = 10 seconds;
    /// @notice Volatilities outside count as these.
    uint256 public constant MIN_SIGMA = 0.2e18; // 20 %
    uint256 public constant MAX_SIGMA = 10e18; // 1,000 %

    uint256 public constant MIN_HEARTBEAT = 1 minutes;
    uint256 public constant MAX_HEARTBEAT = 1 days;
    uint256 public constant MIN_DEVIATION = 0.0001e18; // .01 %
    uint256 public constant MAX_DEVIATION = 0.02e18; // 2 %
    uint256 public constant MAX_BAND_RATIO = 1_000; // of upper to lower end
    uint256 public constant MAX_APART = 0.05e18; // 5 %; never below the push feed's own deviation
    uint256 public constant MIN_GRACE = 30 minutes;
    uint256 public constant MAX_GRACE = 1 days;
    uint256 public constant MIN_PEG_TOLERANCE = 0.001e18; // .1 %
    uint256 public constant MAX_PEG_TOLERANCE = 0.05e18; // 5 %

    IAggregatorV3 public immutable push;
    uint256 public immutable pushDecimals;
    /// @notice Seconds: the longest age at which a push price is used, heartbeat + 10 %.
    uint256 public immutable maxAge;
    uint256 public immutable deviation;
    uint256 public immutable minPrice;
    uint256 public immutable maxPrice;
    IPyth public immutable pull;
    bytes32 public immutable pullId;
    uint256 public immutable maxApart;
    IAggregatorV3 public immutable sequencer;
    uint256 public immutable grace;
    IAggregatorV3 public immutable quoteFeed;
    uint256 public immutable quoteDecimals;
    uint256 public immutable quoteMaxAge;
    uint256 public immutable pegTolerance;

    /// @notice The feed has more decimals than WAD can hold.
    error TooManyDecimals(address feed, uint256 decimals);
    /// @notice A parameter of the deployment lies outside its hard bounds.
    error ParameterOutOfBounds(bytes32 parameter, uint256 value, uint256 min, uint256 max);

    constructor(Config memory c) {
        _bound("heartbeat", c.heartbeat, MIN_HEARTBEAT, MAX_HEARTBEAT);
        _bound("deviation", c.deviation, MIN_DEVIATION, MAX_DEVIATION);
        _bound("minPrice", c.minPrice, 1, type(uint128).max / MAX_BAND_RATIO);
        _bound("maxPrice", c.maxPrice, c.minPrice + 1, c.minPrice * MAX_BAND_RATIO);
        push = c.push;
        pushDecimals = _adopt(c.push);
        maxAge = c.heartbeat + c.heartbeat / 10;
        deviation = c.deviation;
        minPrice = c.minPrice;
        maxPrice = c.maxPrice;

        if (address(c.pull) != address(0)) _bound("maxApart", c.maxApart, c.deviation, MAX_APART);
        pull = c.pull;
        pullId = c.pullId;
        maxApart = c.maxApart;

        if (address(c.sequencer) != address(0)) _bound("grace", c.grace, MIN_GRACE, MAX_GRACE);
        sequencer = c.sequencer;
        grace = c.grace;

        uint256 decimals;
        if (address(c.quoteFeed) != address(0)) {
            _bound("quoteHeartbeat", c.quoteHeartbeat, MIN_HEARTBEAT, MAX_HEARTBEAT);
            _bound("pegTolerance", c.pegTolerance, MIN_PEG_TOLERANCE, MAX_PEG_TOLERANCE);
            decimals = _adopt(c.quoteFeed);
        }
        quoteFeed = c.quoteFeed;
        quoteDecimals = decimals;
        quoteMaxAge = c.quoteHeartbeat + c.quoteHeartbeat / 10;
        pegTolerance = c.pegTolerance;
    }

    /// @inheritdoc ISpotOracle
    function spot(uint256 sigma) external view returns (Spot memory) {
        (Spot memory s, bytes memory why) = _inspect(sigma);
        if (s.fault != Fault.None) _revertWith(why);
        return s;
    }

    /// @inheritdoc ISpotOracle
    function read(uint256 sigma) external view returns (Spot memory s) {
        (s, ) = _inspect(sigma);
    }

    // ---------------------------------------------------------------- P2: which price counts

    /// @dev `why` is the encoded error of the fault. The guards run from the one that explains most to the one that
    ///      explains least: behind a sequencer that is down every price is stale.
    function _inspect(uint256 sigma) private view returns (Spot memory s, bytes memory why) {
        sigma = Math.min(Math.max(sigma, MIN_SIGMA), MAX_SIGMA);
        (Fault pushFault, bytes memory pushWhy, Round memory round) = _inspectFeed(push, pushDecimals, maxAge);
        s.price = _toWad(round.answer, pushDecimals);
        s.updatedAt = round.updatedAt;
        s.doubt = _doubt(sigma, _age(round.updatedAt), PUSH_LATENCY, deviation, 0);

        (s.fault, why) = _inspectSequencer();
        if (s.fault != Fault.None) return (s, why);
        if (pushFault != Fault.None) {
            s.fault = pushFault;
            return (s, pushWhy);
        }
        (s.fault, why) = _inspectBand(s.price);
        if (s.fault != Fault.None) return (s, why);
        (s.fault, why) = _inspectQuote();
        if (s.fault != Fault.None) return (s, why);
        return _withPull(s, sigma);
    }

    /// @dev `s` is the push price, without fault.
    function _withPull(Spot memory s, uint256 sigma) private view returns (Spot memory, bytes memory why) {
        if (address(pull) == address(0)) return (s, why);
        (bool ok, PullPrice memory p) = pull.latestPull(pullId);
        if (!ok || !_counts(p, s.updatedAt)) return (s, why);

        uint256 price = uint256(p.price) * 10 ** uint256(int256(WAD_DECIMALS) + p.exponent);
        (s.fault, why) = _inspectApart(s.price, price);
        if (s.fault == Fault.None) (s.fault, why) = _inspectBand(price);
        if (s.fault != Fault.None) return (s, why);

        uint256 confidence = Math.ceilDiv(p.confidence * WAD, uint256(p.price));
        s.doubt = _doubt(sigma, _age(p.publishTime), PULL_LATENCY, type(uint256).max, confidence);
        s.price = price;
        s.updatedAt = p.publishTime;
        s.source = Source.Pull;
        return (s, why);
    }

    /// @dev Whether a pull price is news: well-formed, newer than the push round, fresh, and not vaguer than the limit
    ///      between the sources.
    function _counts(PullPrice memory p, uint256 pushUpdatedAt) private view returns (bool) {
        if (p.price <= 0 || p.price > type(int64).max || p.confidence > type(uint64).max) return false;
        if (p.exponent > 0 || p.exponent < -int256(WAD_DECIMALS)) return false;
        if (p.confidence * WAD > uint256(p.price) * maxApart) return false;
        return _isNewer(p.publishTime, pushUpdatedAt) && _isFresh(p.publishTime);
    }

    function _isNewer(uint256 publishTime, uint256 pushUpdatedAt) internal view virtual returns (bool) {
        return publishTime > pushUpdatedAt;
    }

    function _isFresh(uint256 publishTime) internal view virtual returns (bool) {
        return publishTime <= block.timestamp && block.timestamp - publishTime <= MAX_PULL_AGE;
    }

    // ---------------------------------------------------------------- P1: doubt

    /// @param cap d: what the source would have reported by now.
    function _doubt(
        uint256 sigma,
        uint256 age,
        uint256 latency,
        uint256 cap,
        uint256 confidence
    ) internal view virtual returns (uint256) {
        return confidence + Math.min(cap, _fourSigmaMove(sigma, age)) + _fourSigmaMove(sigma, latency);
    }

    /// @dev 4σ√t, rounded up.
    function _fourSigmaMove(uint256 sigma, uint256 duration) private pure returns (uint256) {
        if (duration == 0) return 0;
        // The root is at most one below the integer root: two more are above the real one.
        return Sqrt.sqrt(Math.ceilDiv(16 * sigma * sigma * duration, YEAR)) + 2;
    }

    // ---------------------------------------------------------------- P3: guards

    /// @dev The last round of a push feed. Where its scale is in doubt the answer reads as zero, not as another price.
    function _inspectFeed(
        IAggregatorV3 feed,
        uint256 expectedDecimals,
        uint256 oldest
    ) private view returns (Fault, bytes memory why, Round memory round) {
        bool ok;
        uint256 decimals;
        (ok, decimals) = feed.decimalsOf();
        if (ok) (ok, round) = feed.latestRound();
        if (!ok) {
            return (Fault.Unreadable, abi.encodeWithSelector(FeedUnreadable.selector, feed), round);
        }
        if (_decimalsChanged(decimals, expectedDecimals)) {
            round.answer = 0;
            why = abi.encodeWithSelector(FeedDecimalsChanged.selector, feed, expectedDecimals, decimals);
            return (Fault.DecimalsChanged, why, round);
        }
        if (_isIncomplete(round)) {
            return (Fault.Incomplete, abi.encodeWithSelector(RoundIncomplete.selector, feed, round.id), round);
        }
        if (_isNotPositive(round.answer)) {
            return (Fault.NotPositive, abi.encodeWithSelector(PriceNotPositive.selector, feed, round.answer), round);
        }
        if (_isFuture(round.updatedAt)) {
            why = abi.encodeWithSelector(PriceFromTheFuture.selector, feed, round.updatedAt, block.timestamp);
            return (Fault.Future, why, round);
        }
        if (_isStale(round.updatedAt, oldest)) {
            why = abi.encodeWithSelector(PriceStale.selector, feed, round.updatedAt, block.timestamp - oldest);
            return (Fault.Stale, why, round);
        }
        return (Fault.None, why, round);
    }

    function _decimalsChanged(uint256 decimals, uint256 expected) internal view virtual returns (bool) {
        return decimals != expected;
    }

    function _isIncomplete(Round memory round) internal view virtual returns (bool) {
        return round.id == 0 || round.updatedAt == 0;
    }

    function _isNotPositive(int256 answer) internal view virtual returns (bool) {
        return answer <= 0;
    }

    function _isFuture(uint256 updatedAt) internal view virtual returns (bool) {
        return updatedAt > block.timestamp;
    }

    function _isStale(uint256 updatedAt, uint256 oldest) internal view virtual returns (bool) {
        return _age(updatedAt) > oldest;
    }

    function _inspectBand(uint256 price) internal view virtual returns (Fault, bytes memory why) {
        if (price >= minPrice && price <= maxPrice) return (Fault.None, why);
        why = abi.encodeWithSelector(PriceOutsideBand.selector, price, minPrice, maxPrice);
        return (Fault.OutsideBand, why);
    }

    function _inspectApart(
        uint256 pushPrice,
        uint256 pullPrice
    ) internal view virtual returns (Fault, bytes memory why) {
        uint256 apart = pullPrice > pushPrice ? pullPrice - pushPrice : pushPrice - pullPrice;
        if (apart * WAD <= pushPrice * maxApart) return (Fault.None, why);
        why = abi.encodeWithSelector(SourcesApart.selector, pushPrice, pullPrice, maxApart);
        return (Fault.SourcesApart, why);
    }

    /// @dev Chainlink's uptime feed: answer 0 = up, and the round was started when that last changed.
    function _inspectSequencer() internal view virtual returns (Fault, bytes memory why) {
        if (address(sequencer) == address(0)) return (Fault.None, why);
        (bool ok, Round memory round) = sequencer.latestRound();
        if (!ok) return (Fault.Unreadable, abi.encodeWithSelector(FeedUnreadable.selector, sequencer));
        // A feed that has not been initialised says "up since 1970".
        if (round.answer != 0 || round.updatedAt == 0) {
            return (Fault.SequencerDown, abi.encodeWithSelector(SequencerDown.selector, round.startedAt));
        }
        if (_age(round.startedAt) > grace) return (Fault.None, why);
        uint256 trustedFrom = Math.saturatingAdd(round.startedAt, grace + 1);
        why = abi.encodeWithSelector(SequencerInGrace.selector, round.startedAt, trustedFrom);
        return (Fault.SequencerGrace, why);
    }

    /// @dev The faults of the quote token's feed are faults of the price: without it nobody knows what a quote is worth.
    function _inspectQuote() internal view virtual returns (Fault fault, bytes memory why) {
        if (address(quoteFeed) == address(0)) return (Fault.None, why);
        Round memory round;
        (fault, why, round) = _inspectFeed(quoteFeed, quoteDecimals, quoteMaxAge);
        if (fault != Fault.None) return (fault, why);
        uint256 price = _toWad(round.answer, quoteDecimals);
        if (price >= WAD - pegTolerance && price <= WAD + pegTolerance) return (Fault.None, why);
        return (Fault.QuoteOffPeg, abi.encodeWithSelector(QuoteTokenOffPeg.selector, price, pegTolerance));
    }

    // ---------------------------------------------------------------- internal

    /// @dev Nothing below zero, and never more than 128 bits hold: such a price is outside every band.
    function _toWad(int256 answer, uint256 decimals) private pure returns (uint256) {
        if (answer <= 0) return 0;
        uint256 scale = 10 ** (WAD_DECIMALS - decimals);
        return Math.min(uint256(answer), type(uint128).max / scale + 1) * scale;
    }

    function _age(uint256 writtenAt) private view returns (uint256) {
        return Math.saturatingSub(block.timestamp, writtenAt);
    }

    function _adopt(IAggregatorV3 feed) private view returns (uint256 decimals) {
        bool ok;
        (ok, decimals) = feed.decimalsOf();
        if (!ok) revert FeedUnreadable(address(feed));
        if (decimals > WAD_DECIMALS) revert TooManyDecimals(address(feed), decimals);
    }

    function _bound(bytes32 parameter, uint256 value, uint256 min, uint256 max) private pure {
        if (value < min || value > max) revert ParameterOutOfBounds(parameter, value, min, max);
    }

    function _revertWith(bytes memory why) private pure {
        assembly ("memory-safe") {
            revert(add(why, 32), mload(why))
        }
    }
}
