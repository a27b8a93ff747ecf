// SPDX-License-Identifier: MIT
pragma solidity ^0.8.31;

/// @notice The logarithm of `Ln`, step by step in checked Solidity: a sum that would wrap reverts here.
library PlainLn {
    uint256 private constant ONE_Q223 = 2 ** 223;

    function ratio(uint256 numerator, uint256 denominator) internal pure returns (int256) {
        int256 log2 = 0;
        uint256 scaled = numerator;
        while (scaled < 2 ** 221) {
            scaled *= 2;
            --log2;
        }
        uint256 m = scaled / denominator;
        log2 += 223;
        while (m * 0x16a09e668 < 2 ** 255) {
            m *= 2;
            --log2;
        }

        int256 one = int256(ONE_Q223);
        int256 t = ((int256(m) - one) * 2 ** 32) / ((int256(m) + one) / 2 ** 64);
        int256 u = (t * t) / 2 ** 128;
        return _shiftDown(t * _polynomial(u), 128) + log2 * 0xb17217f7d1cf79abc9e3b398;
    }

    function _polynomial(int256 u) private pure returns (int256 p) {
        p = 0x262a970b5dd4cb6e;
        p = 0x272c0eeaf785340079bbbfdaacedb25b + u * p;
        p = (0x2e8d240d224bc890cf107caefd2beb53b6485e8117277e2b + u * p) / 2 ** 128;
        p = 0x38e3882ebb7b3ea6d56182b852bdfa58 + u * p;
        p = (0x49249256de47557e4b3cf8541b1c3522c231d593530b98b2 + u * p) / 2 ** 128;
        p = 0x6666666655e0accb93e1d02e9726a173 + u * p;
        p = (0xaaaaaaaaaab39750e7cb341be7e0efb42db2e79a9c2b9a2e + u * p) / 2 ** 128;
        p = 0x1fffffffffffffe982cd50d935f136a10 + u * p;
    }

    /// @dev Division by 2^bits that rounds down for negative numbers too.
    function _shiftDown(int256 x, uint256 bits) private pure returns (int256) {
        int256 unit = int256(2 ** bits);
        int256 quotient = x / unit;
        return quotient * unit > x ? quotient - 1 : quotient;
    }
}
