// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {Address} from "@openzeppelin/contracts/utils/Address.sol";
import {IPyth} from "@pythnetwork/pyth-sdk-solidity/IPyth.sol";
import {PythStructs} from "@pythnetwork/pyth-sdk-solidity/PythStructs.sol";
import {IAggregatorV3} from "../interfaces/IAggregatorV3.sol";
import {IExpiryPriceOracle} from "../interfaces/IExpiryPriceOracle.sol";
import {FeedReader, Round} from "../libraries/FeedReader.sol";

/// @title ExpiryPriceOracle: one price for an expiry, whoever proves it and whenever
/// @notice Rules, proofs and what is trusted: {IExpiryPriceOracle}. Nobody has a role here but the market, which records
///         at listing in which phase the feed is. A price, once proved, never changes.
contract ExpiryPriceOracle is IExpiryPriceOracle {
    using FeedReader for IAggregatorV3;

    uint256 private constant WAD_DECIMALS = 18;
    uint256 private constant PHASE_BITS = 64;

    /// @notice The first and second rule look at [expiry, expiry + WINDOW].
    uint256 public constant WINDOW = 3 hours;
    /// @notice The third rule opens later than this after expiry; the second closes with it.
    uint256 public constant PATIENCE = 7 days;
    /// @notice Incomplete rounds in a row that a proof steps over.
    uint256 public constant MAX_INCOMPLETE = 8;

    address public immutable market;
    IAggregatorV3 public immutable push;
    uint256 public immutable pushDecimals;
    IPyth public immutable pull;
    bytes32 public immutable pullId;

    uint256 private immutable _scale;

    mapping(uint256 expiry => Record) private _records;

    /// @notice The feed has more decimals than WAD can hold.
    error TooManyDecimals(uint256 decimals);

    /// @param market_ Records listings; it need not be deployed yet.
    /// @param push_ The feed whose rounds settle: a proxy, or one aggregator alone (phase 0).
    /// @param pull_ The Pyth contract of the second rule; zero = there is no second rule.
    constructor(address market_, IAggregatorV3 push_, IPyth pull_, bytes32 pullId_) {
        (bool ok, uint256 decimals) = push_.decimalsOf();
        if (!ok) revert FeedUnreadable(address(push_));
        if (decimals > WAD_DECIMALS) revert TooManyDecimals(decimals);
        market = market_;
        push = push_;
        pushDecimals = decimals;
        pull = pull_;
        pullId = pullId_;
        _scale = 10 ** (WAD_DECIMALS - decimals);
    }

    /// @inheritdoc IExpiryPriceOracle
    function recordListing(uint256 expiry) external {
        if (!_mayRecord(msg.sender)) revert NotTheMarket(msg.sender);
        Record storage r = _records[expiry];
        if (r.listed) return;
        if (expiry <= block.timestamp) revert ExpiryNotAhead(expiry, block.timestamp);
        (bool ok, Round memory latest) = push.latestRound();
        if (!ok) revert FeedUnreadable(address(push));
        if (!_isComplete(latest)) revert FeedHasNoRound(address(push));
        uint16 phase = uint16(_phaseOf(latest.id));
        (r.listed, r.listedPhase) = (true, phase);
        emit ListingRecorded(expiry, phase);
    }

    /// @inheritdoc IExpiryPriceOracle
    function proveFirstRound(
        uint256 expiry,
        uint80 roundId,
        uint80[] calldata boundaries
    ) external returns (uint256 price) {
        Record storage r = _listed(expiry);
        if (r.price != 0) return r.price;
        if (_firstRuleClosed(r)) revert FirstRuleClosed(expiry);
        if (block.timestamp < expiry) revert NotExpired(expiry, block.timestamp);
        (uint256 firstPhase, uint256 lastPhase) = _phases(r);

        Round memory round = _requireFirstOfPhase(expiry, roundId);
        _requireInWindow(round, expiry + WINDOW);
        _requirePast(round);
        uint256 phases = lastPhase - firstPhase + 1;
        if (boundaries.length + 1 != phases) revert WrongNumberOfPhases(boundaries.length, phases - 1);
        uint256 own = _requirePhaseBetween(roundId, firstPhase, lastPhase);
        for (uint256 i; i < boundaries.length; ++i) {
            uint256 phase = firstPhase + i;
            if (phase >= own) ++phase;
            Round memory other = _firstAfter(expiry, phase, boundaries[i]);
            if (_precedes(other, round)) revert EarlierRoundInOtherPhase(roundId, other.id, other.updatedAt);
        }
        return _settle(r, expiry, Rule.FirstRound, uint256(round.answer) * _scale, round.updatedAt);
    }

    /// @inheritdoc IExpiryPriceOracle
    function proveNoRound(uint256 expiry, uint80[] calldata boundaries) external {
        Record storage r = _listed(expiry);
        if (r.price != 0 || r.noRound) return;
        _requireWindowOver(expiry + WINDOW);
        (uint256 firstPhase, uint256 lastPhase) = _phases(r);
        uint256 phases = lastPhase - firstPhase + 1;
        if (boundaries.length != phases) revert WrongNumberOfPhases(boundaries.length, phases);
        for (uint256 i; i < phases; ++i) {
            Round memory first = _firstAfter(expiry, firstPhase + i, boundaries[i]);
            if (_isComplete(first) && first.updatedAt <= expiry + WINDOW) {
                revert FirstRoundExists(first.id, first.updatedAt);
            }
        }
        r.noRound = true;
        emit NoRoundProved(expiry);
    }

    /// @inheritdoc IExpiryPriceOracle
    function provePullUpdate(uint256 expiry, bytes[] calldata updateData) external payable returns (uint256 price) {
        Record storage r = _listed(expiry);
        uint256 fee;
        if (r.price != 0) {
            price = r.price;
        } else {
            if (address(pull) == address(0)) revert NoPullFeed();
            if (_firstRuleOpen(r)) revert FirstRuleOpen(expiry);
            if (_secondRuleOver(expiry)) revert SecondRuleClosed(expiry + PATIENCE, block.timestamp);
            fee = pull.getUpdateFee(updateData);
            if (msg.value < fee) revert FeeTooLow(msg.value, fee);
            PythStructs.Price memory p = _parseFirstUpdate(expiry, updateData, fee);
            price = _settle(r, expiry, Rule.PullUpdate, _pullToWad(p), p.publishTime);
        }
        if (msg.value > fee) Address.sendValue(payable(msg.sender), msg.value - fee);
    }

    /// @inheritdoc IExpiryPriceOracle
    function proveLastRound(
        uint256 expiry,
        uint80 roundId,
        uint80[] calldata boundaries
    ) external returns (uint256 price) {
        Record storage r = _listed(expiry);
        if (r.price != 0) return r.price;
        if (_firstRuleOpen(r)) revert FirstRuleOpen(expiry);
        if (!_thirdRuleOpen(expiry)) revert SecondRuleOpen(expiry + PATIENCE, block.timestamp);
        (uint256 firstPhase, uint256 lastPhase) = _phases(r);
        uint256 phases = lastPhase - firstPhase + 1;
        if (boundaries.length + 1 != phases) revert WrongNumberOfPhases(boundaries.length, phases - 1);

        uint256 own = _requirePhaseBetween(roundId, firstPhase, lastPhase);
        Round memory round = push.roundAt(roundId);
        if (!_isComplete(round)) revert RoundIncomplete(roundId);
        _firstAfter(expiry, own, roundId);
        for (uint256 i; i < boundaries.length; ++i) {
            uint256 phase = firstPhase + i;
            if (phase >= own) ++phase;
            _firstAfter(expiry, phase, boundaries[i]);
            if (_numberOf(boundaries[i]) == 0) continue;
            Round memory other = push.roundAt(boundaries[i]);
            if (_follows(other, round)) revert LaterRoundInOtherPhase(roundId, other.id, other.updatedAt);
        }
        return _settle(r, expiry, Rule.LastRound, uint256(round.answer) * _scale, round.updatedAt);
    }

    /// @inheritdoc IExpiryPriceOracle
    function settlementPrice(uint256 expiry) external view returns (uint256 price) {
        price = _records[expiry].price;
        if (price == 0) revert NotProved(expiry);
    }

    /// @inheritdoc IExpiryPriceOracle
    function recordOf(uint256 expiry) external view returns (Record memory) {
        return _records[expiry];
    }

    // ---------------------------------------------------------------- proofs within a phase

    /// @dev Nothing between the last complete round before expiry and this one but at most 8 incomplete ones.
    function _requireFirstOfPhase(uint256 expiry, uint80 roundId) internal view virtual returns (Round memory round) {
        round = push.roundAt(roundId);
        if (!_isComplete(round)) revert RoundIncomplete(roundId);
        if (round.updatedAt < expiry) revert RoundBeforeExpiry(roundId, round.updatedAt, expiry);
        uint256 number = _numberOf(roundId);
        for (uint256 back = 1; back < number && back <= MAX_INCOMPLETE + 1; ++back) {
            Round memory earlier = push.roundAt(uint80(roundId - back));
            if (!_isComplete(earlier)) continue;
            if (earlier.updatedAt < expiry) return round;
            if (back == 1) revert NotTheFirstRound(roundId, earlier.id, earlier.updatedAt);
            revert FirstRoundBehindIncomplete(roundId, earlier.id, earlier.updatedAt);
        }
        // Only incomplete rounds: all the way down to the phase's first one, or too many of them.
        if (number > MAX_INCOMPLETE + 1) revert TooManyIncompleteRounds(roundId, MAX_INCOMPLETE);
    }

    /// @dev Proves a phase's boundary and gives the complete round that follows it, or an incomplete one when none does.
    function _firstAfter(
        uint256 expiry,
        uint256 phase,
        uint80 boundary
    ) internal view virtual returns (Round memory next) {
        if (_phaseOf(boundary) != phase) revert WrongPhase(boundary, phase);
        uint256 number = _numberOf(boundary);
        if (number != 0) {
            Round memory last = push.roundAt(boundary);
            if (!_isComplete(last)) revert RoundIncomplete(boundary);
            if (last.updatedAt >= expiry) revert BoundaryNotBeforeExpiry(boundary, last.updatedAt, expiry);
        }
        for (uint256 step = 1; step <= MAX_INCOMPLETE + 1 && number + step <= type(uint64).max; ++step) {
            next = push.roundAt(uint80(boundary + step));
            if (!_isComplete(next)) continue;
            if (next.updatedAt < expiry) revert NotTheLastRound(boundary, next.id, next.updatedAt);
            return next;
        }
    }

    // ---------------------------------------------------------------- conditions, each a rule of S1

    function _mayRecord(address caller) internal view virtual returns (bool) {
        return caller == market;
    }

    function _isComplete(Round memory round) internal view virtual returns (bool) {
        return round.updatedAt != 0 && round.answer > 0 && uint256(round.answer) <= type(uint128).max / _scale;
    }

    function _requireInWindow(Round memory round, uint256 windowEnd) internal view virtual {
        if (round.updatedAt > windowEnd) revert RoundAfterWindow(round.id, round.updatedAt, windowEnd);
    }

    function _requirePast(Round memory round) internal view virtual {
        if (round.updatedAt >= block.timestamp) revert RoundOfThisBlock(round.id, round.updatedAt);
    }

    function _requireWindowOver(uint256 windowEnd) internal view virtual {
        if (block.timestamp <= windowEnd) revert WindowOpen(windowEnd, block.timestamp);
    }

    /// @dev Whether the other phase's round settles instead.
    function _precedes(Round memory other, Round memory round) internal view virtual returns (bool) {
        if (!_isComplete(other)) return false;
        if (other.updatedAt != round.updatedAt) return other.updatedAt < round.updatedAt;
        return _phaseOf(other.id) < _phaseOf(round.id);
    }

    /// @dev Whether the other phase's round is the last before expiry instead.
    function _follows(Round memory other, Round memory round) internal view virtual returns (bool) {
        if (other.updatedAt != round.updatedAt) return other.updatedAt > round.updatedAt;
        return _phaseOf(other.id) < _phaseOf(round.id);
    }

    function _firstRuleClosed(Record storage r) internal view virtual returns (bool) {
        return r.noRound;
    }

    function _firstRuleOpen(Record storage r) internal view virtual returns (bool) {
        return !r.noRound;
    }

    function _secondRuleOver(uint256 expiry) internal view virtual returns (bool) {
        return block.timestamp > expiry + PATIENCE;
    }

    function _thirdRuleOpen(uint256 expiry) internal view virtual returns (bool) {
        return block.timestamp > expiry + PATIENCE;
    }

    /// @dev Pyth reverts unless the update is in the window and its predecessor was published before it.
    function _parseFirstUpdate(
        uint256 expiry,
        bytes[] calldata updateData,
        uint256 fee
    ) internal virtual returns (PythStructs.Price memory) {
        bytes32[] memory ids = new bytes32[](1);
        ids[0] = pullId;
        return
            pull.parsePriceFeedUpdatesUnique{value: fee}(updateData, ids, uint64(expiry), uint64(expiry + WINDOW))[0]
                .price;
    }

    // ---------------------------------------------------------------- internal

    function _settle(
        Record storage r,
        uint256 expiry,
        Rule rule,
        uint256 price,
        uint256 updatedAt
    ) private returns (uint256) {
        (r.price, r.rule) = (uint128(price), rule);
        emit PriceProved(expiry, rule, price, updatedAt);
        return price;
    }

    /// @dev The phases that count, and a feed whose answers still mean what they meant.
    function _phases(Record storage r) internal view virtual returns (uint256 first, uint256 last) {
        (bool ok, uint256 decimals) = push.decimalsOf();
        if (!ok) revert FeedUnreadable(address(push));
        _requireDecimals(decimals);
        Round memory latest;
        (ok, latest) = push.latestRound();
        if (!ok) revert FeedUnreadable(address(push));
        return (r.listedPhase, _phaseOf(latest.id));
    }

    function _requireDecimals(uint256 decimals) internal view virtual {
        if (decimals != pushDecimals) revert FeedDecimalsChanged(pushDecimals, decimals);
    }

    function _requirePhaseBetween(uint80 roundId, uint256 first, uint256 last) private pure returns (uint256 phase) {
        phase = _phaseOf(roundId);
        if (phase < first) revert WrongPhase(roundId, first);
        if (phase > last) revert WrongPhase(roundId, last);
    }

    function _listed(uint256 expiry) private view returns (Record storage r) {
        r = _records[expiry];
        if (!r.listed) revert NotListed(expiry);
    }

    function _pullToWad(PythStructs.Price memory p) private pure returns (uint256 price) {
        if (p.price <= 0 || p.expo > 0 || p.expo < -int256(WAD_DECIMALS)) revert PullPriceUnusable(p.price, p.expo);
        price = uint256(uint64(p.price)) * 10 ** uint256(int256(WAD_DECIMALS) + p.expo);
    }

    function _phaseOf(uint80 roundId) private pure returns (uint256) {
        return roundId >> PHASE_BITS;
    }

    function _numberOf(uint80 roundId) private pure returns (uint256) {
        return uint64(roundId);
    }
}
