// SPDX-License-Identifier: MIT
pragma solidity ^0.8.31;

/// @notice What the fuzz tests of the mathematics need and no more: ranges, and assertions that print their figures.
abstract contract MathTest {
    error NotEqual(uint256 actual, uint256 expected, string what);
    error NotClose(int256 actual, int256 expected, uint256 tolerance, string what);
    error NotAtMost(int256 actual, int256 limit, string what);
    error NotReverted(bytes call);
    error OtherRevert(bytes actual, bytes expected);

    /// @dev Folds a fuzzed number into [low, high], keeping the boundaries reachable.
    function _bound(uint256 x, uint256 low, uint256 high) internal pure returns (uint256) {
        if (x >= low && x <= high) return x;
        uint256 span = high - low;
        if (span == type(uint256).max) return x;
        return low + (x % (span + 1));
    }

    function _bound(int256 x, int256 low, int256 high) internal pure returns (int256) {
        unchecked {
            return low + int256(_bound(uint256(x), 0, uint256(high - low)));
        }
    }

    /// @dev A fuzzed number spread evenly over the orders of magnitude between 2^lowBits and 2^highBits.
    function _logBound(uint256 x, uint256 lowBits, uint256 highBits) internal pure returns (uint256) {
        uint256 bits = lowBits + ((x >> 248) % (highBits - lowBits));
        return (1 << bits) | (x & ((1 << bits) - 1));
    }

    function _assertEqual(uint256 actual, uint256 expected, string memory what) internal pure {
        if (actual != expected) revert NotEqual(actual, expected, what);
    }

    function _assertEqual(int256 actual, int256 expected, string memory what) internal pure {
        if (actual != expected) revert NotClose(actual, expected, 0, what);
    }

    function _assertClose(int256 actual, int256 expected, uint256 tolerance, string memory what) internal pure {
        if (_distance(actual, expected) > tolerance) revert NotClose(actual, expected, tolerance, what);
    }

    function _assertClose(uint256 actual, uint256 expected, uint256 tolerance, string memory what) internal pure {
        _assertClose(int256(actual), int256(expected), tolerance, what);
    }

    function _assertAtMost(int256 actual, int256 limit, string memory what) internal pure {
        if (actual > limit) revert NotAtMost(actual, limit, what);
    }

    function _assertAtMost(uint256 actual, uint256 limit, string memory what) internal pure {
        if (actual > limit) revert NotAtMost(int256(actual), int256(limit), what);
    }

    /// @dev Calls this contract and compares the revert data byte by byte: selector and arguments.
    function _expectRevert(bytes memory call, bytes memory expected) internal view {
        (bool success, bytes memory actual) = address(this).staticcall(call);
        if (success) revert NotReverted(call);
        if (keccak256(actual) != keccak256(expected)) revert OtherRevert(actual, expected);
    }

    function _distance(int256 a, int256 b) internal pure returns (uint256) {
        return a > b ? uint256(a - b) : uint256(b - a);
    }
}
