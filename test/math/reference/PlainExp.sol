// SPDX-License-Identifier: MIT
pragma solidity ^0.8.31;

/// @notice The exponential of `Exp`, step by step in checked Solidity: a sum that would wrap reverts here.
library PlainExp {
    function parts(int256 xQ96) internal pure returns (uint256 mantissaQ128, int256 exponent) {
        exponent = _shiftDown(2 ** 190 + 0xb8aa3b295c17f0bbbe87fed0 * xQ96, 191);
        int256 r = xQ96 - 0xb17217f7d1cf79abc9e3b398 * exponent;
        int256 u = (r * r) / 2 ** 128;
        int256 c = u * 0xb1b42997c7 - 0x1bbd3f6dcc72ff8e22fdd1acc313;
        c = _shiftDown(0x4559aab81f92e5a55ec582e426ffa710b4c19f558ad54 + u * c, 128);
        c = u * c - 0xb60b60b5f237ce9baecb31aa5bc5cc;
        c = _shiftDown(0x2aaaaaaaaaaa6863166f2ab812c32f1445a1956809247121 + u * c, 128);
        c = _shiftDown(0x2000000000000001c4b265f28175ba80b + u * c, 32);
        mantissaQ128 = (uint256(c + r) * 2 ** 128) / uint256(c - r);
    }

    /// @dev Division by 2^bits that rounds down for negative numbers too.
    function _shiftDown(int256 x, uint256 bits) private pure returns (int256) {
        int256 unit = int256(2 ** bits);
        int256 quotient = x / unit;
        return quotient * unit > x ? quotient - 1 : quotient;
    }
}
