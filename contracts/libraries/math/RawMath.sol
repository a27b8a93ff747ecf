// SPDX-License-Identifier: MIT
pragma solidity ^0.8.31;

/// @title What the machine does in a few instructions and Solidity in branches
/// @notice None of these reverts. Division by 0 gives 0, as the machine defines it: the callers rely on that or know that
///         the divisor is not 0.
library RawMath {
    /// @notice x / y, rounded down.
    function div(uint256 x, uint256 y) internal pure returns (uint256 z) {
        assembly ("memory-safe") {
            z := div(x, y)
        }
    }

    /// @notice x / y for an unsigned y below 2^255, rounded towards 0.
    function sdiv(int256 x, uint256 y) internal pure returns (int256 z) {
        assembly ("memory-safe") {
            z := sdiv(x, y)
        }
    }

    /// @notice The smaller of the two.
    function min(uint256 x, uint256 y) internal pure returns (uint256 z) {
        assembly ("memory-safe") {
            z := xor(y, mul(xor(x, y), lt(x, y)))
        }
    }

    /// @notice Number of zero bits above the highest one; 256 for 0.
    function leadingZeros(uint256 x) internal pure returns (uint256 zeros) {
        assembly ("memory-safe") {
            zeros := clz(x)
        }
    }
}
