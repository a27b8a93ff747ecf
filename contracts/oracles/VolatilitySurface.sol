// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {AccessManaged} from "@openzeppelin/contracts/access/manager/AccessManaged.sol";
import {Math} from "@openzeppelin/contracts/utils/math/Math.sol";
import {IRealisedVolatilityOracle} from "../interfaces/IRealisedVolatilityOracle.sol";
import {IVolatilitySurface} from "../interfaces/IVolatilitySurface.sol";
import {Ln} from "../libraries/math/Ln.sol";
import {Sqrt} from "../libraries/math/Sqrt.sol";
import {Svi, SviSlice} from "../libraries/Svi.sol";
import {VolatilityWindow, VolatilityWindows} from "../libraries/VolatilityWindow.sol";

/// @title VolatilitySurface: posted by the curator, held inside what cannot be exploited
/// @notice What a post is, what is refused, what is clamped and why: {IVolatilitySurface}.
contract VolatilitySurface is IVolatilitySurface, AccessManaged {
    /// @dev What the speed limits need of an expiry, one slot.
    struct History {
        VolatilityWindow hour;
        VolatilityWindow day;
        uint32 movedAt;
        bool clamped;
        bool live;
    }

    /// @dev One slice of a post while it is judged.
    struct Draft {
        uint256 place; // in the list of live expiries
        uint256 secondsToExpiry;
        SviSlice target;
        uint256 doubt;
        uint256 lowest;
        uint256 highest;
        History history;
    }

    uint256 private constant WAD = 1e18;
    uint256 private constant YEAR = 365 days;
    uint256 private constant MAX_PRICE = 1 << 128;

    uint256 public constant MAX_EXPIRIES = 12;
    uint256 public constant MIN_VOLATILITY = .2e18; // 20 %
    uint256 public constant MAX_VOLATILITY = 3e18; // 300 %
    uint256 public constant MIN_OF_REALISED = .6e18; // .6 times
    uint256 public constant MAX_OF_REALISED = 2.5e18; // 2.5 times
    uint256 public constant MAX_REALISED_AGE = 6 hours;
    uint256 public constant MIN_SPREAD = 100; // 1 point
    uint256 public constant MAX_SPREAD = 1_000; // 10 points
    uint256 public constant SPREAD_PER_ROOT_HOUR = .011e18; // 1.1 points
    uint256 public constant MIN_INTERVAL = 10 minutes;
    uint256 public constant MAX_RATIO_HOUR = 1.2e18; // 20 %
    uint256 public constant MAX_RATIO_DAY = 1.6e18; // 60 %
    uint256 public constant WHOLE = 256;
    /// @dev Shares that are tried, each half of the last, before nothing moves. The first is a 16th below what the limits
    ///      allow if a slice moves in proportion, which it nearly does.
    uint256 private constant TRIES = 3;

    uint256 private constant POINTS = 17;
    /// @dev Distances from the forward in halves of a deviation, a byte each: 1 to 6, 8, 10.
    uint256 private constant HALF_DEVIATIONS = 0x0a_08_06_05_04_03_02_01;

    address public immutable market;
    IRealisedVolatilityOracle public immutable realised;
    /// @inheritdoc IVolatilitySurface
    uint256 public immutable heartbeat;

    mapping(uint256 expiry => SviSlice) private _slices;
    mapping(uint256 expiry => History) private _histories;
    Summary private _summary;
    /// @dev Ascending.
    uint32[] private _expiries;

    modifier onlyMarket() {
        if (msg.sender != market) revert NotTheMarket(msg.sender);
        _;
    }

    /// @param market_ Names and removes expiries; it need not be deployed yet.
    /// @param heartbeat_ Seconds, 1 to 24 hours.
    constructor(
        address authority_,
        address market_,
        IRealisedVolatilityOracle realised_,
        uint256 heartbeat_
    ) AccessManaged(authority_) {
        if (heartbeat_ < 1 hours || heartbeat_ > 24 hours) revert HeartbeatOutOfRange(heartbeat_);
        market = market_;
        realised = realised_;
        heartbeat = heartbeat_;
    }

    // ---------------------------------------------------------------- curator

    /// @inheritdoc IVolatilitySurface
    function post(Post[] calldata posts) external restricted returns (uint256 share) {
        uint256[] memory live = expiries();
        SviSlice[] memory before = new SviSlice[](live.length);
        for (uint256 i; i < live.length; ++i) before[i] = _slices[live[i]];

        Draft[] memory drafts = _draft(posts, live);
        SviSlice[] memory target = _blend(drafts, before, WHOLE);
        _requireNoCalendarArbitrage(live, before, target);
        share = _permittedShare(drafts, live, before);
        SviSlice[] memory next = share == WHOLE ? target : _blend(drafts, before, share);
        _store(drafts, live, next, share);
    }

    // ---------------------------------------------------------------- market

    /// @inheritdoc IVolatilitySurface
    function addExpiry(uint256 expiry) external onlyMarket {
        if (expiry <= block.timestamp || expiry > type(uint32).max) revert ExpiryOutOfRange(expiry, block.timestamp);
        if (_histories[expiry].live) revert ExpiryAlreadyLive(expiry);
        uint256 count = _expiries.length;
        if (count == MAX_EXPIRIES) revert TooManyExpiries(count + 1, MAX_EXPIRIES);
        _histories[expiry].live = true;
        _expiries.push(uint32(expiry));
        for (; count > 0 && _expiries[count - 1] > expiry; --count) {
            (_expiries[count], _expiries[count - 1]) = (_expiries[count - 1], uint32(expiry));
        }
        ++_summary.posts;
        emit ExpiryAdded(expiry);
    }

    /// @inheritdoc IVolatilitySurface
    function removeExpiry(uint256 expiry) external onlyMarket {
        if (!_histories[expiry].live) revert ExpiryNotLive(expiry);
        if (expiry > block.timestamp) revert ExpiryStillAhead(expiry, block.timestamp);
        uint256 last = _expiries.length - 1;
        uint256 place;
        while (_expiries[place] != expiry) ++place;
        for (; place < last; ++place) _expiries[place] = _expiries[place + 1];
        _expiries.pop();
        delete _histories[expiry];
        _slices[expiry] = SviSlice.wrap(0);
        _summarise();
        emit ExpiryRemoved(expiry);
    }

    // ---------------------------------------------------------------- views

    /// @inheritdoc IVolatilitySurface
    function volatility(uint256 expiry, uint256 strike, uint256 forward) external view returns (uint256) {
        return _posted(expiry).volatility(_logMoneyness(strike, forward));
    }

    /// @inheritdoc IVolatilitySurface
    function volatilities(
        uint256 expiry,
        uint256 forward,
        uint256[] calldata strikes
    ) external view returns (uint256[] memory result) {
        SviSlice slice = _posted(expiry);
        result = new uint256[](strikes.length);
        for (uint256 i; i < strikes.length; ++i) result[i] = slice.volatility(_logMoneyness(strikes[i], forward));
    }

    /// @inheritdoc IVolatilitySurface
    function totalVariance(uint256 expiry, uint256 strike, uint256 forward) external view returns (uint256) {
        return (_totalVarianceQ96(expiry, strike, forward) * WAD) >> 96;
    }

    /// @inheritdoc IVolatilitySurface
    function totalDeviation(uint256 expiry, uint256 strike, uint256 forward) external view returns (uint256) {
        return (Sqrt.sqrt(_totalVarianceQ96(expiry, strike, forward) << 96) * WAD) >> 96;
    }

    /// @inheritdoc IVolatilitySurface
    function atTheMoneyVolatility(uint256 expiry) external view returns (uint256) {
        return _posted(expiry).atTheMoneyVolatility();
    }

    /// @inheritdoc IVolatilitySurface
    function spread(uint256 expiry) external view returns (uint256) {
        return _doubt(_posted(expiry));
    }

    /// @inheritdoc IVolatilitySurface
    function sliceOf(uint256 expiry) external view returns (SviSlice) {
        return _slices[expiry];
    }

    /// @inheritdoc IVolatilitySurface
    function sliceAndSpread(uint256 expiry) external view returns (SviSlice slice, uint256 spread_) {
        slice = _slices[expiry];
        if (!_isEmpty(slice)) spread_ = _doubt(slice);
    }

    /// @inheritdoc IVolatilitySurface
    function statusOf(uint256 expiry) external view returns (Status memory status) {
        History memory history = _histories[expiry];
        SviSlice slice = _slices[expiry];
        if (!history.live) return status;
        if (_isEmpty(slice)) {
            status.state = State.Unposted;
            return status;
        }
        status.slice = slice;
        status.postedAt = slice.postedAt();
        status.nextPostAt = history.movedAt + MIN_INTERVAL;
        status.atTheMoneyVolatility = slice.atTheMoneyVolatility();
        status.spread = _doubt(slice);
        (status.lowestAtTheMoney, status.highestAtTheMoney) = _speedLimits(_rolled(history, slice));
        status.state = State.Fresh;
        if (expiry <= block.timestamp) status.state = State.Expired;
        else if (history.clamped) status.state = State.Clamped;
        else if (_isStale(status.postedAt)) status.state = State.Stale;
    }

    /// @inheritdoc IVolatilitySurface
    function closure() external view returns (Closure) {
        Summary memory s = _summary;
        if (s.clamped != 0) return Closure.Clamped;
        return s.oldestPostedAt != 0 && _isStale(s.oldestPostedAt) ? Closure.Stale : Closure.None;
    }

    /// @inheritdoc IVolatilitySurface
    function summary() external view returns (Summary memory) {
        return _summary;
    }

    /// @inheritdoc IVolatilitySurface
    function sigma() external view returns (uint256) {
        uint256 highest = _summary.highestAtTheMoney;
        // Before its first days are brought there is none, and no slice either.
        try realised.realisedVolatility() returns (uint256 realised_, uint256) {
            return Math.max(highest, realised_);
        } catch {
            return highest;
        }
    }

    /// @inheritdoc IVolatilitySurface
    function expiries() public view returns (uint256[] memory live) {
        uint32[] memory packed = _expiries;
        live = new uint256[](packed.length);
        for (uint256 i; i < packed.length; ++i) live[i] = packed[i];
    }

    // ---------------------------------------------------------------- what a mutant of the tests leaves out

    /// @dev F3: what is wrong with a slice on its own.
    function _violation(SviSlice slice, uint256 secondsToExpiry) internal view virtual returns (Svi.Violation, int256) {
        return slice.check(secondsToExpiry);
    }

    /// @dev F3: what is wrong with two neighbours.
    function _calendarViolation(
        SviSlice near,
        uint256 nearSeconds,
        SviSlice far,
        uint256 farSeconds
    ) internal view virtual returns (Svi.Violation, int256) {
        return Svi.checkCalendar(near, nearSeconds, far, farSeconds);
    }

    /// @dev F3: the level at the money, by the hard bounds and by realised volatility.
    function _requireLevel(uint256 expiry, uint256 atTheMoney, uint256 lowest, uint256 highest) internal view virtual {
        if (atTheMoney < MIN_VOLATILITY || atTheMoney > MAX_VOLATILITY) {
            revert AtTheMoneyOutOfRange(expiry, atTheMoney, MIN_VOLATILITY, MAX_VOLATILITY);
        }
        if (atTheMoney < lowest || atTheMoney > highest) {
            revert AtTheMoneyOutsideFence(expiry, atTheMoney, lowest, highest);
        }
    }

    /// @dev F3: what the hour and the day leave at the money. Requires a history rolled to now.
    function _speedLimits(History memory history) internal view virtual returns (uint256 lowest, uint256 highest) {
        (lowest, highest) = history.hour.limits(MAX_RATIO_HOUR);
        (uint256 lowestOfDay, uint256 highestOfDay) = history.day.limits(MAX_RATIO_DAY);
        return (Math.max(lowest, lowestOfDay), Math.min(highest, highestOfDay));
    }

    /// @dev F3: how far one post may move a slice: its doubt s(t).
    function _doubt(SviSlice slice) internal view virtual returns (uint256) {
        // √(seconds / 3600) in WAD.
        uint256 rootHours = Sqrt.sqrt(((block.timestamp - slice.postedAt()) * 1e36) / 1 hours);
        return slice.spread() + (SPREAD_PER_ROOT_HOUR * rootHours) / WAD;
    }

    /// @dev F3: the greatest difference of volatility, WAD, at 17 strikes to five deviations on both sides.
    function _move(SviSlice from, SviSlice to, uint256 secondsToExpiry) internal view virtual returns (uint256 move) {
        uint256 wider = Math.max(from.atTheMoneyVolatility(), to.atTheMoneyVolatility());
        int256 deviationQ96 = int256((wider * Sqrt.sqrt((secondsToExpiry << 192) / YEAR)) / WAD);
        for (uint256 i; i < POINTS; ++i) {
            // 0, then both sides of each distance.
            int256 k =
                i == 0 ? int256(0) : (deviationQ96 * int256((HALF_DEVIATIONS >> (8 * ((i - 1) / 2))) & 0xff)) / 2;
            if (i % 2 == 0) k = -k;
            uint256 one = from.volatility(k);
            uint256 other = to.volatility(k);
            move = Math.max(move, one > other ? one - other : other - one);
        }
    }

    /// @dev F3: when the slice may move again.
    function _earliest(History memory history) internal view virtual returns (uint256) {
        return history.movedAt + MIN_INTERVAL;
    }

    /// @dev F3: a post that was not accepted whole leaves its mark.
    function _isMarked(uint256 share) internal view virtual returns (bool) {
        return share < WHOLE;
    }

    /// @dev F3.
    function _isStale(uint256 postedAt) internal view virtual returns (bool) {
        return block.timestamp > postedAt + heartbeat;
    }

    /// @dev F4: k = ln(strike / forward).
    function _logMoneyness(uint256 strike, uint256 forward) internal view virtual returns (int256) {
        if (strike == 0 || strike > MAX_PRICE) revert PriceOutOfRange(strike);
        if (forward == 0 || forward > MAX_PRICE) revert PriceOutOfRange(forward);
        return Ln.ratio(strike, forward);
    }

    // ---------------------------------------------------------------- judging a post

    /// @dev Checks each slice on its own and gathers what the limits need.
    function _draft(Post[] calldata posts, uint256[] memory live) private view returns (Draft[] memory drafts) {
        uint256 count = posts.length;
        if (count == 0) revert EmptyPost();
        (uint256 lowest, uint256 highest) = _fence();
        drafts = new Draft[](count);
        uint256 previous;
        uint256 place;
        for (uint256 i; i < count; ++i) {
            uint256 expiry = posts[i].expiry;
            if (i > 0 && expiry <= previous) revert ExpiriesNotAscending(expiry, previous);
            previous = expiry;
            if (expiry <= block.timestamp) revert ExpiryOutOfRange(expiry, block.timestamp);
            while (place < live.length && live[place] < expiry) ++place;
            if (place == live.length || live[place] != expiry) revert ExpiryNotLive(expiry);
            Draft memory draft = drafts[i];
            draft.place = place;
            draft.secondsToExpiry = expiry - block.timestamp;
            draft.target = _checkedSlice(posts[i], draft.secondsToExpiry);
            _requireLevel(expiry, draft.target.atTheMoneyVolatility(), lowest, highest);
            draft.history = _histories[expiry];
            SviSlice stored = _slices[expiry];
            if (_isEmpty(stored)) continue;
            draft.doubt = _doubt(stored);
            draft.history = _rolled(draft.history, stored);
            (draft.lowest, draft.highest) = _speedLimits(draft.history);
        }
    }

    /// @dev What realised volatility allows at the money.
    function _fence() private view returns (uint256 lowest, uint256 highest) {
        (uint256 value, uint256 asOf) = realised.realisedVolatility();
        uint256 oldest = block.timestamp - MAX_REALISED_AGE;
        if (asOf < oldest) revert RealisedVolatilityStale(asOf, oldest);
        return ((value * MIN_OF_REALISED) / WAD, (value * MAX_OF_REALISED) / WAD);
    }

    /// @dev The slice as it will lie in its slot, with the time and the volatility at the money that we put there.
    function _checkedSlice(Post calldata p, uint256 secondsToExpiry) private view returns (SviSlice slice) {
        if (p.spread < MIN_SPREAD || p.spread > MAX_SPREAD) {
            revert SpreadOutOfRange(p.expiry, p.spread, MIN_SPREAD, MAX_SPREAD);
        }
        slice = _withLevel(Svi.Fields(p.a, p.b, p.rho, p.m, p.sigma, uint32(block.timestamp), 0, p.spread));
        (Svi.Violation violation, int256 kQ96) = _violation(slice, secondsToExpiry);
        if (violation == Svi.Violation.Correlation) revert CorrelationOutOfRange(p.expiry, p.rho);
        if (violation == Svi.Violation.Curvature) revert NoCurvature(p.expiry);
        if (violation == Svi.Violation.Minimum) revert VarianceNotPositive(p.expiry);
        if (violation == Svi.Violation.WingSlope) revert WingTooSteep(p.expiry);
        if (violation == Svi.Violation.Butterfly) revert ButterflyArbitrage(p.expiry, kQ96);
    }

    function _requireNoCalendarArbitrage(
        uint256[] memory live,
        SviSlice[] memory before,
        SviSlice[] memory next
    ) private view {
        (Svi.Violation violation, uint256 near, uint256 far, int256 kQ96) = _findCalendarArbitrage(live, before, next);
        if (violation == Svi.Violation.Calendar) revert CalendarArbitrage(near, far, kQ96);
        if (violation == Svi.Violation.CalendarWing) revert CalendarWingArbitrage(near, far);
    }

    /// @dev Looks at neighbours, of those that have a slice and lie ahead, of which one changes.
    function _findCalendarArbitrage(
        uint256[] memory live,
        SviSlice[] memory before,
        SviSlice[] memory next
    ) private view returns (Svi.Violation violation, uint256 near, uint256 far, int256 kQ96) {
        uint256 last = live.length;
        for (uint256 i; i < live.length; ++i) {
            if (_isEmpty(next[i]) || live[i] <= block.timestamp) continue;
            if (last != live.length && (_differ(before[i], next[i]) || _differ(before[last], next[last]))) {
                (violation, kQ96) = _calendarViolation(
                    next[last],
                    live[last] - block.timestamp,
                    next[i],
                    live[i] - block.timestamp
                );
                if (violation != Svi.Violation.None) return (violation, live[last], live[i], kQ96);
            }
            last = i;
        }
    }

    /// @dev 256 when the post keeps all limits, else the largest share found that keeps them and all checks.
    function _permittedShare(
        Draft[] memory drafts,
        uint256[] memory live,
        SviSlice[] memory before
    ) private view returns (uint256 share) {
        share = WHOLE;
        for (uint256 i; i < drafts.length; ++i) {
            Draft memory draft = drafts[i];
            SviSlice stored = before[draft.place];
            if (_isEmpty(stored)) continue;
            uint256 move = _move(stored, draft.target, draft.secondsToExpiry);
            uint256 earliest = _earliest(draft.history);
            if (block.timestamp < earliest) {
                if (move <= draft.doubt) revert PostTooSoon(live[draft.place], earliest, block.timestamp);
                share = 0;
            }
            share = Math.min(share, _shareWithin(draft.doubt, move));
            share = Math.min(share, _shareOfLevel(draft, stored));
        }
        if (share == WHOLE) return share;
        for (uint256 i; i < TRIES && share != 0; ++i) {
            if (_isPermitted(drafts, live, before, share)) return share;
            share /= 2;
        }
        return 0;
    }

    /// @dev The share by which the volatility at the money stays within the limits of hour and day.
    function _shareOfLevel(Draft memory draft, SviSlice stored) private pure returns (uint256) {
        uint256 from = stored.atTheMoneyVolatility();
        uint256 to = draft.target.atTheMoneyVolatility();
        if (to > draft.highest) return _shareWithin(Math.saturatingSub(draft.highest, from), to - from);
        if (to < draft.lowest) return _shareWithin(Math.saturatingSub(from, draft.lowest), from - to);
        return WHOLE;
    }

    /// @dev All of it, or a 16th less than the quotient.
    function _shareWithin(uint256 allowed, uint256 wanted) private pure returns (uint256) {
        return wanted <= allowed ? WHOLE : (WHOLE * 15 * allowed) / (16 * wanted);
    }

    function _isPermitted(
        Draft[] memory drafts,
        uint256[] memory live,
        SviSlice[] memory before,
        uint256 share
    ) private view returns (bool) {
        SviSlice[] memory next = _blend(drafts, before, share);
        for (uint256 i; i < drafts.length; ++i) {
            Draft memory draft = drafts[i];
            SviSlice slice = next[draft.place];
            if (_isEmpty(slice)) continue;
            uint256 level = slice.atTheMoneyVolatility();
            if (level < draft.lowest || level > draft.highest) return false;
            if (_move(before[draft.place], slice, draft.secondsToExpiry) > draft.doubt) return false;
            (Svi.Violation violation, ) = _violation(slice, draft.secondsToExpiry);
            if (violation != Svi.Violation.None) return false;
        }
        (Svi.Violation calendar, , , ) = _findCalendarArbitrage(live, before, next);
        return calendar == Svi.Violation.None;
    }

    /// @dev The surface after `share` of the way. A first post goes the whole way or not at all; a slice that does not
    ///      arrive keeps its spread and its time.
    function _blend(
        Draft[] memory drafts,
        SviSlice[] memory before,
        uint256 share
    ) private pure returns (SviSlice[] memory next) {
        next = new SviSlice[](before.length);
        for (uint256 i; i < before.length; ++i) next[i] = before[i];
        if (share == 0) return next;
        for (uint256 i; i < drafts.length; ++i) {
            uint256 place = drafts[i].place;
            if (share == WHOLE) next[place] = drafts[i].target;
            else if (!_isEmpty(before[place])) next[place] = _between(before[place], drafts[i].target, share);
        }
    }

    function _between(SviSlice from, SviSlice to, uint256 share) private pure returns (SviSlice) {
        Svi.Fields memory f = from.unpack();
        Svi.Fields memory t = to.unpack();
        int256 part = int256(share);
        int256 whole = int256(WHOLE);
        // Between two values of a type lies a value of it.
        f.a += int40(((int256(t.a) - f.a) * part) / whole);
        f.rho += int24(((int256(t.rho) - f.rho) * part) / whole);
        f.m += int32(((int256(t.m) - f.m) * part) / whole);
        f.b = uint48(uint256(int256(uint256(f.b)) + ((int256(uint256(t.b)) - int256(uint256(f.b))) * part) / whole));
        f.sigma = uint32(
            uint256(int256(uint256(f.sigma)) + ((int256(uint256(t.sigma)) - int256(uint256(f.sigma))) * part) / whole)
        );
        return _withLevel(f);
    }

    // ---------------------------------------------------------------- storing

    function _store(Draft[] memory drafts, uint256[] memory live, SviSlice[] memory next, uint256 share) private {
        for (uint256 i; i < drafts.length; ++i) {
            Draft memory draft = drafts[i];
            uint256 expiry = live[draft.place];
            SviSlice slice = next[draft.place];
            if (_isEmpty(slice)) continue; // a first post that waits
            History memory history = draft.history;
            if (share != 0) {
                uint256 level = slice.atTheMoneyVolatility();
                bool isFirst = history.movedAt == 0;
                history.hour = isFirst ? VolatilityWindows.open(block.timestamp, level) : history.hour.include(level);
                history.day = isFirst ? VolatilityWindows.open(block.timestamp, level) : history.day.include(level);
                history.movedAt = uint32(block.timestamp);
                _slices[expiry] = slice;
            }
            history.clamped = _isMarked(share);
            _histories[expiry] = history;
            emit SlicePosted(expiry, slice, share);
        }
        _summarise();
    }

    function _summarise() private {
        uint256 count = _expiries.length;
        uint256 oldest;
        uint256 highest;
        uint32 clamped;
        for (uint256 i; i < count; ++i) {
            uint256 expiry = _expiries[i];
            // One that is over cannot be posted again: it must not close the others for ever.
            if (expiry <= block.timestamp) continue;
            SviSlice slice = _slices[expiry];
            uint256 postedAt = slice.postedAt();
            highest = Math.max(highest, slice.atTheMoneyVolatility());
            if (postedAt != 0 && (oldest == 0 || postedAt < oldest)) oldest = postedAt;
            if (_histories[expiry].clamped) ++clamped;
        }
        _summary = Summary(uint32(oldest), clamped, _summary.posts + 1, uint128(highest));
    }

    // ---------------------------------------------------------------- internal

    function _posted(uint256 expiry) private view returns (SviSlice slice) {
        slice = _slices[expiry];
        if (_isEmpty(slice)) revert NotPosted(expiry);
    }

    function _totalVarianceQ96(uint256 expiry, uint256 strike, uint256 forward) private view returns (uint256) {
        uint256 varianceQ96 = uint256(_posted(expiry).variance(_logMoneyness(strike, forward)));
        return (varianceQ96 * Math.saturatingSub(expiry, block.timestamp)) / YEAR;
    }

    /// @dev The windows brought to now; what is stored has held since.
    function _rolled(History memory history, SviSlice stored) private view returns (History memory) {
        uint256 level = stored.atTheMoneyVolatility();
        history.hour = history.hour.roll(1 hours, level, block.timestamp);
        history.day = history.day.roll(1 days, level, block.timestamp);
        return history;
    }

    /// @dev Nobody names the volatility at the money but we.
    function _withLevel(Svi.Fields memory fields) private pure returns (SviSlice) {
        uint256 level = Svi.pack(fields).volatility(0) / 1e12;
        // A post that does not fit is far above every bound.
        fields.atTheMoneyVolatility = uint32(Math.min(level, type(uint32).max));
        return Svi.pack(fields);
    }

    function _differ(SviSlice one, SviSlice other) private pure returns (bool) {
        return SviSlice.unwrap(one) != SviSlice.unwrap(other);
    }

    function _isEmpty(SviSlice slice) private pure returns (bool) {
        return SviSlice.unwrap(slice) == 0;
    }
}
