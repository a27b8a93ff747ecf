// SPDX-License-Identifier: MIT
pragma solidity ^0.8.31;

import {Calendar} from "../../contracts/libraries/Calendar.sol";
import {MathTest} from "./MathTest.sol";

/// @notice The calendar against one that counts days from 1 January 1970, a Thursday, year by year and month by month.
contract CalendarTest is MathTest {
    uint256 private constant DAY = 1 days;
    uint256 private constant WEEK = 1 weeks;
    /// @dev 1 January 2400: a whole cycle of 400 years lies before, and every rule of leap years in it.
    uint256 private constant LAST = 13_569_465_600;

    function test_Reference_KnowsDatesThatAnyCalendarShows() public pure {
        _assertDate(0, 1970, 1, 1);
        _assertDate(951_782_400, 2000, 2, 29); // a leap year, although a hundredth
        _assertDate(1_767_225_600, 2026, 1, 1);
        _assertDate(1_835_395_200, 2028, 2, 29);
        _assertDate(4_107_542_400, 2100, 3, 1); // none, and so the day after 28 February
        _assertDate(4_107_542_400 - DAY, 2100, 2, 28);
        _assertDate(LAST, 2400, 1, 1);
    }

    function test_IsExpiry_KnowsTheExpiriesOf2026() public pure {
        // 2 January 2026, 08:00 UTC, a Friday.
        uint256 first = 1_767_340_800;
        // Last Fridays: 30 Jan, 27 Feb, 27 Mar, 24 Apr, 29 May, 26 Jun, 31 Jul, 28 Aug, 25 Sep, 30 Oct, 27 Nov, 25 Dec.
        uint256 lastFridays = _weeks([uint256(4), 8, 12, 16, 21, 25, 30, 34, 38, 43, 47, 51]);
        for (uint256 week; week < 52; ++week) {
            bool isLast = (lastFridays >> week) & 1 == 1;
            _assertEqual(Calendar.isLastOfMonth(first + week * WEEK), isLast, "last Friday");
            _assertEqual(Calendar.isExpiry(first + week * WEEK, 0), isLast, "far ahead");
            _assertEqual(Calendar.isExpiry(first + week * WEEK, first), isLast || week <= 5, "from the first");
        }
    }

    function testFuzz_IsExpiry_AgreesWithTheReference(uint256 x, uint256 y, uint256 z) public pure {
        uint256 expiry = _bound(x, 0, LAST);
        // Two in three are Fridays at 08:00, or a second beside.
        if (z % 3 != 0) expiry = (expiry / WEEK) * WEEK + DAY + 8 hours + ((z >> 8) % 8 == 0 ? 1 : 0);
        // Today is anywhere, or at the edge of the five weeks.
        uint256 now_ = _bound(y, 0, LAST);
        if (z % 2 == 0 && expiry > 5 * WEEK) now_ = expiry - 5 * WEEK + ((z >> 16) % 3) - 1;
        _assertEqual(Calendar.isExpiry(expiry, now_), _isExpiry(expiry, now_), "isExpiry");
    }

    function test_IsExpiry_AFridayIsAllowedFromExactlyFiveWeeksAhead() public pure {
        uint256 friday = 1_768_550_400; // 16 January 2026: not the last of its month
        _assertEqual(Calendar.isExpiry(friday, friday - 5 * WEEK - 1), false, "a second too early");
        _assertEqual(Calendar.isExpiry(friday, friday - 5 * WEEK), true, "five weeks");
        _assertEqual(Calendar.isExpiry(friday, friday - 5 * WEEK + 1), true, "less");
        _assertEqual(Calendar.isExpiry(friday, friday), true, "now");
        _assertEqual(Calendar.isExpiry(friday, friday + 1000 * WEEK), true, "long past");
        _assertEqual(Calendar.isExpiry(friday + 1, friday), false, "a second late");
        _assertEqual(Calendar.isExpiry(friday - 1, friday), false, "a second early");
        _assertEqual(Calendar.isExpiry(friday - DAY, friday), false, "a Thursday");
        _assertEqual(Calendar.isExpiry(friday + 12 hours, friday), false, "in the evening");
    }

    function test_IsExpiry_NothingLiesBeforeTheFirstFriday() public pure {
        _assertEqual(Calendar.isExpiry(0, 0), false, "0");
        _assertEqual(Calendar.isExpiry(DAY + 8 hours - 1, 0), false, "before");
        _assertEqual(Calendar.isExpiry(DAY + 8 hours, 0), true, "2 January 1970");
    }

    function testFuzz_IsLastOfMonth_AgreesWithTheReference(uint256 x) public pure {
        uint256 friday = (_bound(x, 0, LAST) / WEEK) * WEEK + DAY + 8 hours;
        _assertEqual(Calendar.isLastOfMonth(friday), _isLastOfMonth(friday), "isLastOfMonth");
    }

    function test_IsLastOfMonth_FebruaryEndsAsItsYearSays() public pure {
        _assertEqual(Calendar.isLastOfMonth(_at(2024, 2, 23)), true, "the 29th is a Thursday");
        _assertEqual(Calendar.isLastOfMonth(_at(2008, 2, 22)), false, "the 29th is a Friday");
        _assertEqual(Calendar.isLastOfMonth(_at(2008, 2, 29)), true, "the 29th itself");
        _assertEqual(Calendar.isLastOfMonth(_at(2036, 2, 22)), false, "a leap year with five Fridays");
        _assertEqual(Calendar.isLastOfMonth(_at(2036, 2, 29)), true, "its fifth");
        _assertEqual(Calendar.isLastOfMonth(_at(2100, 2, 26)), true, "2100 has 28 days");
        _assertEqual(Calendar.isLastOfMonth(_at(2026, 12, 25)), true, "the year turns");
        _assertEqual(Calendar.isLastOfMonth(_at(2027, 12, 24)), false, "not yet");
        _assertEqual(Calendar.isLastOfMonth(_at(2027, 12, 31)), true, "the last day of a year");
    }

    function testFuzz_NextExpiry_IsTheFirstFridayAtEightAfter(uint256 x, uint256 z) public pure {
        uint256 time = _bound(x, 0, LAST);
        // Half of them within a second of an expiry.
        if (z % 2 == 0) time = (time / WEEK) * WEEK + DAY + 8 hours - 1 + ((z >> 8) % 3);
        uint256 next = Calendar.nextExpiry(time);
        _assertEqual(_isFridayAtEight(next), true, "a Friday at 08:00");
        _assertAtMost(time + 1, next, "later");
        _assertAtMost(next, time + WEEK < DAY + 8 hours ? DAY + 8 hours : time + WEEK, "the first");
    }

    function testFuzz_NextMonthEnd_IsTheFirstLastFridayAfter(uint256 x, uint256 z) public pure {
        uint256 time = _bound(x, 0, LAST);
        if (z % 2 == 0) time = Calendar.nextMonthEnd(time) - 1 + ((z >> 8) % 3);
        uint256 next = Calendar.nextMonthEnd(time);
        _assertAtMost(time + 1, next, "later");
        _assertEqual(_isFridayAtEight(next) && _isLastOfMonth(next), true, "a last Friday");
        for (uint256 friday = Calendar.nextExpiry(time); friday < next; friday += WEEK) {
            _assertEqual(_isLastOfMonth(friday), false, "one was left out");
        }
    }

    /// @dev Each year has twelve, each within its month.
    function test_NextMonthEnd_GivesTwelveAYear() public pure {
        uint256 time = _at(2000, 1, 1);
        for (uint256 i; i < 12 * 400; ++i) {
            time = Calendar.nextMonthEnd(time);
            (uint256 year, uint256 month, ) = _date(time);
            _assertEqual(year, 2000 + i / 12, "year");
            _assertEqual(month, (i % 12) + 1, "month");
        }
    }

    // ---------------------------------------------------------------- the reference

    function _isExpiry(uint256 time, uint256 now_) private pure returns (bool) {
        if (!_isFridayAtEight(time)) return false;
        return time <= now_ + 35 * DAY || _isLastOfMonth(time);
    }

    function _isFridayAtEight(uint256 time) private pure returns (bool) {
        // Counted from Thursday, 1 January 1970.
        return (time / DAY) % 7 == 1 && time % DAY == 8 * 3600;
    }

    function _isLastOfMonth(uint256 time) private pure returns (bool) {
        (uint256 year, uint256 month, uint256 day) = _date(time);
        return day + 7 > _daysIn(year, month);
    }

    function _date(uint256 time) private pure returns (uint256 year, uint256 month, uint256 day) {
        uint256 left = time / DAY;
        for (year = 1970; left >= _daysInYear(year); ++year) left -= _daysInYear(year);
        for (month = 1; left >= _daysIn(year, month); ++month) left -= _daysIn(year, month);
        day = left + 1;
    }

    function _at(uint256 year, uint256 month, uint256 day) private pure returns (uint256 time) {
        uint256 count = day - 1;
        for (uint256 y = 1970; y < year; ++y) count += _daysInYear(y);
        for (uint256 m = 1; m < month; ++m) count += _daysIn(year, m);
        return count * DAY + 8 hours;
    }

    function _daysInYear(uint256 year) private pure returns (uint256) {
        return _isLeap(year) ? 366 : 365;
    }

    function _daysIn(uint256 year, uint256 month) private pure returns (uint256) {
        if (month == 2) return _isLeap(year) ? 29 : 28;
        return month == 4 || month == 6 || month == 9 || month == 11 ? 30 : 31;
    }

    function _isLeap(uint256 year) private pure returns (bool) {
        if (year % 400 == 0) return true;
        return year % 4 == 0 && year % 100 != 0;
    }

    function _assertDate(uint256 time, uint256 year, uint256 month, uint256 day) private pure {
        (uint256 y, uint256 m, uint256 d) = _date(time);
        _assertEqual(y * 10_000 + m * 100 + d, year * 10_000 + month * 100 + day, "date");
    }

    function _assertEqual(bool actual, bool expected, string memory what) private pure {
        _assertEqual(uint256(actual ? 1 : 0), uint256(expected ? 1 : 0), what);
    }

    function _weeks(uint256[12] memory numbers) private pure returns (uint256 bits) {
        for (uint256 i; i < numbers.length; ++i) bits |= 1 << numbers[i];
    }
}
