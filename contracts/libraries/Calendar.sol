// SPDX-License-Identifier: MIT
pragma solidity ^0.8.31;

import {DateTimeLib} from "solady/src/utils/DateTimeLib.sol";

/// @title When options expire: Fridays at 08:00 UTC
/// @notice Every Friday within five weeks, beyond that the last one of a month. Few expiries gather liquidity, and one
///         time of day is one settlement.
library Calendar {
    uint256 internal constant TIME_OF_DAY = 8 hours;
    /// @notice How far ahead any Friday will do.
    uint256 internal constant WEEKLY_HORIZON = 5 weeks;
    /// @dev 1 January 1970 was a Thursday.
    uint256 private constant FIRST_FRIDAY = 1 days;

    /// @notice Whether `expiry` may be listed at `now_`, both Unix seconds; it may also lie in the past.
    function isExpiry(uint256 expiry, uint256 now_) internal pure returns (bool) {
        if (expiry < FIRST_FRIDAY + TIME_OF_DAY || expiry % 1 weeks != FIRST_FRIDAY + TIME_OF_DAY) return false;
        return expiry <= now_ + WEEKLY_HORIZON || isLastOfMonth(expiry);
    }

    /// @notice Whether a week later is another month.
    function isLastOfMonth(uint256 expiry) internal pure returns (bool) {
        (, uint256 month, ) = DateTimeLib.timestampToDate(expiry);
        (, uint256 monthNextWeek, ) = DateTimeLib.timestampToDate(expiry + 1 weeks);
        return month != monthNextWeek;
    }

    /// @notice The first expiry later than `time`.
    function nextExpiry(uint256 time) internal pure returns (uint256) {
        uint256 week = 1 weeks;
        uint256 offset = FIRST_FRIDAY + TIME_OF_DAY;
        if (time < offset) return offset;
        return ((time - offset) / week + 1) * week + offset;
    }

    /// @notice The first last Friday of a month later than `time`.
    function nextMonthEnd(uint256 time) internal pure returns (uint256 expiry) {
        expiry = nextExpiry(time);
        while (!isLastOfMonth(expiry)) expiry += 1 weeks;
    }
}
