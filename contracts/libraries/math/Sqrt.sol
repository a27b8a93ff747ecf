// SPDX-License-Identifier: MIT
pragma solidity ^0.8.31;

/// @title Square root of an integer
/// @notice `sqrt(n * 2^192)` of a number in Q96 is its root in Q96.
library Sqrt {
    /// @notice Square root of `n`, relative error below 2^-76, never more than one below the integer root.
    /// @dev The seed is the power of two next to the root: within a factor of sqrt(2), so that five Newton steps reach
    ///      .42, 6e-2, 1.7e-3, 1.5e-6, 1.1e-12, 6e-25. There is no branch and no loop. The root of 0 is 0.
    function sqrt(uint256 n) internal pure returns (uint256 root) {
        assembly ("memory-safe") {
            root := shl(shr(1, sub(256, clz(n))), 1)
            root := shr(1, add(root, div(n, root)))
            root := shr(1, add(root, div(n, root)))
            root := shr(1, add(root, div(n, root)))
            root := shr(1, add(root, div(n, root)))
            root := shr(1, add(root, div(n, root)))
        }
    }
}
