// SPDX-License-Identifier: MIT
pragma solidity ^0.8.31;

/// @notice The extremes of a volatility over the last two blocks of time: this one's and the one's before it.
///         Bits 0-31: start of this block, Unix seconds. 32-47 low, 48-63 high, 64-79 low and 80-95 high of the block
///         before; uint16, 1e-4, low rounded down and high up.
type VolatilityWindow is uint96;

using VolatilityWindows for VolatilityWindow global;

/// @title How far a volatility may go within an hour, or a day
/// @notice Two blocks of a length always cover the last such length. A volatility that stays within `ratio` of both
///         extremes of both blocks therefore never moves by more than that ratio within the length: not in steps, not
///         there and back, not across the border of a block. It can be refused a little early, never late.
library VolatilityWindows {
    uint256 private constant WAD = 1e18;
    uint256 private constant UNIT = 1e14;
    uint256 private constant START_MASK = type(uint32).max;

    /// @notice A window that has seen one volatility.
    function open(uint256 timestamp, uint256 volatility) internal pure returns (VolatilityWindow) {
        (uint256 low, uint256 high) = (volatility / UNIT, _ceilDiv(volatility));
        return _pack(timestamp, low, high, low, high);
    }

    /// @notice Brings the window to `timestamp`; `volatility` is what has held since the last change.
    function roll(
        VolatilityWindow window,
        uint256 length,
        uint256 volatility,
        uint256 timestamp
    ) internal pure returns (VolatilityWindow) {
        uint256 word = VolatilityWindow.unwrap(window);
        uint256 start = word & START_MASK;
        uint256 blocks = (timestamp - start) / length;
        if (blocks == 0) return window;
        (uint256 low, uint256 high) = (volatility / UNIT, _ceilDiv(volatility));
        start += blocks * length;
        if (blocks == 1) return _pack(start, low, high, uint16(word >> 32), uint16(word >> 48));
        return _pack(start, low, high, low, high);
    }

    /// @notice The volatilities, WAD, that stay within `ratio` (WAD, above 1) of everything the window has seen.
    function limits(VolatilityWindow window, uint256 ratio) internal pure returns (uint256 lowest, uint256 highest) {
        uint256 word = VolatilityWindow.unwrap(window);
        (uint256 low, uint256 high) = (uint16(word >> 32), uint16(word >> 48));
        (uint256 lastLow, uint256 lastHigh) = (uint16(word >> 64), uint16(word >> 80));
        lowest = ((high > lastHigh ? high : lastHigh) * UNIT * WAD) / ratio;
        highest = ((low < lastLow ? low : lastLow) * UNIT * ratio) / WAD;
    }

    /// @notice The window after the volatility changed to this.
    function include(VolatilityWindow window, uint256 volatility) internal pure returns (VolatilityWindow) {
        uint256 word = VolatilityWindow.unwrap(window);
        (uint256 low, uint256 high) = (uint16(word >> 32), uint16(word >> 48));
        (uint256 down, uint256 up) = (volatility / UNIT, _ceilDiv(volatility));
        return
            _pack(
                word & START_MASK,
                down < low ? down : low,
                up > high ? up : high,
                uint16(word >> 64),
                uint16(word >> 80)
            );
    }

    function _pack(
        uint256 start,
        uint256 low,
        uint256 high,
        uint256 lastLow,
        uint256 lastHigh
    ) private pure returns (VolatilityWindow) {
        // Volatilities up to 655 % fit; the surface posts none above 300 %.
        return VolatilityWindow.wrap(uint96(start | (low << 32) | (high << 48) | (lastLow << 64) | (lastHigh << 80)));
    }

    function _ceilDiv(uint256 volatility) private pure returns (uint256) {
        return (volatility + UNIT - 1) / UNIT;
    }
}
