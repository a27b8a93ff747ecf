// SPDX-License-Identifier: MIT
pragma solidity ^0.8.31;

/// @notice Integer square root by bisection of its bits, with checked arithmetic: exact, and slow.
library PlainSqrt {
    function sqrt(uint256 n) internal pure returns (uint256 root) {
        for (uint256 bit = 1 << 127; bit != 0; bit >>= 1) {
            if ((root | bit) ** 2 <= n) root |= bit;
        }
    }
}
